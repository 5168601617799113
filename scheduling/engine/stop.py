"""When a search ends: rules of a few lines, asked between rounds of moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Stop(Protocol):
    def share(self) -> float:
        """How much of the budget is used, from 0 to 1; at 1 the search ends."""

    def tried(self, tries: int) -> None:
        """That many moves were tried since the last call."""


class Iterations:
    """After that many tried moves: the plan then depends on instance, seed and this number alone."""

    def __init__(self, iterations: int) -> None:
        self._wanted, self._done = max(1, iterations), 0

    def share(self) -> float:
        return min(1.0, self._done / self._wanted)

    def tried(self, tries: int) -> None:
        self._done += tries


class Deadline:
    """At an instant of the monotonic clock (seconds)."""

    def __init__(self, at: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._start, self._at = now, now(), at

    def share(self) -> float:
        length = self._at - self._start
        return 1.0 if length <= 0 else min(1.0, (self._now() - self._start) / length)

    def tried(self, tries: int) -> None:
        """Time passes by itself."""


class Asked:
    """When somebody asks for it: an interrupt."""

    def __init__(self) -> None:
        self.asked = False

    def share(self) -> float:
        return 1.0 if self.asked else 0.0

    def tried(self, tries: int) -> None:
        """Waits to be asked, however long it takes."""


class First:
    """Whichever of several rules is used up first."""

    def __init__(self, *rules: Stop) -> None:
        self._rules = rules

    def share(self) -> float:
        return max(rule.share() for rule in self._rules)

    def tried(self, tries: int) -> None:
        for rule in self._rules:
            rule.tried(tries)
