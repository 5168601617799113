"""Something changed at Google, or may have: what is to be looked at is due. The rows are the queue."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F

from calendars.models import Calendar, GoogleConnection
from clockwise import clock
from clockwise.tenancy import messages

# A burst of messages ends in one listing each of these.
QUIET = timedelta(seconds=1)
# A page that is opened shows what was true this long ago, and asks for news.
FRESH = timedelta(minutes=1)


def note(calendar: Calendar) -> None:
    """In the caller's transaction. Only the message that finds the calendar at rest sends for a worker.

    A message that comes in the middle of a sync is counted, so that the sync is done again (SYNC P4). One for a
    calendar that Google has asked us to leave alone for a while waits with it.
    """
    at = clock.now()
    same = Calendar.objects.filter(pk=calendar.pk)
    if same.filter(failures=0, next_sync_at__gt=at).update(wake_ups=F("wake_ups") + 1, next_sync_at=at):
        is_burst = calendar.synced_at is not None and at - calendar.synced_at < QUIET
        transaction.on_commit(partial(_send, calendar.pk, QUIET if is_burst else timedelta()))
    else:
        same.update(wake_ups=F("wake_ups") + 1)


def note_list(connection: GoogleConnection) -> None:
    """The same for the list of a connection's calendars."""
    at = clock.now()
    same = GoogleConnection.objects.filter(pk=connection.pk, next_list_at__gt=at)
    if same.update(next_list_at=at):
        transaction.on_commit(partial(_send_list, connection.pk))


def note_visit(member_id: UUID) -> None:
    """The member looks at their calendar: bring it up to date, unless it just was."""
    before = clock.now() - FRESH
    for calendar in Calendar.objects.filter(member=member_id, is_read=True, synced_at__lt=before):
        note(calendar)


def _send(calendar_id: UUID, after: timedelta) -> None:
    from calendars import tasks

    messages.wake(tasks.sync_calendar, calendar_id, after=after)


def _send_list(connection_id: UUID) -> None:
    from calendars import tasks

    messages.wake(tasks.sync_connection, connection_id)
