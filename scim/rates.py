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


_MOST_REMEMBERED = 10_000
# Taken from the bucket by this process and not spent yet.
_in_hand: dict[UUID, int] = {}


def seconds_to_wait(organization_id: UUID, per_second: int) -> int:
    """0 when the organization may go on, else whole seconds until it may (for Retry-After).

    A process takes a tenth of a second's worth at once, so that most requests needn't ask Redis.
    """
    left = _in_hand.get(organization_id, 0)
    if left:
        _in_hand[organization_id] = left - 1
        return 0
    at_once = max(1, per_second // 10)
    try:
        if not _take(organization_id, per_second, at_once):
            if len(_in_hand) >= _MOST_REMEMBERED:
                _in_hand.clear()
            _in_hand[organization_id] = at_once - 1
            return 0
        return math.ceil(_take(organization_id, per_second, 1) / 1000)
    except redis.RedisError:
        return 0


def _take(organization_id: UUID, per_second: int, wanted: int) -> int:
    """Milliseconds to wait until there are so many; 0 where they were taken."""
    burst = per_second * BURST_SECONDS
    keys, args = [f"scim:rate:{organization_id}"], [per_second, burst, wanted]
    return int(_taker(settings.REDIS_URL)(keys=keys, args=args))


@cache
def _taker(url: str) -> "redis.commands.core.Script":
    client = redis.Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
    return client.register_script(_TAKE)
