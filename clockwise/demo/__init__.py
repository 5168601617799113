"""`make demo`: a company of forty on a Google of its own, from sign-in to a better week."""
