"""The worker of goal 5: `celery -A tests.security.worker worker`. Its tasks look around without any filter."""

import json
import os
from typing import Any

import redis
from celery.signals import task_postrun

from clockwise.celery import app  # noqa: F401
from clockwise.tenancy import current
from clockwise.tenancy.tasks import tenant_task

QUEUE = "goal-05"
SEEN, ENDED = "goal-05:seen", "goal-05:ended"


def store() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"])


@tenant_task(name="tests.goal_05", bind=True, max_retries=1)
def look_around(self: Any, expected: str, mode: str) -> None:
    """Tells whose members it sees. `mode`: ok, fail, or retry (which then works)."""
    from django.db import connection

    with current.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT organization_id::text FROM organizations_member")
        store().rpush(SEEN, json.dumps([expected, [row[0] for row in cursor.fetchall()]]))
        if mode == "fail":
            raise RuntimeError("as asked")
    if mode == "retry" and self.request.retries == 0:
        raise self.retry(countdown=0)


@task_postrun.connect
def _count(**kwargs: object) -> None:
    store().incr(ENDED)
