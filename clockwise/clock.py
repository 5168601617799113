"""The clock: asked at the edges, set by tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_set: ContextVar[datetime | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _set.get() or datetime.now(UTC)


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Let the clock stand still at `at`, an aware instant."""
    token = _set.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _set.reset(token)
