"""Carries out what the outbox holds: lease a write, send it with no transaction open, settle it in a second one.

What makes a repetition harmless is at Google: an insert's id is ours, a patch and a delete carry the etag that was
decided on.
"""

import logging
import random
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from calendars import connections, outbox
from calendars.models import OutboxWrite
from clockwise import clock
from clockwise.google.client import CalendarClient, SendUpdates
from clockwise.google.errors import (
    AccessMisconfigured,
    Duplicate,
    EventChanged,
    Gone,
    GoogleError,
    GoogleUnavailable,
    GrantRevoked,
    NotFound,
    QuotaExhausted,
)
from clockwise.google.event import GoogleEvent, UnreadableEvent, parse_event
from clockwise.google.fields import event_fields
from clockwise.tenancy import current
from privacy import processing

log = logging.getLogger(__name__)
Json = dict[str, Any]
LEASE = timedelta(seconds=60)
PARKED = timedelta(hours=1)
LONGEST_DELAY_SECONDS = 15 * 60
# Beyond this the write is told as failed: the people concerned know better than the fortieth try.
MOST_ATTEMPTS = 40


def claim_next() -> OutboxWrite | None:
    """Lease the oldest write that is due, or None. Opens its own transaction.

    Writes to one event keep their order: the deletion of a hold doesn't overtake its insert.
    """
    at = clock.now()
    with current.transaction():
        due = OutboxWrite.objects.filter(state=OutboxWrite.State.PENDING, not_before__lte=at)
        free = due.filter(Q(leased_until__isnull=True) | Q(leased_until__lte=at)).exclude(Exists(_earlier()))
        write = free.select_for_update(skip_locked=True, of=("self",)).order_by("decided_at", "id").first()
        if write is None:
            return None
        leased = OutboxWrite.objects.filter(pk=write.pk)
        leased.update(leased_until=at + LEASE, attempts=F("attempts") + 1)
        return leased.select_related("calendar").get()


def _earlier() -> QuerySet[OutboxWrite]:
    """Pending writes to the same event that were decided before."""
    same = OutboxWrite.objects.filter(calendar=OuterRef("calendar"), google_id=OuterRef("google_id"))
    before = Q(decided_at__lt=OuterRef("decided_at")) | Q(decided_at=OuterRef("decided_at"), pk__lt=OuterRef("pk"))
    return same.filter(before, state=OutboxWrite.State.PENDING)


def perform(write: OutboxWrite) -> None:
    """Send a leased write and settle it, or give it back."""
    try:
        _perform(write)
    except Exception as error:  # noqa: BLE001
        # One that can't be dealt with must not hold up those behind it. Its words stay out of the log.
        log.error("A write met an unexpected %s.", type(error).__name__)
        give_back(write, GoogleUnavailable("unexpected"))


def _perform(write: OutboxWrite) -> None:
    began_at = clock.now()
    try:
        event = _send(write, connections.client_for(write.calendar.connection_id))
    except GrantRevoked as revoked:
        if connections.mark_revoked(write.calendar.connection_id, reason=revoked.reason, since=began_at):
            outbox.settle(write, OutboxWrite.State.DROPPED, problem="access_ended")
        else:
            give_back(write, revoked)
    except (GoogleUnavailable, QuotaExhausted, AccessMisconfigured) as error:
        give_back(write, error)
    except EventChanged as error:
        outbox.settle(write, OutboxWrite.State.STALE, problem=error.reason)
    except GoogleError as error:
        outbox.settle(write, OutboxWrite.State.FAILED, problem=error.reason)
    else:
        outbox.settle(write, OutboxWrite.State.DONE, event=event)


def give_back(write: OutboxWrite, error: GoogleError) -> None:
    """Try again later: when Google says so, else after a growing, scattered delay."""
    if write.attempts >= MOST_ATTEMPTS:
        outbox.settle(write, OutboxWrite.State.FAILED, problem=error.reason)
        return
    with current.transaction():
        OutboxWrite.objects.filter(pk=write.pk, state=OutboxWrite.State.PENDING).update(
            not_before=clock.now() + _delay(write, error), leased_until=None, problem=error.reason
        )


def _delay(write: OutboxWrite, error: GoogleError) -> timedelta:
    if isinstance(error, QuotaExhausted):
        return PARKED
    backoff = min(2**write.attempts + random.random(), LONGEST_DELAY_SECONDS)  # noqa: S311 - scatter, no secret
    asked = error.retry_after if isinstance(error, GoogleUnavailable) else None
    return timedelta(seconds=max(backoff, asked or 0))


def _send(write: OutboxWrite, client: CalendarClient) -> GoogleEvent | None:
    """The event as it then is; None where there is none any more. No transaction is open."""
    calendar_id, body = write.calendar.details.google_id, write.body.body
    fields, notices = _fields(), _notices(write)
    if write.kind == OutboxWrite.Kind.DELETE:
        _delete(write, client, calendar_id, notices)
        return None
    if write.kind == OutboxWrite.Kind.INSERT:
        try:
            answer = client.insert_event(calendar_id, body, fields=fields, send_updates=notices)
        except Duplicate:
            return _ours_already(write, client, calendar_id, fields)
        return _parsed(answer, write)
    try:
        answer = client.patch_event(
            calendar_id, write.google_id, body, etag=write.etag, fields=fields, send_updates=notices
        )
    except EventChanged:
        return _moved_already(write, client, calendar_id, fields)
    return _parsed(answer, write)


def _fields() -> str:
    """As the sync asks: the answer takes the place of what it has stored."""
    with current.transaction():
        return event_fields(descriptions=processing.settings().descriptions)


def _delete(write: OutboxWrite, client: CalendarClient, calendar_id: str, notices: SendUpdates) -> None:
    try:
        client.delete_event(calendar_id, write.google_id, etag=write.etag, send_updates=notices)
    except (Gone, NotFound):
        return  # deleted before, perhaps by our own lost request


def _ours_already(write: OutboxWrite, client: CalendarClient, calendar_id: str, fields: str) -> GoogleEvent:
    """The id is taken: by our own insert whose answer was lost, or the write fails (SYNC W1)."""
    event = _parsed(client.get_event(calendar_id, write.google_id, fields=fields), write)
    if event is None or not _is_at(event, write.body.body):
        raise Duplicate("duplicate")
    return event


def _moved_already(write: OutboxWrite, client: CalendarClient, calendar_id: str, fields: str) -> GoogleEvent:
    """The event isn't what was decided on: somebody's edit, which stands, or our own patch.

    Its answer was lost, or the lease ran out under way and another worker was faster.
    """
    event = _parsed(client.get_event(calendar_id, write.google_id, fields=fields), write)
    if event is None or not _is_at(event, write.body.body):
        raise EventChanged("conditionNotMet")
    return event


def _is_at(event: GoogleEvent, body: Json) -> bool:
    wanted = [datetime.fromisoformat(str(body[key]["dateTime"])) for key in ("start", "end")]
    return [event.start, event.end] == wanted


def _parsed(answer: Json, write: OutboxWrite) -> GoogleEvent | None:
    """None for what can't be read: it is done all the same, and the sync sees what came of it."""
    try:
        found = parse_event(answer, calendar_time_zone=write.calendar.time_zone)
    except UnreadableEvent:
        return None
    return found if isinstance(found, GoogleEvent) else None


def _notices(write: OutboxWrite) -> SendUpdates:
    """Guests hear of a moved meeting; nobody needs to hear of a hold."""
    return "all" if write.kind == OutboxWrite.Kind.PATCH and write.purpose in ("move", "undo") else "none"
