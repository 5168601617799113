"""Turns what Google listed into rows: unchanged events left alone, the others in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q
from django.db.models.deletion import Collector

from calendars import changes
from calendars.meetings import meeting_index, series_index
from calendars.models import Calendar, Event, SetAsideEvent
from calendars.models.event import Attendee, EventDetails
from calendars.shut_out import without
from calendars.sync import bulk
from calendars.sync.listing import Listing
from calendars.sync.window import Window
from clockwise import clock
from clockwise.google.event import GoogleEvent
from clockwise.tenancy.models import time_ordered_id
from privacy import processing


@dataclass(frozen=True)
class Known:
    """What we have of an event. The zone's rules may move a whole day that its etag says nothing of (SYNC S10)."""

    pk: UUID
    etag: str
    start: datetime
    end: datetime

    def is_current(self, event: GoogleEvent) -> bool:
        return bool(event.etag) and (self.etag, self.start, self.end) == (event.etag, event.start, event.end)


def whole(calendar: Any, listing: Listing, window: Window, *, anew: bool, shut_out: frozenset[str]) -> bool:
    """The calendar is what was listed, and nothing else. Answers whether that changed anything.

    calendar: with `has_set_aside`. shut_out: parts that are not to be stored. anew: what is asked for has
    changed, so rewrite each row.
    """
    known = _known(calendar)
    events = [event for event in listing.events.values() if window.holds(event.start, event.end)]
    changed = _store(calendar, events, known, anew=anew, shut_out=shut_out)
    gone = known.keys() - {event.google_id for event in events}
    _remove(calendar, [known[google_id].pk for google_id in gone])
    if calendar.has_set_aside:
        SetAsideEvent.objects.filter(calendar=calendar).exclude(google_id__in=list(listing.set_aside)).delete()
    _set_aside(calendar, listing.set_aside)
    return _tell(calendar, changed, gone)


def difference(calendar: Any, listing: Listing, window: Window, *, shut_out: frozenset[str]) -> bool:
    """Only what changed since the last time; deltas may lie outside the window, and then leave it.

    Answers whether there was a difference to what we had.
    """
    if not listing.google_ids:
        return False
    inside = [event for event in listing.events.values() if window.holds(event.start, event.end)]
    # A series may be cancelled by its own id; then its instances go with it.
    known = _known(calendar, listing.google_ids, series=listing.tombstones)
    changed = _store(calendar, inside, known, anew=False, shut_out=shut_out)
    gone = known.keys() - {event.google_id for event in inside}
    _remove(calendar, [known[google_id].pk for google_id in gone])
    if calendar.has_set_aside:
        readable = listing.google_ids - listing.set_aside.keys()
        SetAsideEvent.objects.filter(calendar=calendar, google_id__in=list(readable)).delete()
    _set_aside(calendar, listing.set_aside)
    return _tell(calendar, changed, gone)


def answers(calendar: Calendar, events: Sequence[GoogleEvent]) -> list[Event]:
    """What Google answered to writes of ours, stored at once: the page is right before the sync sees it.

    The sync then finds the etag that it has, and so takes our own write for nobody's edit (SYNC S14).
    """
    known = _known(calendar, {event.google_id for event in events})
    return _store(calendar, events, known, anew=True, shut_out=processing.shut_out_now())


def nothing(calendar: Calendar) -> None:
    """The calendar is read no more: all that we have of it goes."""
    known = _known(calendar)
    _remove(calendar, [row.pk for row in known.values()])
    SetAsideEvent.objects.filter(calendar=calendar).delete()
    _tell(calendar, [], set(known))


def _known(calendar: Calendar, google_ids: set[str] | None = None, *, series: Iterable[str] = ()) -> dict[str, Known]:
    """By Google id: all, or those of `google_ids` and the instances of `series`."""
    rows = Event.objects.filter(calendar=calendar)
    if google_ids is not None:
        rows = rows.filter(Q(google_id__in=list(google_ids)) | Q(series_id__in=list(series)))
    found = rows.values_list("google_id", "pk", "etag", "start", "end")
    return {google_id: Known(pk, etag, start, end) for google_id, pk, etag, start, end in found}


def _store(
    calendar: Calendar,
    events: Iterable[GoogleEvent],
    known: dict[str, Known],
    *,
    anew: bool,
    shut_out: frozenset[str],
) -> list[Event]:
    rows = {}
    for event in events:
        before = known.get(event.google_id)
        if before is None or anew or not before.is_current(event):
            rows[event.google_id] = _row(calendar, event, before.pk if before else time_ordered_id(), shut_out)
    found = list(rows.values())
    if found:
        bulk.write(found)
    return found


def _set_aside(calendar: Calendar, parts: dict[str, str]) -> None:
    rows = [
        SetAsideEvent(calendar=calendar, member_id=calendar.member_id, google_id=google_id, reason=part, since=since)
        for since in [clock.now()]
        for google_id, part in parts.items()
    ]
    if rows:
        SetAsideEvent.objects.bulk_create(rows, ignore_conflicts=True)


def _remove(calendar: Calendar, ids: Iterable[UUID]) -> None:
    """With what hangs on them. Their rows aren't read again for it, as a queryset's delete() would."""
    rows = [Event(pk=pk, organization_id=calendar.organization_id, member_id=calendar.member_id) for pk in ids]
    if rows:
        collector = Collector(using=DEFAULT_DB_ALIAS)
        collector.collect(rows)
        collector.delete()


def _tell(calendar: Calendar, changed: list[Event], gone: set[str]) -> bool:
    changes.tell(calendar, changed, sorted(gone))
    return bool(changed or gone)


def _row(calendar: Calendar, event: GoogleEvent, pk: UUID, shut_out: frozenset[str]) -> Event:
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
        details=without(_details(event), shut_out),
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
