"""The clock: asked by all at the edges, set by tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_standing_at: datetime | None = None


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _standing_at or datetime.now(UTC)


@contextmanager
def travel(at: datetime) -> Iterator[None]:
    """Let the clock stand at an aware instant, in all threads, until the block ends. For tests."""
    global _standing_at
    if at.tzinfo is None:
        raise ValueError("The clock takes aware instants only.")
    before, _standing_at = _standing_at, at.astimezone(UTC)
    try:
        yield
    finally:
        _standing_at = before
