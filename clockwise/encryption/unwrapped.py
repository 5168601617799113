"""Unwrapped keys in this process's memory: few, for minutes, and not in its children."""

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from clockwise.encryption.envelope import DataKey

SECONDS = 300.0
_LIMIT = 4096

Name = TypeVar("Name")


class UnwrappedKeys(Generic[Name]):
    """Holds at most `limit` keys, each for at most `seconds` after it was put in."""

    def __init__(self, seconds: float = SECONDS, limit: int = _LIMIT) -> None:
        self._seconds = seconds
        self._limit = limit
        # In the order of expiry, since all live equally long.
        self._entries: dict[Name, tuple[float, DataKey]] = {}
        self._lock = threading.Lock()
        _all.add(self)

    def get(self, name: Name, *, lasting: float = 0) -> DataKey | None:
        """The key, if it is here for `lasting` more seconds."""
        entry = self._entries.get(name)
        return entry[1] if entry is not None and entry[0] > time.monotonic() + lasting else None

    def put(self, name: Name, key: DataKey) -> None:
        at = time.monotonic()
        with self._lock:
            self._entries.pop(name, None)
            self._entries[name] = (at + self._seconds, key)
            self._drop_the_first_while(lambda expires_at: expires_at <= at or len(self._entries) > self._limit)

    def forget(self, matches: Callable[[Name], bool]) -> None:
        with self._lock:
            for name in [name for name in self._entries if matches(name)]:
                del self._entries[name]

    def start_empty(self) -> None:
        """After a fork: another thread of the parent may have held the lock, and nobody is left to release it."""
        self._lock = threading.Lock()
        self._entries = {}

    def _drop_the_first_while(self, doomed: Callable[[float], bool]) -> None:
        while self._entries:
            name, (expires_at, _) = next(iter(self._entries.items()))
            if not doomed(expires_at):
                return
            del self._entries[name]


_all: weakref.WeakSet[UnwrappedKeys[Any]] = weakref.WeakSet()


def _start_all_empty() -> None:
    for keys in _all:
        keys.start_empty()


os.register_at_fork(after_in_child=_start_all_empty)
