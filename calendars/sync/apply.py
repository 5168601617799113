"""Turns what Google listed into rows: unchanged events left alone, the others in bulk."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q, QuerySet
from django.db.models.deletion import Collector

from calendars import changes
from calendars.changes import Change
from calendars.meetings import indexer
from calendars.models import Calendar, Event, SetAsideEvent
from calendars.sync import bulk
from calendars.sync.listing import Listing
from calendars.sync.window import Window
from clockwise import clock
from clockwise.google.event import GoogleEvent
from clockwise.tenancy.models import time_ordered_id
from clockwise.tenancy.prepared import by_ids
from privacy import processing

KNOWN = ("google_id", "pk", "etag", "start", "end")


class Known(NamedTuple):
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


def answers(calendar: Calendar, events: Sequence[GoogleEvent]) -> list[Change]:
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
    if google_ids is None:
        found = _of_calendar().rows(calendar.pk)
    else:
        rows = Event.objects.filter(calendar=calendar).values_list(*KNOWN)
        found = list(rows.filter(Q(google_id__in=list(google_ids)) | Q(series_id__in=list(series))))
    return {google_id: Known(*known) for google_id, *known in found}


@by_ids
def _of_calendar(calendar_id: UUID) -> QuerySet[Event, tuple[Any, ...]]:
    return Event.objects.filter(calendar=calendar_id).values_list(*KNOWN)


def _store(
    calendar: Calendar,
    events: Iterable[GoogleEvent],
    known: dict[str, Known],
    *,
    anew: bool,
    shut_out: frozenset[str],
) -> list[Change]:
    indexes, changes = indexer(calendar.organization_id), []
    for event in events:
        before = known.get(event.google_id)
        if before is None or anew or not before.is_current(event):
            event_id, place = (before.pk, (before.start, before.end)) if before else (time_ordered_id(), None)
            changes.append(Change(event_id, event, *indexes(event.ical_uid, event.original_start), place))
    if changes:
        bulk.write(calendar, changes, shut_out=shut_out)
    return changes


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


def _tell(calendar: Calendar, changed: list[Change], gone: set[str]) -> bool:
    changes.tell(calendar, changed, sorted(gone))
    return bool(changed or gone)
