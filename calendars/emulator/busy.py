"""When a calendar is busy: what freeBusy answers, and how a room knows whether it is free."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from calendars.emulator.recurrence import instant, occurrences
from calendars.emulator.state import Calendar, Event

Json = dict[str, Any]
Range = tuple[datetime, datetime]


def ranges(calendar: Calendar, start: datetime, end: datetime, *, without: Event | None = None) -> list[Range]:
    """What blocks time in [start, end), in order and merged."""
    found = [
        (max(begins, start), min(ends, end))
        for event in calendar.events.values()
        if event is not without
        for begins, ends in _blocks(calendar, event, start, end)
        if begins < end and ends > start
    ]
    return list(_merged(sorted(found)))


def instances(
    event: Event, calendar: Calendar, start: datetime | None, end: datetime
) -> Iterator[tuple[str | None, Json, Json]]:
    """Suffix, `start` and `end` of what may lie in the window: moved exceptions, wherever they were moved to."""
    if not event.is_series:
        yield None, event.fields["start"], event.fields["end"]
        return
    moved = {suffix: found.fields for suffix, found in event.instances.items() if "start" in found.fields}
    for suffix, begins, ends in occurrences(event.fields, calendar.time_zone, start, end):
        if suffix not in moved:
            yield suffix, begins, ends
    for suffix, fields in moved.items():
        yield suffix, fields["start"], fields["end"]


def _blocks(calendar: Calendar, event: Event, start: datetime, end: datetime) -> Iterator[Range]:
    for suffix, begins, ends in instances(event, calendar, start, end):
        if _is_blocking(event, calendar.id, suffix):
            yield instant(begins, calendar.time_zone), instant(ends, calendar.time_zone)


def _is_blocking(event: Event, calendar_id: str, suffix: str | None) -> bool:
    if event.is_cancelled(calendar_id, suffix):
        return False
    facts = event.facts(suffix) | event.own_fields(calendar_id, suffix)
    guests: Iterable[Json] = facts.get("attendees", ())
    declined = any(g["email"].lower() == calendar_id and g.get("responseStatus") == "declined" for g in guests)
    return not declined and facts.get("transparency") != "transparent" and facts.get("eventType") != "workingLocation"


def _merged(found: list[Range]) -> Iterator[Range]:
    current: Range | None = None
    for begins, ends in found:
        if current is None or begins > current[1]:
            if current is not None:
                yield current
            current = (begins, ends)
        else:
            current = (current[0], max(current[1], ends))
    if current is not None:
        yield current
