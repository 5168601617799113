"""Counts requests to Google by UTC days: beyond a million a day Google charges the project (SYNC finding 4)."""

from contextlib import suppress
from datetime import date, timedelta

import redis

from calendars import locks
from clockwise import clock
from clockwise.tenancy import current

DAILY_THRESHOLD = 1_000_000
KEPT = timedelta(days=40)


def count() -> None:
    """One request by the current organization. Never in the way: without Redis nothing is counted."""
    key = _key(clock.now().date())
    with suppress(redis.RedisError):
        pipeline = locks.client().pipeline(transaction=False)
        pipeline.hincrby(key, str(current.require_organization_id()), 1)
        pipeline.expire(key, KEPT)
        pipeline.execute()


def installation(day: date) -> int:
    """Requests of all organizations on a UTC day. Raises redis.RedisError."""
    return sum(int(number) for number in locks.client().hvals(_key(day)))


def organization(day: date) -> int:
    """Those of the current organization. Raises redis.RedisError."""
    return int(locks.client().hget(_key(day), str(current.require_organization_id())) or 0)


def _key(day: date) -> str:
    return f"google-requests:{day.isoformat()}"
