"""SCIM 2.0 for identity providers, on django-scim2."""
