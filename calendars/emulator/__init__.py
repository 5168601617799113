"""A local Google for demo and tests: OAuth, Calendar v3, push. Spoken to over HTTP, never imported by the product."""
