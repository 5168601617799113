"""Budgets that keep all workers together below Google's quotas (SYNC 1.5, finding 4).

Google counts requests of sliding minutes, of the project and of each person. So do we, in Redis, with room to spare.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import redis

from clockwise import clock
from clockwise.google.errors import OverBudget

WINDOW_SECONDS = 60
# Longer than this nobody waits inside a request: the work is put off, and its worker does somebody else's.
PATIENCE_SECONDS = 5.0

# All windows have room and each counts the requests, or none does and the answer is the seconds until they have.
_TAKE = """
local now, cost, id = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local window, wait = tonumber(ARGV[4]), 0
for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    local over = redis.call('ZCARD', key) + cost - tonumber(ARGV[4 + i])
    if over > 0 then
        local oldest = redis.call('ZRANGE', key, over - 1, over - 1, 'WITHSCORES')
        wait = math.max(wait, (tonumber(oldest[2]) or now) + window - now)
    end
end
if wait == 0 then
    for _, key in ipairs(KEYS) do
        for n = 1, cost do redis.call('ZADD', key, now, id .. ':' .. n) end
        redis.call('EXPIRE', key, window)
    end
end
return tostring(wait)
"""


@dataclass(frozen=True)
class Limits:
    """Requests a minute. Google allows a new project 10,000, and 600 for each person."""

    project: int = 8000
    person: int = 500


@dataclass(frozen=True)
class Budget:
    """`project`: what Google counts as one, whoever's worker asks."""

    client: redis.Redis
    project: str
    limits: Limits = Limits()

    def spend(self, person: str, *, share: float = 1.0, sleep: Callable[[float], None] = time.sleep) -> None:
        """Count one request, after a short wait if need be. Raises OverBudget where that isn't enough.

        share: of each limit, beyond which this kind of request leaves the rest to more urgent ones. Without Redis
        nothing is counted: Google's own refusals still pace us.
        """
        left = PATIENCE_SECONDS
        with suppress(redis.RedisError):
            while (wait := self._take(person, share)) > 0:
                if wait > left:
                    raise OverBudget("budget", retry_after=wait)
                left -= wait
                sleep(wait)

    def _take(self, person: str, share: float) -> float:
        keys = [f"google-minute:{self.project}", f"google-minute:{self.project}:{person}"]
        limits = [max(1, int(limit * share)) for limit in (self.limits.project, self.limits.person)]
        arguments = [clock.now().timestamp(), 1, str(uuid4()), WINDOW_SECONDS, *limits]
        return float(self.client.eval(_TAKE, len(keys), *keys, *map(str, arguments)))
