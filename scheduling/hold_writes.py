"""Holds on their way to Google and back: deciding, settling, and what the person does with them there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from calendars import changes, event_ids, outbox
from calendars.changes import Change
from calendars.models import Calendar, Event, GoogleConnection, OutboxWrite
from clockwise.organizations.models import Member
from clockwise.tenancy.prepared import Prepared, any_of
from scheduling.hours import local_date, zone_of
from scheduling.models import Hold, HoldChange, Preferences

PURPOSE = "hold"
MARKER = "clockwise_hold"
TITLES = {Hold.Kind.FOCUS: "Focus time", Hold.Kind.LUNCH: "Lunch"}
ENDED = {
    OutboxWrite.State.STALE: HoldChange.State.STALE,
    OutboxWrite.State.FAILED: HoldChange.State.FAILED,
    OutboxWrite.State.DROPPED: HoldChange.State.FAILED,
}
Json = dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """`stale`: of these the hold or the calendar is gone."""

    decided: list[HoldChange]
    stale: list[HoldChange]


def decide(changes: Sequence[HoldChange], *, by: Member, at: datetime) -> Decision:
    """Write changes to the outbox, in the caller's transaction."""
    calendars = _calendars({change.member_id for change in changes})
    decision = Decision([], [])
    for change in changes:
        gone = change.hold is not None and change.hold.state not in (Hold.State.DECIDED, Hold.State.PLACED)
        if gone or change.member_id not in calendars:
            change.state = HoldChange.State.STALE
            decision.stale.append(change)
        else:
            change.state, change.decided_at, change.decided_by = HoldChange.State.DECIDED, at, by
            decision.decided.append(change)
    created, writes = _carry_out(decision.decided, calendars)
    Hold.objects.bulk_create(created)
    moved = [c.hold for c in decision.decided if c.hold and c.action == HoldChange.Action.MOVE]
    Hold.objects.bulk_update(moved, ["start", "end", "date", "google_id", "generation"])
    HoldChange.objects.bulk_update(changes, ["hold", "state", "decided_at", "decided_by"])
    outbox.add(writes)
    return decision


def _carry_out(
    changes: Sequence[HoldChange], calendars: Mapping[UUID, Calendar]
) -> tuple[list[Hold], list[OutboxWrite]]:
    """New holds, and what is to be written to Google."""
    events, zones = _events(changes), _zones(calendars.keys(), calendars)
    created: list[Hold] = []
    writes: list[OutboxWrite] = []
    for change in changes:
        calendar, hold = calendars[change.member_id], change.hold
        if change.action == HoldChange.Action.CREATE or hold is None:
            hold = change.hold = Hold(member_id=change.member_id, kind=change.kind)
            hold.claim_for_current_organization()
            _place(hold, change.start, change.end, zones[change.member_id])
            hold.google_id = google_id(hold)
            created.append(hold)
            writes.append(_insert(change, hold, calendar))
        elif change.action == HoldChange.Action.MOVE:
            _place(hold, change.start, change.end, zones[change.member_id])
            writes += _move(change, hold, calendar, events.get((calendar.pk, hold.google_id)))
        else:
            writes.append(_delete(change, hold, calendar, events.get((calendar.pk, hold.google_id))))
    return created, writes


def reversals(changes: Sequence[HoldChange], *, purpose: str) -> dict[UUID, OutboxWrite]:
    """By change, the writes that take applied changes back, in the caller's transaction. Those are left out whose hold
    is no longer as the change has left it, or whose calendar isn't connected.
    """
    calendars, events = _calendars({change.member_id for change in changes}), _events(changes)
    zones = _zones([change.member_id for change in changes], calendars)
    writes: dict[UUID, OutboxWrite] = {}
    for change in changes:
        hold, calendar = change.hold, calendars.get(change.member_id)
        if hold is None or calendar is None:
            continue
        event = events.get((calendar.pk, hold.google_id))
        if write := _reversal(change, hold, calendar, event, zones.get(change.member_id), purpose):
            writes[change.pk] = write
    holds = [change.hold for change in changes if change.hold and change.pk in writes]
    Hold.objects.bulk_update(holds, ["generation", "google_id", "state", "start", "end", "date"])
    return writes


def _reversal(
    change: HoldChange, hold: Hold, calendar: Calendar, event: Event | None, zone: ZoneInfo | None, purpose: str
) -> OutboxWrite | None:
    """The hold, unsaved, becomes what it will be."""
    if change.action == HoldChange.Action.DELETE:
        if hold.state != Hold.State.DELETED:
            return None
        hold.generation += 1
        hold.google_id, hold.state = google_id(hold), Hold.State.DECIDED
        body = {**outbox.times(change.start, change.end, calendar), **_looks(hold)}
        return outbox.insert(calendar, google_id=hold.google_id, body=body, purpose=purpose, purpose_id=change.pk)
    if hold.state != Hold.State.PLACED or (hold.start, hold.end) != (change.start, change.end):
        return None
    if change.action == HoldChange.Action.CREATE:
        return outbox.delete(calendar, google_id=hold.google_id, etag=hold.etag, purpose=purpose, purpose_id=change.pk)
    if event is None or zone is None or change.old_start is None or change.old_end is None:
        return None
    _place(hold, change.old_start, change.old_end, zone)
    return outbox.patch(event, start=hold.start, end=hold.end, purpose=purpose, purpose_id=change.pk)


def ours(events: Sequence[Event]) -> set[UUID]:
    """Those that are holds which give way, and not ones that their person has made theirs."""
    held = Hold.objects.filter(google_id__in={event.google_id for event in events}).exclude(state=Hold.State.PINNED)
    keys = {(hold.member_id, hold.google_id) for hold in held}
    return {event.pk for event in events if (event.member_id, event.google_id) in keys}


def _calendars(members: set[UUID]) -> dict[UUID, Calendar]:
    active = Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE, is_primary=True)
    return {calendar.member_id: calendar for calendar in active.filter(member__in=members)}


def _events(changes: Sequence[HoldChange]) -> dict[tuple[UUID, str], Event]:
    known = [change.hold.google_id for change in changes if change.hold]
    rows = Event.objects.filter(google_id__in=known).select_related("calendar")
    return {(event.calendar_id, event.google_id): event for event in rows}


def _insert(change: HoldChange, hold: Hold, calendar: Calendar) -> OutboxWrite:
    body = {**outbox.times(change.start, change.end, calendar), **_looks(hold)}
    return outbox.insert(calendar, google_id=hold.google_id, body=body, purpose=PURPOSE, purpose_id=change.pk)


def _delete(change: HoldChange, hold: Hold, calendar: Calendar, event: Event | None) -> OutboxWrite:
    """Not over an edit that we haven't seen yet."""
    etag = event.etag if event else ""
    return outbox.delete(calendar, google_id=hold.google_id, etag=etag, purpose=PURPOSE, purpose_id=change.pk)


def _move(change: HoldChange, hold: Hold, calendar: Calendar, event: Event | None) -> list[OutboxWrite]:
    """The event keeps its id; an etag that has changed since is the person's own edit, which stands."""
    if event is not None:
        return [outbox.patch(event, start=change.start, end=change.end, purpose=PURPOSE, purpose_id=change.pk)]
    # Its insert is still on the way: a new event under the next generation's id takes its place.
    replaced = outbox.delete(calendar, google_id=hold.google_id, etag="", purpose="replaced", purpose_id=change.pk)
    hold.generation += 1
    hold.google_id = google_id(hold)
    return [replaced, _insert(change, hold, calendar)]


def _place(hold: Hold, start: datetime, end: datetime, zone: ZoneInfo) -> None:
    """`zone`: the one in which its person's days are planned."""
    hold.start, hold.end, hold.date = start, end, local_date(start, zone)


def _zones(members: Collection[UUID], calendars: Mapping[UUID, Calendar]) -> dict[UUID, ZoneInfo]:
    """What a member saved, else the calendar's."""
    saved = dict(Preferences.objects.filter(member__in=members).values_list("member_id", "time_zone"))
    found = {member_id: calendars.get(member_id) for member_id in members}
    return {member_id: zone_of(saved.get(member_id, ""), c.time_zone if c else "") for member_id, c in found.items()}


def google_id(hold: Hold) -> str:
    """Another one for each generation."""
    return event_ids.chosen("hold", hold.member_id, hold.pk, hold.generation)


def _looks(hold: Hold) -> Json:
    return {
        "summary": TITLES[Hold.Kind(hold.kind)],
        "transparency": "opaque",
        "reminders": {"useDefault": False},
        "extendedProperties": {"private": {MARKER: str(hold.pk), "generation": str(hold.generation)}},
    }


@outbox.on_settled(PURPOSE)
def settled(writes: Sequence[OutboxWrite]) -> None:
    by_change = {write.purpose_id: write for write in writes}
    changes = [c for c in HoldChange.objects.select_related("hold").filter(pk__in=by_change) if c.hold is not None]
    for change in changes:
        write = by_change[change.pk]
        change.state, change.problem = (
            ENDED.get(OutboxWrite.State(write.state), HoldChange.State.APPLIED),
            write.problem,
        )
    HoldChange.objects.bulk_update(changes, ["state", "problem"])
    holds = [(c.hold, by_change[c.pk]) for c in changes if c.hold is not None]
    late = [hold for hold, write in holds if _settle_hold(hold, write)]
    _leave_where_they_are(late)
    Hold.objects.bulk_update([hold for hold, _ in holds], ["state", "google_id", "etag", "start", "end", "date"])


def _settle_hold(hold: Hold, write: OutboxWrite) -> bool:
    """Whether its move came too late."""
    done = write.state == OutboxWrite.State.DONE
    if write.kind == OutboxWrite.Kind.DELETE:
        hold.state = Hold.State.DELETED if done else hold.state
    elif done:
        hold.state, hold.google_id, hold.etag = Hold.State.PLACED, write.google_id, write.etag
    elif write.kind == OutboxWrite.Kind.INSERT:
        # Stale: it was made, and the person has deleted it before we knew.
        hold.state = Hold.State.RELEASED if write.state == OutboxWrite.State.STALE else Hold.State.DELETED
    else:
        return True
    return False


def _leave_where_they_are(holds: Sequence[Hold]) -> None:
    """The person has put them there."""
    members = {hold.member_id for hold in holds}
    zones = _zones(members, _calendars(members)) if holds else {}
    rows = Event.objects.filter(google_id__in=[hold.google_id for hold in holds]) if holds else ()
    events = {(event.member_id, event.google_id): event for event in rows}
    for hold in holds:
        if event := events.get((hold.member_id, hold.google_id)):
            _place(hold, event.start, event.end, zones[hold.member_id])
            hold.state = Hold.State.PINNED


@outbox.on_renamed(PURPOSE)
def renamed(write: OutboxWrite, old: str) -> None:
    Hold.objects.filter(member=write.member_id, google_id=old).update(google_id=event_ids.next_after(old))


def _live(member_id: UUID) -> QuerySet[Hold]:
    return Hold.objects.filter(member=member_id, state__in=[Hold.State.PLACED, Hold.State.PINNED])


@cache
def _live_among() -> Prepared[Hold]:
    member_id, google_ids = uuid4(), [uuid4().hex]
    return Prepared(_live(member_id).filter(google_id__in=any_of(google_ids)), [member_id, google_ids])


@changes.on_events_changed
def holds_changed(calendar: Calendar, changed: Sequence[Change], removed: Sequence[str]) -> None:
    """A hold that the person deletes stays deleted that day (H8); one that they move is theirs (W9)."""
    if removed:
        _live(calendar.member_id).filter(google_id__in=list(removed)).update(state=Hold.State.RELEASED)
    by_id = {change.event.google_id: change for change in changed}
    there = _live_among().rows(calendar.member_id, list(by_id)) if by_id else ()
    moved = [hold for hold in there if (hold.start, hold.end) != by_id[hold.google_id].place]
    zones = _zones({calendar.member_id}, {calendar.member_id: calendar}) if moved else {}
    for hold in moved:
        event = by_id[hold.google_id].event
        _place(hold, event.start, event.end, zones[hold.member_id])
        hold.state, hold.etag = Hold.State.PINNED, event.etag
        hold.save()
