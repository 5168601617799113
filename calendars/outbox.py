"""Decided, then done: changes to Google, each carried out exactly once, whatever crashes when.

Here they are decided, in the transaction of what they are for, and settled; `delivery.py` carries them out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from calendars import changes, event_ids
from calendars.changes import Change
from calendars.models import Calendar, Event, OutboxWrite
from calendars.models.outbox import WriteBody
from calendars.sync import apply
from clockwise import clock
from clockwise.google.event import GoogleEvent
from clockwise.tenancy import current
from privacy import policy

Json = dict[str, Any]
Settled = Callable[[Sequence[OutboxWrite]], None]
Renamed = Callable[[OutboxWrite, str], None]
# The private property by which an insert whose answer was lost knows its own event again.
MARKER = "clockwise_write"

_settled: dict[str, list[Settled]] = {}
_renamed: dict[str, list[Renamed]] = {}


@dataclass(frozen=True)
class Outcome:
    """How a write ended. `event`: as it then is, where there is one that can be read."""

    write: OutboxWrite
    state: OutboxWrite.State
    event: GoogleEvent | None = None
    problem: str = ""


def on_settled(purpose: str) -> Callable[[Settled], Settled]:
    """Register who is told how writes of this purpose ended, inside the transaction that settles them."""

    def register(callback: Settled) -> Settled:
        _settled.setdefault(purpose, []).append(callback)
        return callback

    return register


def on_renamed(purpose: str) -> Callable[[Renamed], Renamed]:
    """Register who is told, with the old id, that an event to be made has got another id, inside the transaction."""

    def register(callback: Renamed) -> Renamed:
        _renamed.setdefault(purpose, []).append(callback)
        return callback

    return register


def patch(
    event: Event,
    *,
    start: datetime,
    end: datetime,
    purpose: str,
    purpose_id: UUID,
    notices: str = OutboxWrite.Notices.NONE,
) -> OutboxWrite:
    """Change an event's time. Guests, words and everything else aren't sent, and so stay as they are (SYNC W2).

    Its rooms are guests: Google asks them anew for the new time.
    """
    body = WriteBody(times(start, end, event.calendar))
    return _write(
        event.calendar,
        OutboxWrite.Kind.PATCH,
        google_id=event.google_id,
        etag=event.etag,
        body=body,
        notices=notices,
        purpose=purpose,
        purpose_id=purpose_id,
    )


def insert(calendar: Calendar, *, google_id: str, body: Json, purpose: str, purpose_id: UUID) -> OutboxWrite:
    """Make an event under an id of our choosing. It may end up under another one, if Google keeps that reserved."""
    write = _write(
        calendar,
        OutboxWrite.Kind.INSERT,
        google_id=google_id,
        body=WriteBody({}),
        purpose=purpose,
        purpose_id=purpose_id,
    )
    private = {**body.get("extendedProperties", {}).get("private", {}), MARKER: str(write.pk)}
    write.body = WriteBody({**body, "id": google_id, "extendedProperties": {"private": private}})
    return write


def delete(calendar: Calendar, *, google_id: str, etag: str, purpose: str, purpose_id: UUID) -> OutboxWrite:
    """Without `etag` whatever became of the event."""
    return _write(
        calendar,
        OutboxWrite.Kind.DELETE,
        google_id=google_id,
        etag=etag,
        body=WriteBody({}),
        purpose=purpose,
        purpose_id=purpose_id,
    )


def add(writes: Iterable[OutboxWrite]) -> None:
    """Decide writes, in the caller's transaction. Those to one event are carried out in the given order."""
    OutboxWrite.objects.bulk_create(writes)


def times(start: datetime, end: datetime, calendar: Calendar) -> Json:
    """As a body has them. The zone goes along: Google keeps it for the event, and shows it to guests."""
    return {
        name: {"dateTime": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "timeZone": calendar.time_zone}
        for name, at in (("start", start), ("end", end))
    }


def _write(calendar: Calendar, kind: OutboxWrite.Kind, **fields: Any) -> OutboxWrite:
    at = clock.now()
    return OutboxWrite(
        member_id=calendar.member_id,
        organization_id=calendar.organization_id,
        calendar=calendar,
        kind=kind,
        decided_at=at,
        not_before=at,
        **fields,
    )


def take_another_id(write: OutboxWrite) -> None:
    """Google keeps the id of an event to be made for one that was deleted. Opens its own transaction.

    What was decided about the event since goes along.
    """
    old, new = write.google_id, event_ids.next_after(write.google_id)
    with current.transaction():
        same = OutboxWrite.objects.filter(calendar=write.calendar_id, google_id=old, state=OutboxWrite.State.PENDING)
        for row in same.select_for_update(of=("self",)):
            row.google_id = new
            if row.kind == OutboxWrite.Kind.INSERT:
                row.body = replace(row.body, body={**row.body.body, "id": new})
            row.save(update_fields=["google_id", "body"])
        for callback in _renamed.get(write.purpose, ()):
            callback(write, old)
    write.google_id, write.body = new, replace(write.body, body={**write.body.body, "id": new})


def settle(calendar_id: UUID, outcomes: Sequence[Outcome]) -> None:
    """Write down, once, how writes to one calendar ended, and tell whom it concerns. Opens its own transaction."""
    ended = {outcome.write.pk: outcome for outcome in outcomes}
    with current.transaction():
        policy.hold_still()
        # Before the writes, as a sync locks it: neither may store over what the other has just learned.
        calendar = Calendar.objects.select_for_update(no_key=True).filter(pk=calendar_id).first()
        pending = OutboxWrite.objects.filter(pk__in=ended, state=OutboxWrite.State.PENDING)
        writes = list(pending.select_for_update(of=("self",)).order_by("decided_at", "id"))
        if calendar is None or not writes:
            return
        changed = _store(calendar, [ended[write.pk] for write in writes])
        for write in writes:
            outcome = ended[write.pk]
            write.state, write.problem = outcome.state, outcome.problem
            if outcome.event is not None:
                write.google_id = outcome.event.google_id  # the answer's id is the event's (SYNC S17)
                write.etag = outcome.event.etag
        _end(writes)
        # Google may have answered with more than was asked for: a room that declines, a person's edit since.
        changes.tell(calendar, changed, [])


def _store(calendar: Calendar, outcomes: Sequence[Outcome]) -> list[Change]:
    """The events as Google has answered, at once: the page is right before the sync sees them."""
    done = [outcome for outcome in outcomes if outcome.state == OutboxWrite.State.DONE]
    if done:
        Calendar.objects.filter(pk=calendar.pk).update(writes_settled=F("writes_settled") + len(done))
    changed = apply.answers(calendar, [outcome.event for outcome in outcomes if outcome.event is not None])
    deleted = [o.write.google_id for o in done if o.write.kind == OutboxWrite.Kind.DELETE]
    if deleted:
        Event.objects.filter(calendar=calendar, google_id__in=deleted).delete()
    return changed


def set_aside(write: OutboxWrite) -> None:
    """Give up on a write that can't even be settled. Nobody is told, since telling is what fails."""
    with current.transaction():
        OutboxWrite.objects.filter(pk=write.pk, state=OutboxWrite.State.PENDING).update(
            state=OutboxWrite.State.FAILED, problem="unexpected", settled_at=clock.now(), leased_until=None
        )


def drop_pending(member_id: UUID) -> None:
    """Access ended: what wasn't sent yet never will be. In the caller's transaction."""
    pending = OutboxWrite.objects.filter(member=member_id, state=OutboxWrite.State.PENDING)
    writes = list(pending.select_for_update(of=("self",)))
    for write in writes:
        write.state, write.problem = OutboxWrite.State.DROPPED, "access_ended"
    _end(writes)


def _end(writes: Sequence[OutboxWrite]) -> None:
    at = clock.now()
    by_purpose = defaultdict(list)
    for write in writes:
        write.settled_at, write.leased_until = at, None
        by_purpose[write.purpose].append(write)
    OutboxWrite.objects.bulk_update(writes, ["state", "problem", "settled_at", "leased_until", "google_id", "etag"])
    for purpose, ended in by_purpose.items():
        for callback in _settled.get(purpose, ()):
            callback(ended)
