"""Token buckets in Redis: how often somebody may ask, over all processes.

Keys are hashed with the installation's secret, so that Redis holds no address and no token. Redis may vanish: then
everybody may ask, since a limit is no wall, and the log says so.
"""

import hmac
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from clockwise import clock

log = logging.getLogger(__name__)

# Whoever shows the later clock is believed: machines' clocks differ a little, a bucket never runs backwards.
_TAKE = """
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local rate, burst, now, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local at = math.max(now, tonumber(kept[2]) or now)
local tokens = math.min(burst, (tonumber(kept[1]) or burst) + (at - (tonumber(kept[2]) or at)) * rate)
local wait = 0
if tokens >= cost then tokens = tokens - cost else wait = (cost - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', at))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 60)
return tostring(wait)
"""


@dataclass(frozen=True)
class Limit:
    """`burst` requests at once, `per_second` of them come back each second."""

    name: str
    per_second: float
    burst: int


def wait_seconds(limit: Limit, key: str, *, cost: int = 1) -> float:
    """Take `cost` tokens from the bucket of `key`. 0: go ahead; else nothing was taken: ask again after so long."""
    now = clock.now().timestamp()
    try:
        answer = _take(keys=[_name(limit, key)], args=[limit.per_second, limit.burst, f"{now:.6f}", cost])
    except redis.RedisError:
        log.warning("Redis is away; the limit %s lets everybody in.", limit.name)
        return 0.0
    return float(answer)


def limited(
    limit: Limit, key: Callable[[HttpRequest], str]
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Decorates a view: who asks too often gets 429 with Retry-After (RFC 6585)."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            wait = wait_seconds(limit, key(request))
            return too_many(wait) if wait else view(request, *args, **kwargs)

        return guarded

    return decorate


def too_many(wait: float) -> HttpResponse:
    seconds = math.ceil(wait)
    answer = HttpResponse(f"Too many requests. Try again in {seconds} s.\n", status=429, content_type="text/plain")
    answer["Retry-After"] = str(seconds)
    return answer


def client_address(request: HttpRequest) -> str:
    """The address that the request came from, as our own proxy saw it.

    Outside local mode a proxy stands before the web and appends it to X-Forwarded-For; what a client wrote there
    itself stands further left and isn't believed.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if settings.LOCAL_MODE:
        return direct
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return forwarded or direct


def _name(limit: Limit, key: str) -> str:
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"{limit.name}:{key}".encode(), "sha256")
    return f"rate:{limit.name}:{digest.hex()[:32]}"


@cache
def _script() -> Any:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    return client.register_script(_TAKE)


def _take(*, keys: list[str], args: list[Any]) -> bytes:
    answer: bytes = _script()(keys=keys, args=args)
    return answer
