"""When the search ends. The only clock of the engine; `fraction` (0 to 1) tells the search how far it has come."""

from __future__ import annotations

import math
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


class Until:
    """From one point of time to another (seconds, monotonic)."""

    def __init__(self, begin: float, end: float) -> None:
        self._begin, self._end = begin, end

    def fraction(self, tries: int) -> float:
        now = time.monotonic()
        return 1.0 if now >= self._end else max(0.0, (now - self._begin) / (self._end - self._begin))


class Either:
    """As far as the tries have come, but over at once when the time or the patience ends."""

    def __init__(self, pace: Stop, *limits: Stop, interrupted: Callable[[], bool] = lambda: False) -> None:
        self._pace, self._limits, self._interrupted = pace, limits, interrupted

    def fraction(self, tries: int) -> float:
        if self._interrupted() or any(limit.fraction(tries) >= 1.0 for limit in self._limits):
            return 1.0
        return self._pace.fraction(tries)


class Budget:
    """What a whole run may take: tries, or seconds from `since` (monotonic) less a reserve for the answer, or both.

    Half of what is left is for the search, however long the answer may take on a slow machine. Less than 2 seconds
    count as 2; tries alone have no time limit; neither: 10 s.
    """

    def __init__(
        self,
        *,
        seconds: float | None,
        iterations: int | None,
        since: float,
        reserve: float,
        interrupted: Callable[[], bool],
    ) -> None:
        if iterations is None and seconds is None:
            seconds = DEFAULT_SECONDS
        self.iterations, self.interrupted = iterations, interrupted
        self._begin = time.monotonic()
        self._end = math.inf
        if seconds is not None:
            end = since + max(seconds, LEAST_SECONDS)
            self._end = max(end - reserve, (self._begin + end) / 2)

    def over(self) -> bool:
        return self.interrupted() or time.monotonic() >= self._end

    def part(self, begin: float, end: float, *, enough: Callable[[], bool] = lambda: False) -> Stop:
        """From one fraction of the whole to another; ends also when `enough` says so."""
        limit = Until(self._begin, self._end)
        if self.iterations is not None:
            tries = Iterations(round(self.iterations * end) - round(self.iterations * begin))
            return Either(tries, limit, interrupted=lambda: self.interrupted() or enough())
        span = self._end - self._begin
        pace = Until(self._begin + begin * span, self._begin + end * span)
        return Either(pace, interrupted=lambda: self.interrupted() or enough())
