"""Decided, then done: changes to Google, each carried out exactly once, whatever crashes when.

Here they are decided, in the transaction of what they are for, and settled; `delivery.py` carries them out.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from calendars.models import Calendar, Event, OutboxWrite
from calendars.models.outbox import WriteBody
from calendars.sync import apply
from clockwise import clock
from clockwise.google.event import GoogleEvent
from clockwise.tenancy import current

Json = dict[str, Any]
Settled = Callable[[OutboxWrite], None]

_settled: dict[str, list[Settled]] = {}


def on_settled(purpose: str) -> Callable[[Settled], Settled]:
    """Register who is told how a write of this purpose ended, inside the transaction that settles it."""

    def register(callback: Settled) -> Settled:
        _settled.setdefault(purpose, []).append(callback)
        return callback

    return register


def add_patch(event: Event, *, start: datetime, end: datetime, purpose: str, purpose_id: UUID) -> OutboxWrite:
    """Change an event's time. Guests, words and everything else aren't sent, and so stay as they are (SYNC W2)."""
    zone = event.calendar.time_zone
    body: Json = {"start": _when(start, zone), "end": _when(end, zone)}
    return _add(
        event.calendar,
        OutboxWrite.Kind.PATCH,
        event.google_id,
        event.etag,
        body,
        purpose=purpose,
        purpose_id=purpose_id,
    )


def add_insert(calendar: Calendar, *, google_id: str, body: Json, purpose: str, purpose_id: UUID) -> OutboxWrite:
    """Make an event under an id of our choosing."""
    return _add(
        calendar,
        OutboxWrite.Kind.INSERT,
        google_id,
        "",
        {**body, "id": google_id},
        purpose=purpose,
        purpose_id=purpose_id,
    )


def add_delete(calendar: Calendar, *, google_id: str, etag: str, purpose: str, purpose_id: UUID) -> OutboxWrite:
    return _add(calendar, OutboxWrite.Kind.DELETE, google_id, etag, {}, purpose=purpose, purpose_id=purpose_id)


def _add(
    calendar: Calendar, kind: OutboxWrite.Kind, google_id: str, etag: str, body: Json, *, purpose: str, purpose_id: UUID
) -> OutboxWrite:
    at = clock.now()
    return OutboxWrite.objects.create(
        member_id=calendar.member_id,
        calendar=calendar,
        kind=kind,
        google_id=google_id,
        etag=etag,
        body=WriteBody(body),
        purpose=purpose,
        purpose_id=purpose_id,
        decided_at=at,
        not_before=at,
    )


def _when(at: datetime, zone: str) -> Json:
    """The zone goes along: Google keeps it for the event, and shows it to guests."""
    return {"dateTime": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "timeZone": zone}


def settle(
    write: OutboxWrite, state: OutboxWrite.State, *, event: GoogleEvent | None = None, problem: str = ""
) -> None:
    """Write down how a write ended, once, and tell whom it concerns. Opens its own transaction."""
    with current.transaction():
        # Before the write, as a sync locks it: neither may store over what the other has just learned.
        Calendar.objects.select_for_update(no_key=True).filter(pk=write.calendar_id).first()
        pending = OutboxWrite.objects.filter(pk=write.pk, state=OutboxWrite.State.PENDING)
        settled = pending.select_for_update(of=("self",)).select_related("calendar").first()
        if settled is None:
            return
        if state == OutboxWrite.State.DONE:
            Calendar.objects.filter(pk=write.calendar_id).update(writes_settled=F("writes_settled") + 1)
        if event is not None:
            settled.google_id = event.google_id  # the answer's id is the event's (SYNC S17)
            settled.etag = event.etag
            apply.one(settled.calendar, event)
        elif state == OutboxWrite.State.DONE and settled.kind == OutboxWrite.Kind.DELETE:
            Event.objects.filter(calendar=settled.calendar, google_id=settled.google_id).delete()
        _end(settled, state, problem)


def drop_pending(member_id: UUID) -> None:
    """Access ended: what wasn't sent yet never will be. In the caller's transaction."""
    pending = OutboxWrite.objects.filter(member=member_id, state=OutboxWrite.State.PENDING)
    for write in pending.select_for_update(of=("self",)):
        _end(write, OutboxWrite.State.DROPPED, "access_ended")


def _end(write: OutboxWrite, state: OutboxWrite.State, problem: str) -> None:
    write.state, write.problem, write.settled_at, write.leased_until = state, problem, clock.now(), None
    write.save(update_fields=["state", "problem", "settled_at", "leased_until", "google_id", "etag"])
    for callback in _settled.get(write.purpose, ()):
        callback(write)
