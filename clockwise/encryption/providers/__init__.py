"""Master keys: what wraps the keys of organizations and of the installation."""

from collections.abc import Mapping
from typing import Protocol


class MasterKey(Protocol):
    """`context` is authenticated: a key copied to another name doesn't unwrap.

    All raise KeyUnavailable (try again), KeyMissing (no such master key) or KeyRefused (not to be used).
    """

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes: ...

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes: ...

    def rewrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The same key wrapped by the newest master key; the very same bytes if it is that already."""
