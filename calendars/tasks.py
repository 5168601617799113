"""What workers do with calendars. The rows are the queue; a message only wakes somebody up."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import redis
from celery import Task, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from calendars import connections, delivery, locks
from calendars.models import Calendar, GoogleConnection, OutboxWrite
from calendars.sync import calendar as one_calendar
from calendars.sync import calendar_list
from calendars.sync.window import is_outdated
from clockwise import clock
from clockwise.google.errors import GoogleError
from clockwise.organizations.models import Organization
from clockwise.tenancy import current
from clockwise.tenancy.tasks import tenant_task

log = logging.getLogger(__name__)
POLL_EVERY = timedelta(minutes=5)
# Seconds after which an organization's writes queue up anew, and after which a dead worker's turn is over.
WRITES_SLICE = 5
WRITES_LEASE = 120


def write_soon() -> None:
    """Wake a worker for the outbox once the caller's transaction is committed."""
    transaction.on_commit(lambda: wake(perform_writes))


def wake(task: Task[..., Any], *arguments: object) -> None:
    """Send a message; if the broker is away, the sweep finds the row a minute later."""
    try:
        task.apply_async(tuple(str(argument) for argument in arguments), retry=False)
    except (OperationalError, redis.RedisError):
        log.warning("The broker is away; %s waits for the sweep.", task.name)


@tenant_task(name="calendars.sync_connection")
def sync_connection(connection_id: str) -> None:
    """A connection that is new, or a day older: its calendars with zone and working hours, then their events."""
    try:
        for calendar_id in calendar_list.sync(UUID(connection_id)):
            sync_calendar(str(calendar_id))
    except GoogleError as error:
        log.warning("A connection's calendars couldn't be listed: %s.", error)


@tenant_task(name="calendars.sync_calendar")
def sync_calendar(calendar_id: str) -> None:
    try:
        one_calendar.sync(UUID(calendar_id))
    except (GoogleError, locks.Busy) as error:
        log.warning("A calendar couldn't be synced: %s.", error)


@tenant_task(name="calendars.revoke_grant")
def revoke_grant(connection_id: str) -> None:
    """Have Google forget a grant that ended here."""
    try:
        connections.revoke(UUID(connection_id))
    except GoogleError as error:
        log.warning("A grant couldn't be revoked yet: %s.", error)


@tenant_task(name="calendars.perform_writes")
def perform_writes() -> None:
    """Carry out what is decided; running it twice does no harm.

    One worker at a time for an organization, and only for a while: a Google that is slow to one organization keeps
    no other waiting.
    """
    try:
        with locks.hold(f"writes:{current.require_organization_id()}", lease_seconds=WRITES_LEASE, wait_seconds=0):
            touched = delivery.deliver(seconds=WRITES_SLICE)
    except locks.Busy:
        return  # who holds it looks again when it's done
    for calendar_id in touched:
        wake(sync_calendar, calendar_id)
    if delivery.is_waiting():
        wake(perform_writes)


@shared_task(name="calendars.sweep", ignore_result=True)
def sweep() -> None:
    """Each minute: what a lost message or a crashed worker left undone, in every organization."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            _sweep_one()


def _sweep_one() -> None:
    at = clock.now()
    with current.transaction():
        due = OutboxWrite.objects.filter(state=OutboxWrite.State.PENDING, not_before__lte=at).exists()
        active = GoogleConnection.objects.filter(state=GoogleConnection.State.ACTIVE)
        bare = list(active.filter(calendars__isnull=True).values_list("pk", flat=True))
        ended = list(GoogleConnection.objects.filter(to_revoke__isnull=False).values_list("pk", flat=True))
        polled = Calendar.objects.filter(connection__in=active).exclude(synced_at__gt=at - POLL_EVERY)
        stale = list(polled.values_list("pk", "connection_id", "window_end"))
    if due:
        wake(perform_writes)
    for connection_id in ended:
        wake(revoke_grant, connection_id)
    for connection_id in {*bare, *(connection_id for _, connection_id, end in stale if is_outdated(end))}:
        wake(sync_connection, connection_id)
    for calendar_id in [calendar_id for calendar_id, _, end in stale if not is_outdated(end)]:
        wake(sync_calendar, calendar_id)
