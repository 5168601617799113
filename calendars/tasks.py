"""What workers do with calendars. The rows are the queue; a message only wakes somebody up."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice, zip_longest
from uuid import UUID

from celery import shared_task
from django.db import transaction

from calendars import colleagues, connections, delivery, directory_people, liveness, locks, wake_ups
from calendars.models import Calendar, GoogleConnection, OutboxWrite
from calendars.sync import calendar as one_calendar
from calendars.sync import calendar_list, channels
from clockwise import clock
from clockwise.google.errors import GoogleError, GrantRevoked
from clockwise.organizations.models import Organization
from clockwise.tenancy import current, messages
from clockwise.tenancy.tasks import tenant_task

log = logging.getLogger(__name__)
# Half of what Google gives free each day, spread evenly (SYNC finding 4): where more is due, intervals grow.
MOST_POLLS_A_SWEEP = 350
# Seconds after which an organization's writes queue up anew, and after which a dead worker's turn is over.
WRITES_SLICE = 5
WRITES_LEASE = 120
# Between two lots of photos: leaves others their turn, and keeps far below Google's quota.
MORE_PHOTOS_AFTER = timedelta(seconds=10)


def write_soon() -> None:
    """Wake a worker for the outbox once the caller's transaction is committed."""
    transaction.on_commit(lambda: messages.wake(perform_writes))


@tenant_task(name="calendars.sync_connection")
def sync_connection(connection_id: str) -> None:
    """A connection that is new, or a day older, or whose list has changed: its calendars, then their events."""
    try:
        calendar_ids = calendar_list.sync(UUID(connection_id))
    except GoogleError as error:
        log.warning("A connection's calendars couldn't be listed: %s.", error)
        return
    for calendar_id in calendar_ids:
        sync_calendar(str(calendar_id))
    tend_channels(connection_id)


@tenant_task(name="calendars.sync_calendar")
def sync_calendar(calendar_id: str) -> None:
    """If it is due; what changes under way is looked at in a second listing, a moment later."""
    try:
        is_due_again = one_calendar.refresh(UUID(calendar_id))
    except (GoogleError, locks.Busy) as error:
        log.warning("A calendar couldn't be synced: %s.", error)
        return
    if is_due_again:
        messages.wake(sync_calendar, calendar_id, after=wake_ups.QUIET)


@tenant_task(name="calendars.tend_channels")
def tend_channels(connection_id: str) -> None:
    began_at = clock.now()
    try:
        channels.tend(UUID(connection_id), connections.client_for(UUID(connection_id)))
    except GrantRevoked as revoked:
        connections.mark_revoked(UUID(connection_id), reason=revoked.reason, since=began_at)
    except GoogleError as error:
        log.warning("A connection's channels couldn't all be tended: %s.", error)


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
    with current.transaction():
        for calendar in Calendar.objects.filter(pk__in=touched):
            wake_ups.note(calendar)
    if delivery.is_waiting():
        messages.wake(perform_writes)


@tenant_task(name="calendars.check_grant", expires=60)
def check_grant(connection_id: str) -> None:
    liveness.check(UUID(connection_id))


@shared_task(name="calendars.check_grants", ignore_result=True, expires=liveness.TICK_SECONDS)
def check_grants() -> None:
    """Each few seconds: who uses Clockwise, and does Google still let them in?"""
    for organization_id in liveness.organizations():
        with current.acting_for(organization_id):
            for connection_id in liveness.due():
                messages.wake(check_grant, connection_id)


@dataclass
class Due:
    """What one organization's rows ask for. `calendars`: those that waited longest first."""

    organization_id: UUID
    has_writes: bool = False
    grants: list[UUID] = field(default_factory=list)
    lists: list[UUID] = field(default_factory=list)
    channels: list[UUID] = field(default_factory=list)
    calendars: list[UUID] = field(default_factory=list)


@shared_task(name="calendars.sweep", ignore_result=True)
def sweep() -> None:
    """Each minute: what a lost message or a crashed worker left undone, and what is to be polled, everywhere."""
    found = []
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            due = _due(organization_id)
            _wake_others(due)
            found.append(due)
    for organization_id, calendar_id in _in_turn(found):
        with current.acting_for(organization_id):
            messages.wake(sync_calendar, calendar_id)


def _due(organization_id: UUID) -> Due:
    at = clock.now()
    with current.transaction():
        active = GoogleConnection.objects.filter(state=GoogleConnection.State.ACTIVE)
        calendars = Calendar.objects.filter(connection__in=active, is_read=True).exclude(next_sync_at__gt=at)
        ended = GoogleConnection.objects.filter(to_revoke__isnull=False)
        return Due(
            organization_id,
            has_writes=OutboxWrite.objects.filter(state=OutboxWrite.State.PENDING, not_before__lte=at).exists(),
            grants=list(ended.values_list("pk", flat=True)),
            lists=list(active.exclude(next_list_at__gt=at).values_list("pk", flat=True)),
            channels=channels.need_care(active),
            calendars=list(calendars.order_by("next_sync_at").values_list("pk", flat=True)[:MOST_POLLS_A_SWEEP]),
        )


def _wake_others(due: Due) -> None:
    if due.has_writes:
        messages.wake(perform_writes)
    for connection_id in due.grants:
        messages.wake(revoke_grant, connection_id)
    for connection_id in due.lists:
        messages.wake(sync_connection, connection_id)
    for connection_id in set(due.channels) - set(due.lists):
        messages.wake(tend_channels, connection_id)


def _in_turn(found: list[Due]) -> list[tuple[UUID, UUID]]:
    """One calendar of each organization after the other, so that a large one doesn't use up the others' share."""
    queues = [[(due.organization_id, calendar_id) for calendar_id in due.calendars] for due in found]
    turns = chain.from_iterable(zip_longest(*queues))
    return list(islice((turn for turn in turns if turn is not None), MOST_POLLS_A_SWEEP))


@shared_task(name="calendars.ask_for_colleagues", ignore_result=True)
def ask_for_colleagues() -> None:
    """Every quarter of an hour: free/busy of those whom members meet and whose calendars we don't read."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            messages.wake(refresh_colleagues)


@tenant_task(name="calendars.refresh_colleagues")
def refresh_colleagues() -> None:
    colleagues.refresh()


@shared_task(name="calendars.read_directories", ignore_result=True)
def read_directories() -> None:
    """Four times a day: names and photos, where an admin lets them be read."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            messages.wake(refresh_directory_people)


@tenant_task(name="calendars.refresh_directory_people")
def refresh_directory_people() -> None:
    if directory_people.refresh():
        messages.wake(refresh_directory_people, after=MORE_PHOTOS_AFTER)
