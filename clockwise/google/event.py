"""An event as Google sends it, parsed once, at the edge, into a frozen type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SHORTEST = timedelta(minutes=30)


class UnreadableEvent(Exception):
    """An item that can't be understood; the rest of its calendar can (SYNC S15)."""

    def __init__(self, google_id: str) -> None:
        super().__init__("unreadable event")
        self.google_id = google_id


@dataclass(frozen=True)
class GoogleAttendee:
    email: str
    name: str
    response: str
    optional: bool
    is_self: bool
    is_room: bool


@dataclass(frozen=True)
class Tombstone:
    """A cancelled event; only its id is guaranteed (SYNC S6)."""

    google_id: str


@dataclass(frozen=True)
class GoogleEvent:
    """`start` and `end` are instants in UTC, `end` after `start`; an all-day event lies at midnights of its zone."""

    google_id: str
    etag: str
    start: datetime
    end: datetime
    all_day: bool
    summary: str
    description: str
    location: str
    conference_link: str
    organizer_email: str
    organizer_self: bool
    attendees: tuple[GoogleAttendee, ...]
    own_response: str
    busy: bool
    visibility: str
    event_type: str
    ical_uid: str
    series_id: str
    original_start: datetime | None
    guests_can_modify: bool
    locked: bool
    private_properties: dict[str, str]


def parse_event(item: Mapping[str, Any], *, calendar_time_zone: str) -> GoogleEvent | Tombstone:
    """Raises UnreadableEvent."""
    google_id = str(item.get("id", ""))
    if item.get("status") == "cancelled":
        return Tombstone(google_id)
    try:
        return _parse(item, google_id, _zone(calendar_time_zone, "UTC"))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise UnreadableEvent(google_id) from None


def _parse(item: Mapping[str, Any], google_id: str, zone: ZoneInfo) -> GoogleEvent:
    if not google_id:
        raise ValueError("no id")
    all_day = "date" in item["start"]
    start = _instant(item["start"], zone)
    attendees = tuple(_attendee(found) for found in item.get("attendees", ()))
    organizer = item.get("organizer", {})
    own = next((attendee.response for attendee in attendees if attendee.is_self), "accepted")
    event_type = item.get("eventType", "default")
    busy = item.get("transparency") != "transparent" and own != "declined" and event_type != "workingLocation"
    original = item.get("originalStartTime")
    return GoogleEvent(
        google_id=google_id,
        etag=item.get("etag", ""),
        start=start,
        end=_end(item.get("end"), start, zone, all_day=all_day),
        all_day=all_day,
        summary=item.get("summary", ""),
        description=item.get("description", ""),
        location=item.get("location", ""),
        conference_link=_conference_link(item),
        organizer_email=organizer.get("email", ""),
        # An event without guests and without an organizer is the calendar's own.
        organizer_self=bool(organizer.get("self", not organizer)),
        attendees=attendees,
        own_response=own,
        busy=busy,
        visibility=item.get("visibility", "default"),
        event_type=event_type,
        ical_uid=item.get("iCalUID", "") or google_id,
        series_id=item.get("recurringEventId", ""),
        original_start=_instant(original, zone) if original else None,
        guests_can_modify=bool(item.get("guestsCanModify", False)),
        locked=bool(item.get("locked", False) or item.get("privateCopy", False)),
        private_properties={str(k): str(v) for k, v in item.get("extendedProperties", {}).get("private", {}).items()},
    )


def _instant(when: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    if "date" in when:
        return datetime.combine(date.fromisoformat(when["date"]), time(), zone).astimezone(UTC)
    found = datetime.fromisoformat(when["dateTime"])
    if found.tzinfo is None:
        found = found.replace(tzinfo=_zone(when.get("timeZone", ""), zone.key))
    return found.astimezone(UTC)


def _end(when: Mapping[str, Any] | None, start: datetime, zone: ZoneInfo, *, all_day: bool) -> datetime:
    """Empty and inverted ranges do arrive (SYNC S9): a day, or half an hour."""
    end = _instant(when, zone) if when else start
    if end > start:
        return end
    return start + (timedelta(days=1) if all_day else SHORTEST)


def _zone(name: str, fallback: str) -> ZoneInfo:
    """An unknown zone name doesn't cost the page."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(fallback)


def _attendee(found: Mapping[str, Any]) -> GoogleAttendee:
    return GoogleAttendee(
        email=str(found.get("email", "")).lower(),
        name=found.get("displayName", ""),
        response=found.get("responseStatus", "needsAction"),
        optional=bool(found.get("optional", False)),
        is_self=bool(found.get("self", False)),
        is_room=bool(found.get("resource", False)),
    )


def _conference_link(item: Mapping[str, Any]) -> str:
    points = item.get("conferenceData", {}).get("entryPoints", ())
    video = next((str(p.get("uri", "")) for p in points if p.get("entryPointType") == "video"), "")
    return str(item.get("hangoutLink", "") or video)
