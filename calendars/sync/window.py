"""The horizon: which part of a calendar is kept, and when it is listed anew because the days have moved on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from clockwise import clock

BEHIND = timedelta(days=35)
AHEAD = timedelta(days=28)
# A sync token freezes its window (SYNC finding 6). So it is listed this much further, and anew this often: on each
# day the next 28 are known, at a seventh of what a listing a day would cost.
ROUND = timedelta(days=7)
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """`[start, end)`, instants."""

    start: datetime
    end: datetime

    def holds(self, start: datetime, end: datetime) -> bool:
        return start < self.end and end > self.start


def horizon() -> Window:
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(today - BEHIND, today + AHEAD + ROUND + timedelta(days=1))


def is_outdated(calendar_id: UUID, listed_at: datetime | None) -> bool:
    """Whether the calendar's turn has come since it was last listed in full."""
    return listed_at is None or listed_at < _latest_turn(calendar_id)


def _latest_turn(calendar_id: UUID) -> datetime:
    """Each calendar has its own minute of the round, so that they don't all come at once."""
    own = EPOCH + ROUND * ((calendar_id.int & 0xFFFFFFFF) / 2**32)
    return own + ROUND * ((clock.now() - own) // ROUND)
