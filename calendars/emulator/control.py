"""What tests and the curious do to this Google, below /emulator/. Bodies and answers are JSON.

| request | what it does |
|---|---|
| POST faults `{"match": {"method", "path_regex", "email"}, "times", "fault"}` | misbehave (see `faults`) |
| GET faults, DELETE faults | what is still to come; nothing more |
| POST revoke `{"email"}` | the person takes the grant back |
| POST suspend `{"email", "suspended"}` | the admin suspends the account, or with false lets it in again |
| POST expire-sync-tokens | every sync token handed out so far gets 410 |
| POST clock `{"now": ISO or null}` | the clock stands there, or runs again |
| POST events `{"email", "calendar", "method": insert, patch or delete, "id", "event"}` | a person edits a calendar |
| GET events `?email=&calendar=&id=` | the event, or all of the calendar's as single instances |
| POST calendars `{"email", "id", "summary", "time_zone", "role", "hidden", "deleted"}` | a line of a calendar list |
| GET state, GET log | everything; the requests so far |
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calendars.emulator import storage
from calendars.emulator.errors import ApiError

if TYPE_CHECKING:
    from calendars.emulator.server import Emulator

Json = dict[str, Any]


def answer(emulator: "Emulator", method: str, path: str, query: dict[str, str], body: Json) -> Json:
    """Raises 404 for what isn't there, 400 for a body that doesn't fit."""
    action = ACTIONS.get((method, path.removeprefix("/emulator/")))
    if action is None:
        raise ApiError(404, "notFound", "Not Found")
    try:
        with emulator.lock:
            found = action(emulator, query | body)
            emulator.changed()
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ApiError(400, "badRequest", f"{type(error).__name__}: {error}") from None
    return found or {}


def _events(emulator: "Emulator", wanted: Json) -> Json:
    if wanted.get("id"):
        return emulator.event(wanted["email"], wanted["id"], calendar=wanted.get("calendar", "primary"))
    return {"items": emulator.events(wanted["email"], calendar=wanted.get("calendar", "primary"))}


def _edit(emulator: "Emulator", wanted: Json) -> Json:
    event = wanted.get("event") or {}
    event_id = wanted.get("id") or event.get("id", "")
    calendar = wanted.get("calendar", "primary")
    return emulator.as_person(wanted["email"], wanted["method"], event_id, event, calendar=calendar)


def _set_clock(emulator: "Emulator", wanted: Json) -> None:
    now = datetime.fromisoformat(wanted["now"]) if wanted["now"] else None
    if now is not None and now.tzinfo is None:
        raise ValueError("now needs an offset")
    emulator.state.clock = now


def _state(emulator: "Emulator", _: Json) -> Json:
    found: Json = json.loads(storage.text(emulator.state))
    del found["key_pem"]
    return found


ACTIONS: dict[tuple[str, str], Callable[["Emulator", Json], Json | None]] = {
    ("POST", "faults"): lambda emulator, wanted: emulator.faults.add(wanted),
    ("GET", "faults"): lambda emulator, _: {"faults": emulator.faults.pending()},
    ("DELETE", "faults"): lambda emulator, _: emulator.faults.clear(),
    ("POST", "revoke"): lambda emulator, wanted: emulator.revoke(wanted["email"]),
    ("POST", "suspend"): lambda emulator, wanted: emulator.suspend(wanted["email"], wanted.get("suspended", True)),
    ("POST", "delete-account"): lambda emulator, wanted: emulator.delete_account(wanted["email"]),
    ("POST", "expire-sync-tokens"): lambda emulator, _: emulator.expire_sync_tokens(),
    ("POST", "clock"): _set_clock,
    ("POST", "events"): _edit,
    ("GET", "events"): _events,
    ("POST", "calendars"): lambda emulator, wanted: emulator.put_calendar(wanted["email"], wanted),
    ("GET", "state"): _state,
    ("GET", "log"): lambda emulator, _: {"requests": list(emulator.log)},
}
