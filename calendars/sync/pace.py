"""When a calendar is looked at next, if nothing tells us sooner."""

import random
from datetime import datetime, timedelta

# Google's channels aren't wholly reliable, by its own words (SYNC P7): a calendar that is watched is polled too.
WATCHED = timedelta(hours=5)
SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=1)
PARKED = timedelta(hours=1)
MOST_DOUBLINGS = 5


def after_success(at: datetime, *, changed_at: datetime | None, is_watched: bool) -> datetime:
    """Without a channel: a quarter of the time for which the calendar has been quiet, between 5 and 60 minutes."""
    if is_watched:
        return at + _a_little_more(WATCHED)
    quiet = at - changed_at if changed_at else LONGEST
    return at + _a_little_more(min(max(quiet / 4, SHORTEST), LONGEST))


def after_failure(at: datetime, *, failures: int, retry_after: float | None, is_parked: bool) -> datetime:
    """1, 2, 4, ... 32 minutes; as long as Google asks for; an hour where a quota is used up.

    failures: how many in a row, this one included.
    """
    if is_parked:
        return at + _a_little_more(PARKED)
    backoff = _a_little_more(timedelta(minutes=2 ** min(failures - 1, MOST_DOUBLINGS)))
    return at + max(backoff, timedelta(seconds=retry_after or 0))


def scattered(at: datetime, interval: timedelta) -> datetime:
    """An interval from now, and up to a tenth of it more, so that what began together doesn't stay together."""
    return at + _a_little_more(interval)


def _a_little_more(interval: timedelta) -> timedelta:
    return interval * (1 + random.random() / 10)  # noqa: S311 - scatter, no secret
