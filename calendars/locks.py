"""Locks that all workers share, in Redis: a PostgreSQL session lock would be lost behind a transaction pooler.

They only keep two from doing the same work at once; what must hold without them, the database holds.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

import redis
from django.conf import settings
from redis.lock import Lock


class Busy(Exception):
    """Somebody else holds the lock for longer than we wait, or Redis is away and nobody can tell."""


@contextmanager
def hold(name: str, *, lease_seconds: int, wait_seconds: int) -> Iterator[None]:
    """Hold the lock `name`. Raises Busy."""
    lock = client().lock(f"lock:{name}", timeout=lease_seconds, blocking_timeout=wait_seconds)
    if not _acquire(lock):
        raise Busy(name)
    try:
        yield
    finally:
        # Its lease may have run out meanwhile; whoever holds the lock now keeps it. Without Redis, it runs out.
        with suppress(redis.RedisError):
            lock.release()


def _acquire(lock: Lock) -> bool:
    try:
        return bool(lock.acquire())
    except redis.RedisError:
        return False


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)
