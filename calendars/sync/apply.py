"""Turns what Google listed into rows: unchanged events left alone, the others in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calendars import changes
from calendars.meetings import meeting_index, series_index
from calendars.models import Calendar, Event, SetAsideEvent
from calendars.models.event import Attendee, EventDetails
from calendars.shut_out import without
from calendars.sync.listing import Listing
from calendars.sync.window import Window
from clockwise import clock
from clockwise.google.event import GoogleEvent
from clockwise.tenancy.models import time_ordered_id
from privacy import processing

BATCH = 1000
WRITTEN = [
    field.name
    for field in Event._meta.concrete_fields
    if field.name not in ("id", "organization", "member", "calendar")
]


@dataclass(frozen=True)
class Known:
    """What we have of an event. The zone's rules may move a whole day that its etag says nothing of (SYNC S10)."""

    pk: UUID
    etag: str
    start: datetime
    end: datetime

    def is_current(self, event: GoogleEvent) -> bool:
        return bool(event.etag) and (self.etag, self.start, self.end) == (event.etag, event.start, event.end)


def whole(calendar: Calendar, listing: Listing, window: Window, *, anew: bool) -> bool:
    """The calendar is what was listed, and nothing else. Answers whether that changed anything.

    anew: what is asked for has changed, so rewrite each row.
    """
    known = _known(calendar)
    events = [event for event in listing.events.values() if window.holds(event.start, event.end)]
    changed = _store(calendar, events, known, anew=anew)
    gone = known.keys() - {event.google_id for event in events}
    _remove(calendar, gone)
    SetAsideEvent.objects.filter(calendar=calendar).exclude(google_id__in=list(listing.set_aside)).delete()
    _set_aside(calendar, listing.set_aside)
    return _tell(calendar, changed, gone)


def difference(calendar: Calendar, listing: Listing, window: Window) -> bool:
    """Only what changed since the last time; deltas may lie outside the window, and then leave it.

    Answers whether there was a difference to what we had.
    """
    if not listing.google_ids:
        return False
    inside = [event for event in listing.events.values() if window.holds(event.start, event.end)]
    known = _known(calendar, listing.google_ids)
    changed = _store(calendar, inside, known, anew=False)
    gone = known.keys() - {event.google_id for event in inside}
    if listing.tombstones:
        gone |= _instances(calendar, listing.tombstones)
    _remove(calendar, gone)
    SetAsideEvent.objects.filter(
        calendar=calendar, google_id__in=listing.google_ids - listing.set_aside.keys()
    ).delete()
    _set_aside(calendar, listing.set_aside)
    return _tell(calendar, changed, gone)


def answers(calendar: Calendar, events: Sequence[GoogleEvent]) -> list[Event]:
    """What Google answered to writes of ours, stored at once: the page is right before the sync sees it.

    The sync then finds the etag that it has, and so takes our own write for nobody's edit (SYNC S14).
    """
    return _store(calendar, events, _known(calendar, {event.google_id for event in events}), anew=True)


def nothing(calendar: Calendar) -> None:
    """The calendar is read no more: all that we have of it goes."""
    gone = set(Event.objects.filter(calendar=calendar).values_list("google_id", flat=True))
    _remove(calendar, gone)
    SetAsideEvent.objects.filter(calendar=calendar).delete()
    _tell(calendar, [], gone)


def _known(calendar: Calendar, google_ids: set[str] | None = None) -> dict[str, Known]:
    rows = Event.objects.filter(calendar=calendar)
    if google_ids is not None:
        rows = rows.filter(google_id__in=list(google_ids))
    found = rows.values_list("google_id", "pk", "etag", "start", "end")
    return {google_id: Known(pk, etag, start, end) for google_id, pk, etag, start, end in found}


def _store(calendar: Calendar, events: Iterable[GoogleEvent], known: dict[str, Known], *, anew: bool) -> list[Event]:
    rows, out = {}, processing.shut_out_now()
    for event in events:
        before = known.get(event.google_id)
        if before is None or anew or not before.is_current(event):
            rows[event.google_id] = _row(calendar, event, before.pk if before else time_ordered_id(), out)
    found = list(rows.values())
    if found:
        Event.objects.bulk_create(
            found, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN, batch_size=BATCH
        )
    return found


def _set_aside(calendar: Calendar, parts: dict[str, str]) -> None:
    rows = [
        SetAsideEvent(calendar=calendar, member_id=calendar.member_id, google_id=google_id, reason=part, since=since)
        for since in [clock.now()]
        for google_id, part in parts.items()
    ]
    if rows:
        SetAsideEvent.objects.bulk_create(rows, ignore_conflicts=True)


def _instances(calendar: Calendar, google_ids: set[str]) -> set[str]:
    """A series may be cancelled by its own id; then its instances go with it."""
    return set(
        Event.objects.filter(calendar=calendar, series_id__in=list(google_ids)).values_list("google_id", flat=True)
    )


def _remove(calendar: Calendar, google_ids: Iterable[str]) -> None:
    if gone := list(google_ids):
        Event.objects.filter(calendar=calendar, google_id__in=gone).delete()


def _tell(calendar: Calendar, changed: list[Event], gone: set[str]) -> bool:
    changes.tell(calendar, changed, sorted(gone))
    return bool(changed or gone)


def _row(calendar: Calendar, event: GoogleEvent, pk: UUID, out: frozenset[str]) -> Event:
    organization_id = calendar.organization_id
    return Event(
        id=pk,
        organization_id=organization_id,
        member_id=calendar.member_id,
        calendar=calendar,
        google_id=event.google_id,
        series_id=event.series_id,
        original_start=event.original_start,
        meeting_index=meeting_index(organization_id, event.ical_uid, event.original_start),
        series_index=series_index(organization_id, event.ical_uid),
        start=event.start,
        end=event.end,
        is_all_day=event.all_day,
        is_busy=event.busy,
        event_type=event.event_type,
        visibility=event.visibility,
        response=event.own_response,
        is_organizer=event.organizer_self,
        guests_can_modify=event.guests_can_modify,
        is_locked=event.locked,
        attendee_count=_attendee_count(event),
        etag=event.etag,
        # Google may have been asked before an admin shut a part out.
        details=without(_details(event), out),
    )


def _attendee_count(event: GoogleEvent) -> int:
    """People, rooms left out. Where Google hides guests there is at least one more than it lists."""
    return sum(not attendee.is_room for attendee in event.attendees) + event.guests_hidden


def _details(event: GoogleEvent) -> EventDetails:
    return EventDetails(
        title=event.summary,
        description=event.description,
        location=event.location,
        conference_link=event.conference_link,
        organizer=event.organizer_email,
        attendees=tuple(
            Attendee(a.email, a.name, a.response, is_room=a.is_room, optional=a.optional) for a in event.attendees
        ),
    )
