"""Turns what Google listed into rows: one bulk write for a listing, unchanged events left alone."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from calendars import changes
from calendars.meetings import meeting_index, series_index
from calendars.models import Calendar, Event
from calendars.models.event import Attendee, EventDetails
from calendars.shut_out import without
from calendars.sync.listing import Listing
from calendars.sync.window import Window
from clockwise.google.event import GoogleEvent
from clockwise.tenancy.models import time_ordered_id
from privacy import processing

BATCH = 500
WRITTEN = [
    field.name
    for field in Event._meta.concrete_fields
    if field.name not in ("id", "organization", "member", "calendar")
]


def whole(calendar: Calendar, listing: Listing, window: Window, *, anew: bool) -> None:
    """The calendar is what was listed, and nothing else. `anew`: what is asked for changed, so rewrite each row."""
    known = _known(calendar)
    events = [event for event in listing.events if window.holds(event.start, event.end)]
    changed = _store(calendar, events, known, anew=anew)
    gone = known.keys() - {event.google_id for event in events}
    _remove(calendar, gone)
    changes.tell(calendar, changed, sorted(gone))


def difference(calendar: Calendar, listing: Listing, window: Window) -> None:
    """Only what changed since the last time; deltas may lie outside the window, and then leave it."""
    inside = [event for event in listing.events if window.holds(event.start, event.end)]
    left = {event.google_id for event in listing.events} - {event.google_id for event in inside}
    known = _known(calendar, {event.google_id for event in inside})
    changed = _store(calendar, inside, known, anew=False)
    gone = _with_instances(calendar, left | {tombstone.google_id for tombstone in listing.tombstones})
    _remove(calendar, gone)
    changes.tell(calendar, changed, sorted(gone))


def answers(calendar: Calendar, events: Sequence[GoogleEvent]) -> list[Event]:
    """What Google answered to writes of ours, stored at once: the page is right before the sync sees it."""
    return _store(calendar, events, _known(calendar, {event.google_id for event in events}), anew=True)


def _known(calendar: Calendar, google_ids: set[str] | None = None) -> dict[str, tuple[UUID, str]]:
    """Row id and etag by Google id."""
    rows = Event.objects.filter(calendar=calendar)
    if google_ids is not None:
        rows = rows.filter(google_id__in=google_ids)
    return {google_id: (pk, etag) for google_id, pk, etag in rows.values_list("google_id", "pk", "etag")}


def _store(
    calendar: Calendar, events: Iterable[GoogleEvent], known: dict[str, tuple[UUID, str]], *, anew: bool
) -> list[Event]:
    rows = {}
    out = processing.shut_out_now()
    for event in events:
        pk, etag = known.get(event.google_id, (None, ""))
        if pk is None or anew or not event.etag or etag != event.etag:
            rows[event.google_id] = _row(calendar, event, pk or time_ordered_id(), out)
    found = list(rows.values())
    Event.objects.bulk_create(
        found, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN, batch_size=BATCH
    )
    return found


def _with_instances(calendar: Calendar, google_ids: set[str]) -> set[str]:
    """A series may be cancelled by its own id; then its instances go with it."""
    instances = Event.objects.filter(calendar=calendar, series_id__in=google_ids)
    return google_ids | set(instances.values_list("google_id", flat=True))


def _remove(calendar: Calendar, google_ids: Iterable[str]) -> None:
    Event.objects.filter(calendar=calendar, google_id__in=list(google_ids)).delete()


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
        attendee_count=sum(not attendee.is_room for attendee in event.attendees),
        etag=event.etag,
        # Google may have been asked before an admin shut a part out.
        details=without(_details(event), out),
    )


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
