"""Reading a seed (docs/emulator.md)."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from calendars.emulator.errors import ApiError
from calendars.emulator.events import Events
from calendars.emulator.state import Calendar, Entry, Person, State

Json = dict[str, Any]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def load(path: Path) -> State:
    """Raises OSError, and ValueError for a file that is no seed."""
    try:
        return planted(json.loads(path.read_text()))
    except (KeyError, TypeError, AttributeError, ApiError) as error:
        raise ValueError(f"{path} is no seed: {type(error).__name__} {error}") from None


def planted(seed: Json) -> State:
    """Raises KeyError, ValueError or ApiError where the seed is malformed."""
    client = seed.get("client", {})
    state = State(client.get("id", "emulator-client"), client.get("secret", "emulator-secret"))
    state.redirect_uris = list(client.get("redirect_uris", ()))
    if seed.get("now"):
        state.clock = datetime.fromisoformat(seed["now"])
    for organization in seed.get("organizations", ()):
        _add_organization(state, organization)
    for row in seed.get("outsiders", ()):
        _add_person(state, row, None)
    events = Events(state)
    for event in seed.get("events", ()):
        events.plant(event["organizer"].lower(), {key: value for key, value in event.items() if key != "organizer"})
    return state


def _add_organization(state: State, organization: Json) -> None:
    domain = organization["domain"]
    state.sharing[domain] = organization.get("sharing", "reader")
    for row in organization.get("people", ()):
        _add_person(state, row, domain)
    for row in organization.get("rooms", ()):
        room = row["email"].lower()
        zone = row.get("time_zone", "UTC")
        state.calendars[room] = Calendar(room, zone, row.get("name", room), domain, is_room=True)


def _add_person(state: State, row: Json, domain: str | None) -> None:
    email = row["email"].lower()
    zone = row.get("time_zone", "UTC")
    subject = str(row.get("sub") or 10**20 + 7919 * (len(state.people) + 1))
    person = Person(email, row["name"], subject, zone, domain, _working_hours(row.get("working_hours")))
    person.is_admin = bool(row.get("admin", False))
    person.photo = row.get("photo", "")
    state.people[email] = person
    state.calendars[email] = Calendar(email, zone, email, domain)
    person.entries[email] = Entry("owner", {"primary": True, "selected": True}, state.next_change())
    for extra in row.get("calendars", ()):
        add_calendar(state, person, extra)


def add_calendar(state: State, person: Person, row: Json) -> None:
    """A line of the person's calendar list, and the calendar behind it if there is none yet."""
    calendar_id = row["id"].lower()
    if calendar_id not in state.calendars:
        zone = row.get("time_zone", person.time_zone)
        state.calendars[calendar_id] = Calendar(
            calendar_id, zone, row.get("summary", calendar_id), pushes=row.get("pushes", True)
        )
    known = person.entries.get(calendar_id) or Entry("owner", {"selected": True})
    wanted = {key: row[key] for key in ("hidden", "deleted", "selected", "summaryOverride", "colorId") if key in row}
    person.entries[calendar_id] = Entry(row.get("role", known.role), known.fields | wanted, state.next_change())


def _working_hours(row: Json | None) -> Json | None:
    """Google's own shape, or `{"start": "09:00", "end": "17:00"}` for Monday to Friday."""
    if row is None or "start" not in row:
        return row
    begins, ends = (int(row[key][:2]) * 60 + int(row[key][3:]) for key in ("start", "end"))
    days = row.get("days", WEEKDAYS)
    periods = [{"dayOfWeek": day, "periodStart": begins, "periodEnd": ends} for day in days]
    return {"workingHoursEnabled": True, "availableTimes": periods}
