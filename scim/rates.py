"""A token bucket for each organization, in Redis. Where Redis doesn't answer, nobody is refused: it is no wall."""

import math
from functools import cache
from uuid import UUID

import redis
from django.conf import settings

BURST_SECONDS = 10
_TIMEOUT_SECONDS = 0.25

# Refills by Redis's own clock, so that processes needn't agree on theirs. Answers milliseconds to wait, 0 for none.
_TAKE = """
local rate, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = math.min(burst, (tonumber(kept[1]) or burst) + (now - (tonumber(kept[2]) or now)) * rate / 1000)
local wait = 0
if left >= wanted then left = left - wanted else wait = math.ceil((wanted - left) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'left', left, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 1000)
return wait
"""


def seconds_to_wait(organization_id: UUID, per_second: int) -> int:
    """0 when the organization may go on, else whole seconds until it may (for Retry-After)."""
    try:
        wait = _taker(settings.REDIS_URL)(
            keys=[f"scim:rate:{organization_id}"], args=[per_second, per_second * BURST_SECONDS, 1]
        )
    except redis.RedisError:
        return 0
    return math.ceil(int(wait) / 1000)


@cache
def _taker(url: str) -> "redis.commands.core.Script":
    client = redis.Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
    return client.register_script(_TAKE)
