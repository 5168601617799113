"""Holds on their way to Google and back: deciding, settling, and what the person does with them there."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from calendars import changes, outbox
from calendars.models import Calendar, Event, GoogleConnection, OutboxWrite
from clockwise.organizations.models import Member
from scheduling.hours import local_date, zone_of
from scheduling.models import Hold, HoldChange

PURPOSE = "hold"
MARKER = "clockwise_hold"
TITLES = {Hold.Kind.FOCUS: "Focus time", Hold.Kind.LUNCH: "Lunch"}
Json = dict[str, Any]


def decide(change: HoldChange, *, by: Member, at: datetime) -> bool:
    """Write the change to the outbox, in the caller's transaction. False where the hold or calendar is gone."""
    calendar = _calendar(change)
    hold = change.hold
    if calendar is None or (hold is not None and hold.state not in (Hold.State.DECIDED, Hold.State.PLACED)):
        change.state = HoldChange.State.STALE
        change.save(update_fields=["state"])
        return False
    if change.action == HoldChange.Action.CREATE or hold is None:
        hold = _create(change, calendar)
    elif change.action == HoldChange.Action.MOVE:
        _move(change, hold, calendar)
    else:
        outbox.add_delete(calendar, google_id=hold.google_id, etag="", purpose=PURPOSE, purpose_id=change.pk)
    change.hold, change.state, change.decided_at, change.decided_by = hold, HoldChange.State.DECIDED, at, by
    change.save(update_fields=["hold", "state", "decided_at", "decided_by"])
    return True


def is_ours(event: Event) -> bool:
    """A hold that gives way, and not one that the person has made theirs."""
    mine = Hold.objects.filter(member=event.member_id, google_id=event.google_id)
    return mine.exclude(state=Hold.State.PINNED).exists()


def _calendar(change: HoldChange) -> Calendar | None:
    active = Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE)
    return active.filter(member=change.member_id, is_primary=True).first()


def _create(change: HoldChange, calendar: Calendar) -> Hold:
    hold = Hold(member_id=change.member_id, kind=change.kind)
    _place(hold, change, calendar)
    hold.google_id = google_id(hold)
    hold.save()
    body = {**_times(change, calendar), **_looks(hold)}
    outbox.add_insert(calendar, google_id=hold.google_id, body=body, purpose=PURPOSE, purpose_id=change.pk)
    return hold


def _move(change: HoldChange, hold: Hold, calendar: Calendar) -> None:
    """The event keeps its id; an etag that has changed since is the person's own edit, which stands."""
    event = Event.objects.filter(calendar=calendar, google_id=hold.google_id).select_related("calendar").first()
    _place(hold, change, calendar)
    hold.save()
    if event is not None:
        outbox.add_patch(event, start=change.start, end=change.end, purpose=PURPOSE, purpose_id=change.pk)
    else:
        # Its insert is still on the way: a new event under the next generation's id takes its place.
        outbox.add_delete(calendar, google_id=hold.google_id, etag="", purpose="replaced", purpose_id=change.pk)
        hold.generation += 1
        hold.google_id = google_id(hold)
        hold.save()
        body = {**_times(change, calendar), **_looks(hold)}
        outbox.add_insert(calendar, google_id=hold.google_id, body=body, purpose=PURPOSE, purpose_id=change.pk)


def _place(hold: Hold, change: HoldChange, calendar: Calendar) -> None:
    hold.start, hold.end = change.start, change.end
    hold.date = local_date(change.start, zone_of(calendar.time_zone))


def google_id(hold: Hold) -> str:
    """An id that only we can make, in the alphabet that Google demands (lower-case base32hex, SYNC W1)."""
    content = f"{hold.member_id}|{hold.pk}|{hold.generation}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), b"clockwise.hold|" + content, hashlib.sha256).digest()
    return "c10c" + base64.b32hexencode(digest[:20]).decode().lower().rstrip("=")


def _times(change: HoldChange, calendar: Calendar) -> Json:
    return {"start": _when(change.start, calendar), "end": _when(change.end, calendar)}


def _when(at: datetime, calendar: Calendar) -> Json:
    return {"dateTime": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "timeZone": calendar.time_zone}


def _looks(hold: Hold) -> Json:
    return {
        "summary": TITLES[Hold.Kind(hold.kind)],
        "transparency": "opaque",
        "reminders": {"useDefault": False},
        "extendedProperties": {"private": {MARKER: str(hold.pk), "generation": str(hold.generation)}},
    }


@outbox.on_settled(PURPOSE)
def settled(write: OutboxWrite) -> None:
    change = HoldChange.objects.select_related("hold").filter(pk=write.purpose_id).first()
    if change is None or change.hold is None:
        return
    done = write.state == OutboxWrite.State.DONE
    if done:
        change.state = HoldChange.State.APPLIED
    else:
        change.state = HoldChange.State.STALE if write.state == OutboxWrite.State.STALE else HoldChange.State.FAILED
    change.problem = write.problem
    change.save(update_fields=["state", "problem"])
    _settle_hold(change.hold, write, done=done)


def _settle_hold(hold: Hold, write: OutboxWrite, *, done: bool) -> None:
    if write.kind == OutboxWrite.Kind.DELETE:
        hold.state = Hold.State.DELETED if done else hold.state
    elif done:
        hold.state, hold.google_id, hold.etag = Hold.State.PLACED, write.google_id, write.etag
    elif write.kind == OutboxWrite.Kind.INSERT:
        hold.state = Hold.State.DELETED
    elif event := Event.objects.filter(member=hold.member_id, google_id=hold.google_id).first():
        # The move came too late: the hold is where the person has put it.
        hold.start, hold.end, hold.state = event.start, event.end, Hold.State.PINNED
    hold.save()


@changes.on_events_changed
def holds_changed(calendar: Calendar, changed: Sequence[Event], removed: Sequence[str]) -> None:
    """A hold that the person deletes stays deleted that day (H8); one that they move is theirs (W9)."""
    live = Hold.objects.filter(member=calendar.member_id, state=Hold.State.PLACED)
    live.filter(google_id__in=list(removed)).update(state=Hold.State.RELEASED)
    by_id = {event.google_id: event for event in changed}
    for hold in live.filter(google_id__in=list(by_id)):
        event = by_id[hold.google_id]
        if (event.start, event.end) != (hold.start, hold.end):
            hold.start, hold.end, hold.state, hold.etag = event.start, event.end, Hold.State.PINNED, event.etag
            hold.save()
