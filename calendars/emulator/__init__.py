"""A local Google for the demo and the tests: OAuth, Calendar v3, push. Spoken to over HTTP, never imported by the product."""
