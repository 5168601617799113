"""A person's calendar list, calendars and settings (developers.google.com/workspace/calendar/api/v3/reference)."""

import base64
import json
from typing import Any

from calendars.emulator.access import Reader
from calendars.emulator.errors import ApiError, full_sync_required, invalid, not_found
from calendars.emulator.state import Entry, Person, State

Json = dict[str, Any]
Query = dict[str, list[str]]
LARGEST_PAGE = 250


def page(state: State, person: Person, query: Query) -> Json:
    """Deltas always bring hidden and deleted entries along (SYNC S1)."""
    if query.get("syncToken") and query.get("minAccessRole"):
        raise invalid("minAccessRole cannot be used with a sync token.")
    known = _decoded(query["pageToken"][-1]) if query.get("pageToken") else _first(state, query)
    if known["since"] is not None and (known["since"] < state.oldest_token or known["since"] > state.counter):
        raise full_sync_required()
    found = [(key, entry) for key, entry in sorted(person.entries.items()) if _is_asked_for(entry, known)]
    left = [(key, entry) for key, entry in found if key > known["after"]]
    size = min(int(query.get("maxResults", ["100"])[-1]), LARGEST_PAGE)
    answer: Json = {"kind": "calendar#calendarList", "etag": f'"p{state.counter}"'}
    answer["items"] = [line(state, person, key) for key, _ in left[:size]]
    if len(left) > size:
        return answer | {"nextPageToken": _encoded({**known, "after": left[size - 1][0]})}
    return answer | {"nextSyncToken": _encoded({"since": known["until"]})}


def _first(state: State, query: Query) -> Json:
    """What a first page lists: where it starts and what it shows."""
    known: Json = {"since": None, "until": state.counter, "after": ""}
    if query.get("syncToken"):
        return {**known, "hidden": True, "deleted": True, **_decoded(query["syncToken"][-1])}
    flags = {key: query.get(name, [""])[-1] == "true" for key, name in FLAGS.items()}
    return {**known, **flags, "role": query.get("minAccessRole", [""])[-1]}


FLAGS = {"hidden": "showHidden", "deleted": "showDeleted"}
RANKS = ("freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")


def _is_asked_for(entry: Entry, known: Json) -> bool:
    since: int | None = known["since"]
    if since is not None:
        return entry.changed > since
    if known.get("role") and RANKS.index(entry.role) < RANKS.index(known["role"]):
        return False
    return not any(entry.fields.get(flag, False) and not known[flag] for flag in FLAGS)


def line(state: State, person: Person, calendar_id: str) -> Json:
    """One entry of the list. Raises 404."""
    entry = person.entries.get(calendar_id)
    if entry is None:
        raise not_found()
    calendar = state.calendars[calendar_id]
    found: Json = {"kind": "calendar#calendarListEntry", "etag": f'"{entry.changed}"', "id": calendar_id}
    if entry.fields.get("deleted"):
        return found | {"deleted": True}
    found |= {"summary": calendar.summary, "timeZone": calendar.time_zone, "accessRole": entry.role}
    found |= {"colorId": "14", "backgroundColor": "#9fe1e7", "foregroundColor": "#000000", "defaultReminders": []}
    return found | {key: value for key, value in entry.fields.items() if value}


def calendar(state: State, reader: Reader) -> Json:
    """Working hours are on primary calendars of Workspace users alone."""
    found = reader.calendar
    answer: Json = {"kind": "calendar#calendar", "etag": f'"c{found.id}"', "id": found.id, "summary": found.summary}
    answer["timeZone"] = found.time_zone
    person = state.people.get(found.id)
    if person is not None and person.domain and person.working_hours:
        answer["workingHours"] = person.working_hours
    return answer | ({"autoAcceptInvitations": True} if found.is_room else {})


def settings(person: Person) -> Json:
    items = [setting(person, name) for name in sorted(_values(person))]
    return {"kind": "calendar#settings", "etag": '"settings"', "items": items, "nextSyncToken": _encoded({})}


def setting(person: Person, name: str) -> Json:
    values = _values(person)
    if name not in values:
        raise not_found()
    return {"kind": "calendar#setting", "etag": f'"{name}"', "id": name, "value": values[name]}


def _values(person: Person) -> dict[str, str]:
    fixed = {"locale": "en", "weekStart": "1", "format24HourTime": "true", "defaultEventLength": "60"}
    return {"timezone": person.time_zone, **fixed}


def _encoded(content: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def _decoded(text: str) -> Json:
    try:
        found = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        found = None
    if not isinstance(found, dict) or "since" not in found:
        raise ApiError(400, "invalid", "Invalid sync token value.")
    return found
