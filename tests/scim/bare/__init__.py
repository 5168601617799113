"""django-scim2 with the smallest sensible glue: what its documentation tells one to write, and nothing else.

The tests show six defects on it that ours doesn't have; the benchmark measures against it. It is Django settings of
its own, so it runs in a process of its own.
"""
