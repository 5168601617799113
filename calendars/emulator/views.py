"""Events as an answer shows them (developers.google.com/workspace/calendar/api/v3/reference/events)."""

from datetime import UTC, date, datetime
from typing import Any

from calendars.emulator.access import Reader
from calendars.emulator.errors import not_found
from calendars.emulator.recurrence import occurrence, shown
from calendars.emulator.state import CANCELLED, Calendar, Event, State

Json = dict[str, Any]
# What is left of an event for those who may only know that its holder is busy.
BLOCK = (
    "kind",
    "etag",
    "id",
    "status",
    "start",
    "end",
    "updated",
    "recurringEventId",
    "originalStartTime",
    "iCalUID",
    "transparency",
    "eventType",
)


def facts(event: Event, suffix: str | None, calendar_zone: str) -> Json:
    """The shared fields with the times of this instance. Raises 404 for one that the series doesn't have."""
    found = event.facts(suffix)
    if suffix is None:
        return found
    found.pop("recurrence", None)
    times = occurrence(event.fields, calendar_zone, suffix)
    if times is None:
        raise not_found()
    differs = event.instances[suffix].fields if suffix in event.instances else {}
    start, end = times
    return found | {"start": differs.get("start", start), "end": differs.get("end", end), "originalStartTime": start}


def whole(state: State, event: Event, suffix: str | None, reader: Reader, known: Json | None = None) -> Json:
    """The event or one instance as the reader may see it. `known`: its facts, where the caller has them."""
    calendar = reader.calendar
    found = known if known is not None else facts(event, suffix, calendar.time_zone)
    private = event.own_fields(calendar.id, suffix)
    extended = {"shared": found.get("extendedProperties", {}).get("shared"), "private": private.pop("private", None)}
    found = found | private
    found |= {
        "kind": "calendar#event",
        "etag": etag(event, suffix, calendar),
        "id": instance_id(event, suffix),
        "status": CANCELLED if event.is_cancelled(calendar.id, suffix) else found["status"],
        "updated": max(version.updated for version in event.versions(suffix)),
        "htmlLink": f"https://www.google.com/calendar/event?eid={instance_id(event, suffix)}",
        "creator": _person(state, event.creator, calendar),
        "organizer": _person(state, event.organizer, calendar),
        "start": shown(found["start"], reader.zone),
        "end": shown(found["end"], reader.zone),
    }
    if suffix is not None:
        found["recurringEventId"] = event.id
        found["originalStartTime"] = shown(found["originalStartTime"], reader.zone)
    if any(extended.values()):
        found["extendedProperties"] = {key: value for key, value in extended.items() if value}
    if found.get("attendees"):
        found |= _guests(state, event, found, calendar)
    return _hidden(found, reader)


def tombstone(event: Event, suffix: str | None, reader: Reader) -> Json:
    """What is promised of a cancelled event, and no more (SYNC S6)."""
    found = {
        "kind": "calendar#event",
        "etag": etag(event, suffix, reader.calendar),
        "id": instance_id(event, suffix),
        "status": CANCELLED,
    }
    return found | ({"recurringEventId": event.id, "originalStartTime": _original(suffix, reader)} if suffix else {})


def _original(suffix: str, reader: Reader) -> Json:
    """From the id alone, since the series may no longer have that instance."""
    if "T" not in suffix:
        return {"date": date(int(suffix[:4]), int(suffix[4:6]), int(suffix[6:])).isoformat()}
    at = datetime.strptime(suffix, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return {"dateTime": at.astimezone(reader.zone).isoformat(), "timeZone": reader.zone.key}


def etag(event: Event, suffix: str | None, calendar: Calendar) -> str:
    return f'"{event.changed_on(calendar.id, suffix) * 2:016d}"'


def instance_id(event: Event, suffix: str | None) -> str:
    return f"{event.id}_{suffix}" if suffix else event.id


def _person(state: State, email: str, calendar: Calendar) -> Json:
    found: Json = {"email": email}
    if email in state.people:
        found["displayName"] = state.people[email].name
    elif email in state.calendars:
        found["displayName"] = state.calendars[email].summary
    return found | ({"self": True} if email == calendar.id else {})


def _guests(state: State, event: Event, found: Json, calendar: Calendar) -> Json:
    guests = [_guest(state, guest, event, calendar) for guest in found["attendees"]]
    if found.get("guestsCanSeeOtherGuests", True) or event.organizer == calendar.id:
        return {"attendees": guests}
    return {"attendees": [guest for guest in guests if guest.get("self")], "attendeesOmitted": True}


def _guest(state: State, guest: Json, event: Event, calendar: Calendar) -> Json:
    email = guest["email"].lower()
    found = {**_person(state, email, calendar), "responseStatus": "needsAction", **guest}
    return found | ({"organizer": True} if email == event.organizer else {})


def _hidden(found: Json, reader: Reader) -> Json:
    is_private = found.get("visibility") in ("private", "confidential")
    if reader.details and (reader.sees_private or not is_private):
        return found
    return {key: found[key] for key in BLOCK if key in found} | {"visibility": "private"}
