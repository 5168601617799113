"""Rooms answer invitations by themselves: yes if they are free then, else no (SYNC W6)."""

from datetime import timedelta
from typing import Any

from calendars.emulator import busy, views
from calendars.emulator.recurrence import instant, occurrences
from calendars.emulator.state import Calendar, Event, State

Json = dict[str, Any]
# Of a series, the next two months decide.
AHEAD = timedelta(days=60)


def answer(state: State, event: Event, suffix: str | None, old: Json | None) -> None:
    """`old`: the fields before this write. Rooms that were asked before answer again only if the time changed."""
    rooms = {
        email: room
        for email, room in _rooms(state, event, suffix).items()
        if not _has_answered(email, event, suffix, old)
    }
    if not rooms:
        return
    version = event.instances[suffix] if suffix else event
    version.fields["attendees"] = [
        {**guest, "resource": True, "responseStatus": _response(rooms[guest["email"].lower()], event, suffix)}
        if guest["email"].lower() in rooms
        else guest
        for guest in event.facts(suffix)["attendees"]
    ]


def believe(state: State, event: Event) -> None:
    """Seeded rooms have said what the seed says, or yes."""
    for guest in event.fields.get("attendees", ()):
        if guest["email"].lower() in _rooms(state, event, None):
            guest |= {"resource": True, "responseStatus": guest.get("responseStatus", "accepted")}


def _rooms(state: State, event: Event, suffix: str | None) -> dict[str, Calendar]:
    emails = [guest["email"].lower() for guest in event.facts(suffix).get("attendees", ())]
    return {
        email: state.calendars[email] for email in emails if email in state.calendars and state.calendars[email].is_room
    }


def _has_answered(email: str, event: Event, suffix: str | None, old: Json | None) -> bool:
    if old is None or email not in {guest["email"].lower() for guest in old.get("attendees", ())}:
        return False
    new = event.instances[suffix].fields if suffix else event.fields
    return all(old.get(key) == new.get(key) for key in ("start", "end", "recurrence") if suffix is None or key in new)


def _response(room: Calendar, event: Event, suffix: str | None) -> str:
    facts = views.facts(event, suffix, room.time_zone)
    start, end = instant(facts["start"], room.time_zone), instant(facts["end"], room.time_zone)
    wanted = [(start, end)]
    if suffix is None and event.is_series:
        found = occurrences(event.fields, room.time_zone, start, start + AHEAD)
        wanted = [(instant(s, room.time_zone), instant(e, room.time_zone)) for _, s, e in found]
    taken = busy.ranges(room, wanted[0][0], wanted[-1][1], without=event) if wanted else []
    clashes = any(begins < until and since < ends for begins, ends in wanted for since, until in taken)
    return "declined" if clashes else "accepted"
