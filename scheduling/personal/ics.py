"""What an ICS file (RFC 5545) says of somebody's time: single instances, and nothing of what they are about.

The one place where recurrences are expanded here: no server does it for a file. icalendar and recurring-ical-events
do, with RRULE, RDATE, EXDATE, exceptions and time zones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events  # type: ignore[import-untyped]
from icalendar import Calendar

MOST_EVENTS = 10_000
MOST_INSTANCES = 5000
# A rule that repeats within a day is no appointment, and could be made to cost us hours.
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})


class NotACalendar(Exception):
    """The file is no ICS file."""


class TooManyEvents(Exception):
    """More than anybody's calendar has."""


@dataclass(frozen=True)
class Appointment:
    """`key`: the same for the same event (of a series, for the same instance), wherever it is moved."""

    key: str
    uid: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Reading:
    """`set_aside`: how many events couldn't be understood."""

    appointments: tuple[Appointment, ...]
    set_aside: int


def read(body: bytes, *, zone: ZoneInfo, start: datetime, end: datetime) -> Reading:
    """Appointments that take time in [start, end). `zone`: of times that name none.

    Raises NotACalendar, TooManyEvents.
    """
    calendar = _parsed(body)
    if len(calendar.subcomponents) > MOST_EVENTS:
        raise TooManyEvents
    recurring = {str(event.get("UID", "")) for event in calendar.walk("VEVENT") if _recurs(event)}
    set_aside = _drop_unreadable(calendar)
    found: dict[str, Appointment] = {}
    for event in _instances(calendar, start, end):
        try:
            appointment = _appointment(event, recurring, zone) if _takes_time(event) else None
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
            set_aside += 1
            continue
        if appointment and appointment.start < end and appointment.end > start:
            found[appointment.key] = appointment
    return Reading(tuple(sorted(found.values(), key=lambda a: (a.start, a.key))), set_aside)


def _parsed(body: bytes) -> Any:
    try:
        calendar = Calendar.from_ical(body)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        failure = NotACalendar()
    else:
        if calendar.name == "VCALENDAR":
            return calendar
        failure = NotACalendar()
    # Outside the handler, so that no traceback carries the file's words.
    raise failure


def _recurs(event: Any) -> bool:
    return any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def _drop_unreadable(calendar: Any) -> int:
    """Take out what the expansion couldn't deal with, event by event. Returns how many."""
    kept = [part for part in calendar.subcomponents if part.name != "VEVENT" or _is_readable(part)]
    dropped = len(calendar.subcomponents) - len(kept)
    calendar.subcomponents = kept
    return dropped


def _is_readable(event: Any) -> bool:
    try:
        rules = event.get("RRULE", [])
        often = [freq for rule in (rules if isinstance(rules, list) else [rules]) for freq in rule.get("FREQ", [])]
        return not event.errors and isinstance(event.start, object) and not TOO_OFTEN.intersection(often)
    except Exception:  # noqa: BLE001 - whatever the library finds wrong with one event costs that event alone
        return False


def _instances(calendar: Any, start: datetime, end: datetime) -> Iterator[Any]:
    query = recurring_ical_events.of(calendar, skip_bad_series=True)
    for count, event in enumerate(query.between(start, end)):
        if count >= MOST_INSTANCES:
            return
        yield event


def _takes_time(event: Any) -> bool:
    """Whole days are notes rather than appointments; the others say themselves when they don't count (H13)."""
    if not isinstance(event["DTSTART"].dt, datetime):
        return False
    said = {
        str(event.get("STATUS", "")).upper(),
        str(event.get("TRANSP", "")).upper(),
        str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper(),
    }
    return not said & {"CANCELLED", "TRANSPARENT", "FREE"}


def _appointment(event: Any, recurring: set[str], zone: ZoneInfo) -> Appointment | None:
    uid = str(event["UID"])
    start, end = _instant(event.start, zone), _instant(event.end, zone)
    original = f"|{_instant(event['RECURRENCE-ID'].dt, zone).isoformat()}" if uid in recurring else ""
    return Appointment(uid + original, uid, start, end) if end > start else None


def _instant(at: datetime, zone: ZoneInfo) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
