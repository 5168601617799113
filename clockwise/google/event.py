"""An event as Google sends it, parsed once, at the edge, into a frozen type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from clockwise.harmless import own_direction

SHORTEST = timedelta(minutes=30)
RESPONSES = frozenset({"needsAction", "accepted", "tentative", "declined"})
VISIBILITIES = frozenset({"default", "public", "private", "confidential"})
LONGEST_ID = 1024
LONGEST_ETAG = 64
UTC_ZONE = ZoneInfo("UTC")


class UnreadableEvent(Exception):
    """An item that can't be understood; the rest of its calendar can (S15).

    google_id: empty if even that can't be read. part: what of it can't, a word for people: `id`, `time` or `content`.
    """

    def __init__(self, google_id: str, part: str) -> None:
        super().__init__(f"unreadable {part}")
        self.google_id, self.part = google_id, part


class GoogleAttendee(NamedTuple):
    """`email` is in lower case, empty where Google hides it."""

    email: str
    name: str
    response: str
    optional: bool
    is_self: bool
    is_room: bool


@dataclass(frozen=True)
class Tombstone:
    """A cancelled event, or an exception of a series; only its id is guaranteed (S6)."""

    google_id: str


class GoogleEvent(NamedTuple):
    """`start` and `end` are instants in UTC, `end` after `start`; an all-day event lies at midnights of its zone.

    `time_zone` is the event's own if it is a known one, else its calendar's. guests_hidden: `attendees` isn't all.
    """

    google_id: str
    etag: str
    start: datetime
    end: datetime
    all_day: bool
    time_zone: str
    summary: str
    description: str
    location: str
    conference_link: str
    organizer_email: str
    organizer_self: bool
    attendees: tuple[GoogleAttendee, ...]
    guests_hidden: bool
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
    google_id, part = "", "id"
    try:
        google_id = _id(item, "id")
        part = "time"
        zone = _zone(calendar_time_zone, UTC_ZONE)
        if item.get("status") == "cancelled":
            return Tombstone(google_id)
        times = _times(item, zone)
        part = "content"
        return _parse(item, google_id, times)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        failure = UnreadableEvent(google_id, part)
    # Outside the handler, so that no traceback carries the event's words.
    raise failure


class _Times(NamedTuple):
    start: datetime
    end: datetime
    all_day: bool
    time_zone: str
    original_start: datetime | None


def _times(item: Mapping[str, Any], zone: ZoneInfo) -> _Times:
    all_day = "date" in item["start"]
    start = _instant(item["start"], zone)
    return _Times(
        start=start,
        end=_end(item.get("end"), start, zone, all_day=all_day),
        all_day=all_day,
        time_zone=_zone(_text(item["start"], "timeZone"), zone).key,
        original_start=_original_start(item, zone),
    )


def _parse(item: Mapping[str, Any], google_id: str, times: _Times) -> GoogleEvent:
    attendees = tuple(_attendee(found) for found in item.get("attendees", ()))
    organizer = item.get("organizer", {})
    own = next((attendee.response for attendee in attendees if attendee.is_self), "accepted")
    event_type = _text(item, "eventType")[:32] or "default"
    if not event_type.isprintable():
        raise ValueError("eventType")
    visibility = _text(item, "visibility") or "default"
    return GoogleEvent(
        google_id=google_id,
        etag=_etag(item),
        start=times.start,
        end=times.end,
        all_day=times.all_day,
        time_zone=times.time_zone,
        summary=_words(item, "summary"),
        description=_words(item, "description"),
        location=_words(item, "location"),
        conference_link=_conference_link(item),
        organizer_email=_text(organizer, "email").lower(),
        # An event without guests and without an organizer is the calendar's own.
        organizer_self=bool(organizer.get("self", not organizer)),
        attendees=attendees,
        guests_hidden=bool(item.get("attendeesOmitted", False)),
        own_response=own,
        # S11: what takes a person's time.
        busy=item.get("transparency") != "transparent" and own != "declined" and event_type != "workingLocation",
        visibility=visibility if visibility in VISIBILITIES else "private",
        event_type=event_type,
        ical_uid=_text(item, "iCalUID") or google_id,
        series_id=_id(item, "recurringEventId") if "recurringEventId" in item else "",
        original_start=times.original_start,
        guests_can_modify=bool(item.get("guestsCanModify", False)),
        locked=bool(item.get("locked", False) or item.get("privateCopy", False)),
        private_properties=_private_properties(item),
    )


def _instant(when: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    """A day's midnight in the calendar's zone, or a time with its own offset or zone (S9, S10)."""
    if "date" in when:
        return datetime.combine(date.fromisoformat(when["date"]), time(), zone).astimezone(UTC)
    found = datetime.fromisoformat(when["dateTime"])
    if found.tzinfo is None:
        found = found.replace(tzinfo=_zone(_text(when, "timeZone"), zone))
    return found.astimezone(UTC)


def _original_start(item: Mapping[str, Any], zone: ZoneInfo) -> datetime | None:
    original = item.get("originalStartTime")
    return _instant(original, zone) if original else None


def _end(when: Mapping[str, Any] | None, start: datetime, zone: ZoneInfo, *, all_day: bool) -> datetime:
    """Empty, inverted and missing ranges do arrive (S9): a day, or half an hour."""
    end = _instant(when, zone) if when else start
    if end > start:
        return end
    return start + (timedelta(days=1) if all_day else SHORTEST)


def _zone(name: str, fallback: ZoneInfo) -> ZoneInfo:
    """An unknown zone name doesn't cost the page (S10)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a folder of the zone database is an OSError
        return fallback


def _attendee(found: Mapping[str, Any]) -> GoogleAttendee:
    response = _text(found, "responseStatus")
    return GoogleAttendee(
        email=_text(found, "email").lower(),
        name=_words(found, "displayName"),
        response=response if response in RESPONSES else "needsAction",
        optional=bool(found.get("optional", False)),
        is_self=bool(found.get("self", False)),
        is_room=bool(found.get("resource", False)),
    )


def _conference_link(item: Mapping[str, Any]) -> str:
    """Where to join by video; never a link that a browser would run."""
    points = item.get("conferenceData", {}).get("entryPoints", ())
    links = [_text(item, "hangoutLink"), *(_text(p, "uri") for p in points if p.get("entryPointType") == "video")]
    return next((link for link in links if link.startswith("https://")), "")


def _private_properties(item: Mapping[str, Any]) -> dict[str, str]:
    found = item.get("extendedProperties", {}).get("private", {})
    return {str(name): str(value) for name, value in found.items()}


def _id(item: Mapping[str, Any], name: str) -> str:
    value = item[name]
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or not value.isprintable():
        raise ValueError(name)
    return value


def _etag(item: Mapping[str, Any]) -> str:
    """Opaque: what can't be kept as it is, is no etag."""
    etag = _text(item, "etag")
    if len(etag) > LONGEST_ETAG or not etag.isprintable():
        raise ValueError("etag")
    return etag


def _words(item: Mapping[str, Any], name: str) -> str:
    """What a stranger wrote, to be shown among words of ours."""
    return own_direction(_text(item, name))


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name, "")
    if not isinstance(value, str):
        raise TypeError(name)
    return value
