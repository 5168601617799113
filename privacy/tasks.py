"""What workers do for privacy. The rows are the queue; a message only wakes somebody up."""

import logging
from typing import Any

import redis
from celery import Task, shared_task
from kombu.exceptions import OperationalError

from clockwise.organizations.models import Organization
from clockwise.tenancy import current
from clockwise.tenancy.tasks import tenant_task
from privacy import purges
from privacy.models import Purge

log = logging.getLogger(__name__)


def wake(task: Task[..., Any]) -> None:
    """Send a message; if the broker is away, the sweep finds the row a minute later."""
    try:
        task.apply_async(retry=False)
    except (OperationalError, redis.RedisError):
        log.warning("The broker is away; %s waits for the sweep.", task.name)


@tenant_task(name="privacy.carry_out_purges")
def carry_out_purges() -> None:
    purges.carry_out_all()


@shared_task(name="privacy.sweep", ignore_result=True)
def sweep() -> None:
    """Each half minute: purges whose message was lost, in every organization."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            with current.transaction():
                waiting = Purge.objects.filter(finished_at=None).exists()
            if waiting:
                wake(carry_out_purges)
