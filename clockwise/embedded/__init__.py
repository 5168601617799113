"""PostgreSQL and Valkey under one folder of the checkout, for demo, development and tests (decision 0003).

`join` starts or joins them and returns the environment under which everything else runs. Whoever uses them holds a
shared lock; the last to leave stops them.
"""

from clockwise.embedded.installation import InUse, clean, join

__all__ = ["InUse", "clean", "join"]
