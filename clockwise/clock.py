"""The clock: asked at the edges, set by tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_stopped_at: datetime | None = None


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _stopped_at or datetime.now(UTC)


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Let the clock stand still at `at`, an aware instant, for all threads (a test's web server is one)."""
    global _stopped_at
    if at.tzinfo is None:
        raise ValueError("The clock takes aware instants only.")
    before, _stopped_at = _stopped_at, at.astimezone(UTC)
    try:
        yield
    finally:
        _stopped_at = before
