"""The state in a JSON file: written soon after a change and at the end, atomically; read at the start."""

import dataclasses
import json
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from calendars.emulator.state import (
    Calendar,
    Channel,
    Code,
    Copy,
    Entry,
    Event,
    Grant,
    Person,
    RefreshToken,
    State,
    Token,
    Version,
)

Json = dict[str, Any]
FORMAT = 1


class StateFile:
    """Nothing at all without a path. `lock`: held while the state is read, so a large one is written more rarely."""

    DELAY_SECONDS = 1.0
    DELAY_PER_WRITING_SECOND = 20.0

    def __init__(self, path: Path | None, lock: threading.RLock) -> None:
        self._path, self._lock = path, lock
        self._timer: threading.Timer | None = None
        self._delay_seconds = self.DELAY_SECONDS

    def load(self) -> State | None:
        """Raises ValueError for a file that this version can't read."""
        if self._path is None or not self._path.exists():
            return None
        try:
            return loaded(json.loads(self._path.read_text()))
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{self._path} is no state of this emulator: remove it to start from the seed.") from None

    def changed(self, state: State) -> None:
        with self._lock:
            if self._path is not None and self._timer is None:
                self._timer = threading.Timer(self._delay_seconds, self._write_soon, [state])
                self._timer.daemon = True
                self._timer.start()

    def close(self, state: State) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._write(state)

    def _write_soon(self, state: State) -> None:
        with self._lock:
            self._timer = None
        self._write(state)

    def _write(self, state: State) -> None:
        if self._path is None:
            return
        began = time.monotonic()
        with self._lock:
            content = text(state)
            unfinished = self._path.with_suffix(".unfinished")
            unfinished.touch(mode=0o600)
            unfinished.write_text(content)
            unfinished.replace(self._path)
        taken = time.monotonic() - began
        self._delay_seconds = max(self.DELAY_SECONDS, taken * self.DELAY_PER_WRITING_SECOND)


def text(state: State) -> str:
    """All of it, as JSON."""
    events = {id(event): event for calendar in state.calendars.values() for event in calendar.events.values()}
    calendars = {key: {**vars(calendar), "events": None} for key, calendar in state.calendars.items()}
    now = state.now()
    tokens = {key: token for key, token in state.access_tokens.items() if token.expires_at > now}
    changed = {"calendars": calendars, "access_tokens": tokens, "events": list(events.values())}
    return json.dumps({**vars(state), "format": FORMAT, **changed}, default=_plain)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return vars(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def loaded(content: Json) -> State:
    if content.pop("format") != FORMAT:
        raise ValueError("another format")
    events = content.pop("events")
    clock = content.pop("clock")
    people = content.pop("people")
    rows = {name: content.pop(name) for name in _KINDS}
    state = State(**content, clock=datetime.fromisoformat(clock) if clock else None)
    for key, row in people.items():
        entries = {name: Entry(**entry) for name, entry in row.pop("entries").items()}
        if row["deleted_at"]:
            row["deleted_at"] = datetime.fromisoformat(row["deleted_at"])
        state.people[key] = Person(**row, entries=entries)
    for name, kind in _KINDS.items():
        getattr(state, name).update({key: kind(**_with_times(row)) for key, row in rows[name].items()})
    for row in events:
        _place(state, row)
    return state


_KINDS: dict[str, type] = {
    "calendars": Calendar,
    "grants": Grant,
    "access_tokens": Token,
    "refresh_tokens": RefreshToken,
    "codes": Code,
    "channels": Channel,
}


def _with_times(row: Json) -> Json:
    if "expires_at" in row:
        return {**row, "expires_at": datetime.fromisoformat(row["expires_at"])}
    return {**row, "events": {}} if "events" in row else row


def _place(state: State, row: Json) -> None:
    instances = {
        suffix: Version(**{**version, "copies": _copies(version)}) for suffix, version in row["instances"].items()
    }
    event = Event(**{**row, "copies": _copies(row), "instances": instances})
    holders = {*event.copies, *(name for version in instances.values() for name in version.copies)}
    for calendar_id in holders:
        state.calendars[calendar_id].events[event.id] = event


def _copies(row: Json) -> dict[str, Copy]:
    return {calendar_id: Copy(**copy) for calendar_id, copy in row["copies"].items()}
