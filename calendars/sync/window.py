"""The horizon: which part of a calendar is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clockwise import clock

BEHIND = timedelta(days=35)
AHEAD = timedelta(days=28)
# A sync token freezes its window (SYNC finding 6); after a day the horizon has moved on, and is listed anew.
OUTDATED = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """`[start, end)`, instants."""

    start: datetime
    end: datetime

    def holds(self, start: datetime, end: datetime) -> bool:
        return start < self.end and end > self.start


def horizon() -> Window:
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(today - BEHIND, today + AHEAD + timedelta(days=1))


def is_outdated(window_end: datetime | None) -> bool:
    return window_end is None or horizon().end - window_end >= OUTDATED
