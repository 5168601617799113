"""Blocks on the work calendar that stand for personal appointments: neutral, private, and gone with them (H13)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from uuid import UUID, uuid4

from django.db.models import QuerySet

from calendars import changes, event_ids, outbox
from calendars.changes import Change
from calendars.meetings import series_index
from calendars.models import Calendar, Event, GoogleConnection, OutboxWrite
from calendars.sync.window import AHEAD, BEHIND
from clockwise import clock
from clockwise.encryption.blind_index import organization_index
from clockwise.tenancy.prepared import Prepared, any_of
from scheduling.hours import hours_from, local_date, working_on
from scheduling.models import PersonalBlock, PersonalCalendar, Preferences
from scheduling.personal.ics import Appointment

PURPOSE = "personal"
MARKER = "clockwise_personal"
State = PersonalBlock.State
# What the member did to a block in Google stands, until its appointment or the whole calendar goes.
THEIRS = frozenset({State.MOVED, State.RELEASED})


@dataclass
class _Changes:
    new: list[PersonalBlock] = field(default_factory=list)
    changed: list[PersonalBlock] = field(default_factory=list)
    gone: list[PersonalBlock] = field(default_factory=list)
    writes: list[OutboxWrite] = field(default_factory=list)


def work_calendar(member_id: UUID) -> Calendar | None:
    """Where blocks go: None while the member has none that is connected and may be written to."""
    active = Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE, is_primary=True)
    found = active.filter(member=member_id).select_related("connection").first()
    return found if found is not None and found.connection.may_write else None


def reconcile(linked: PersonalCalendar, appointments: Sequence[Appointment], work: Calendar) -> None:
    """Bring the blocks in line with what was read, from now on, in the caller's transaction.

    Those past stay at Google; what we know of them goes with the calendar's past.
    """
    at = clock.now()
    PersonalBlock.objects.filter(personal_calendar=linked, end__lt=at - BEHIND).delete()
    wanted = {_index(linked, a): a for a in _copied(appointments, work)}
    blocks = PersonalBlock.objects.select_for_update(of=("self",)).filter(personal_calendar=linked, end__gt=at)
    known = {bytes(block.source_index): block for block in blocks}
    events = _events(list(known.values()), work)
    found = _Changes()
    for index, appointment in wanted.items():
        if index not in known:
            _create(found, linked, index, appointment, work)
        elif known[index].state not in THEIRS:
            _move(found, linked, known[index], appointment, work, events.get(known[index].google_id))
    for index in known.keys() - wanted.keys():
        _remove(found, known[index], work, events.get(known[index].google_id))
    _save(found)


def remove_all(linked: PersonalCalendar) -> None:
    """Also those that the member has moved; unconditionally, since that is what unlinking promises."""
    work, found = work_calendar(linked.member_id), _Changes()
    for block in PersonalBlock.objects.select_for_update(of=("self",)).filter(personal_calendar=linked):
        if work is None or block.state == State.RELEASED:
            found.gone.append(block)
        else:
            _remove(found, block, work, None)
    _save(found)
    _forget_if_empty(linked.pk)


def _save(found: _Changes) -> None:
    PersonalBlock.objects.bulk_create(found.new)
    PersonalBlock.objects.bulk_update(found.changed, ["start", "end", "state", "google_id", "generation"])
    PersonalBlock.objects.filter(pk__in=[block.pk for block in found.gone]).delete()
    outbox.add(found.writes)


def _copied(appointments: Sequence[Appointment], work: Calendar) -> list[Appointment]:
    """Those on working days that the work calendar doesn't have already, as an invitation to both addresses."""
    saved = Preferences.objects.filter(member=work.member_id).first() or Preferences()
    hours = hours_from(
        zone_name=saved.time_zone,
        calendar_zone=work.time_zone,
        saved_working=saved.working_hours,
        published=work.details.working_hours,
    )
    by_uid = {a.uid: series_index(work.organization_id, a.uid) for a in appointments}
    rows = Event.objects.filter(member=work.member_id, series_index__in=list(by_uid.values()))
    there = {bytes(index) for index in rows.values_list("series_index", flat=True)}
    return [
        a for a in appointments if by_uid[a.uid] not in there and working_on(hours, local_date(a.start, hours.zone))
    ]


def _index(linked: PersonalCalendar, appointment: Appointment) -> bytes:
    return organization_index(linked.organization_id, f"personal {linked.pk}", appointment.key)


def _events(blocks: Sequence[PersonalBlock], work: Calendar) -> dict[str, Event]:
    rows = Event.objects.filter(calendar=work, google_id__in=[block.google_id for block in blocks])
    return {event.google_id: event for event in rows.select_related("calendar")}


def _create(found: _Changes, linked: PersonalCalendar, index: bytes, appointment: Appointment, work: Calendar) -> None:
    block = PersonalBlock(
        organization_id=linked.organization_id,
        member_id=linked.member_id,
        personal_calendar=linked,
        source_index=index,
        start=appointment.start,
        end=appointment.end,
    )
    block.google_id = _google_id(block)
    found.new.append(block)
    found.writes.append(_insert(block, linked, work))


def _move(
    found: _Changes,
    linked: PersonalCalendar,
    block: PersonalBlock,
    appointment: Appointment,
    work: Calendar,
    event: Event | None,
) -> None:
    if (block.start, block.end) == (appointment.start, appointment.end) and block.state != State.LEAVING:
        return
    block.start, block.end = appointment.start, appointment.end
    found.changed.append(block)
    if event is not None and block.state == State.PLACED:
        block.state = State.DECIDED
        found.writes.append(outbox.patch(event, start=block.start, end=block.end, purpose=PURPOSE, purpose_id=block.pk))
        return
    # Its insert or its deletion is still on the way: another event takes its place.
    found.writes.append(_delete(block, work, None, purpose="replaced"))
    block.state, block.generation = State.DECIDED, block.generation + 1
    block.google_id = _google_id(block)
    found.writes.append(_insert(block, linked, work))


def _remove(found: _Changes, block: PersonalBlock, work: Calendar, event: Event | None) -> None:
    """A block that the member has moved or deleted is theirs to keep out; one in Google goes unless it was edited."""
    if block.state == State.RELEASED:
        found.gone.append(block)
    elif block.state != State.LEAVING:
        block.state = State.LEAVING
        found.changed.append(block)
        found.writes.append(_delete(block, work, event, purpose=PURPOSE))


def _insert(block: PersonalBlock, linked: PersonalCalendar, work: Calendar) -> OutboxWrite:
    body = {
        **outbox.times(block.start, block.end, work),
        "summary": linked.shows,
        "visibility": "private",
        "transparency": "opaque",
        "reminders": {"useDefault": False},
        "extendedProperties": {"private": {MARKER: str(block.pk)}},
    }
    return outbox.insert(work, google_id=block.google_id, body=body, purpose=PURPOSE, purpose_id=block.pk)


def _delete(block: PersonalBlock, work: Calendar, event: Event | None, *, purpose: str) -> OutboxWrite:
    etag = event.etag if event else ""
    return outbox.delete(work, google_id=block.google_id, etag=etag, purpose=purpose, purpose_id=block.pk)


def _google_id(block: PersonalBlock) -> str:
    return event_ids.chosen("personal", block.member_id, block.pk, block.generation)


# How the writes ended, and what the member does with blocks in Google


@outbox.on_settled(PURPOSE)
def settled(writes: Sequence[OutboxWrite]) -> None:
    for write in writes:
        block = PersonalBlock.objects.filter(pk=write.purpose_id).first()
        if block is not None:
            _settle(block, write, done=write.state == OutboxWrite.State.DONE)


def _settle(block: PersonalBlock, write: OutboxWrite, *, done: bool) -> None:
    if write.kind == OutboxWrite.Kind.DELETE and block.state == State.LEAVING:
        # One that was edited since is the member's own now, like any event.
        block.delete()
        _forget_if_empty(block.personal_calendar_id)
        return
    if write.google_id != block.google_id and write.kind != OutboxWrite.Kind.PATCH:
        return  # an earlier generation's
    if done and block.state == State.DECIDED:
        block.state = State.PLACED
    elif not done and write.state == OutboxWrite.State.STALE:
        block.state = State.RELEASED if write.kind == OutboxWrite.Kind.INSERT else State.MOVED
    elif not done and write.kind == OutboxWrite.Kind.INSERT:
        block.delete()  # the next reading tries again
        return
    block.save(update_fields=["state"])


def _forget_if_empty(personal_calendar_id: UUID) -> None:
    unlinked = PersonalCalendar.objects.filter(pk=personal_calendar_id, unlinked_at__isnull=False)
    unlinked.filter(blocks__isnull=True).delete()


@outbox.on_renamed(PURPOSE)
def renamed(write: OutboxWrite, old: str) -> None:
    PersonalBlock.objects.filter(member=write.member_id, google_id=old).update(google_id=event_ids.next_after(old))


def _placed(member_id: UUID) -> QuerySet[PersonalBlock]:
    return PersonalBlock.objects.filter(member=member_id, state=State.PLACED)


@cache
def _placed_among() -> Prepared[PersonalBlock]:
    member_id, google_ids = uuid4(), [uuid4().hex]
    return Prepared(_placed(member_id).filter(google_id__in=any_of(google_ids)), [member_id, google_ids])


@changes.on_events_changed
def blocks_changed(calendar: Calendar, changed: Sequence[Change], removed: Sequence[str]) -> None:
    """One that the member deletes stays deleted; one that they move is theirs."""
    if removed:
        _placed(calendar.member_id).filter(google_id__in=list(removed)).update(state=State.RELEASED)
    places = {change.event.google_id: change.place for change in changed}
    there = _placed_among().rows(calendar.member_id, list(places)) if places else ()
    moved = [block.pk for block in there if places[block.google_id] != (block.start, block.end)]
    if moved:
        PersonalBlock.objects.filter(pk__in=moved).update(state=State.MOVED)


def horizon() -> tuple[datetime, datetime]:
    """What is copied: from now on, as far as calendars are read."""
    at = clock.now()
    return at, at + AHEAD
