"""Messages that wake a worker up. The rows are the queue: what a message didn't reach, a sweep finds."""

import logging
from datetime import timedelta
from typing import Any

import redis
from celery import Task
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def wake(task: Task[..., Any], *arguments: object, after: timedelta = timedelta()) -> None:
    """Send a message; if the broker is away, the sweep finds the row a minute later."""
    try:
        texts = tuple(str(argument) for argument in arguments)
        task.apply_async(texts, retry=False, countdown=after.total_seconds())
    except (OperationalError, redis.RedisError):
        log.warning("The broker is away; %s waits for the sweep.", task.name)
