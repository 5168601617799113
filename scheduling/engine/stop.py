"""When the search ends. The only clock of the engine; `fraction` (0 to 1) tells the search how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

DEFAULT_SECONDS = 10.0
LEAST_SECONDS = 2.0


class Stop(Protocol):
    def fraction(self, tries: int) -> float: ...


class Iterations:
    """After that many tries."""

    def __init__(self, most: int) -> None:
        if most < 0:
            raise ValueError("iterations must be at least 0")
        self._most = most

    def fraction(self, tries: int) -> float:
        return min(1.0, tries / self._most) if self._most else 1.0


class Seconds:
    """When the time is up that began at `since`, less what is kept in reserve for the answer (seconds, monotonic)."""

    def __init__(self, seconds: float, *, since: float, reserve: float) -> None:
        self._since = since
        self._begin = time.monotonic()
        self._end = since + seconds - reserve

    def fraction(self, tries: int) -> float:
        now = time.monotonic()
        return 1.0 if now >= self._end else (now - self._begin) / (self._end - self._begin)


class Either:
    """As far as the tries have come, but over at once when the time or the patience ends."""

    def __init__(self, pace: Stop, *limits: Stop, interrupted: Callable[[], bool] = lambda: False) -> None:
        self._pace, self._limits, self._interrupted = pace, limits, interrupted

    def fraction(self, tries: int) -> float:
        if self._interrupted() or any(limit.fraction(tries) >= 1.0 for limit in self._limits):
            return 1.0
        return self._pace.fraction(tries)


def rule(
    *, seconds: float | None, iterations: int | None, since: float, reserve: float, interrupted: Callable[[], bool]
) -> Stop:
    """Seconds count from `since`, less than 2 as 2; iterations alone have no time limit; neither: 10 s."""
    if iterations is None and seconds is None:
        seconds = DEFAULT_SECONDS
    limits = [] if seconds is None else [Seconds(max(seconds, LEAST_SECONDS), since=since, reserve=reserve)]
    if iterations is None:
        return Either(limits[0], interrupted=interrupted)
    return Either(Iterations(iterations), *limits, interrupted=interrupted)
