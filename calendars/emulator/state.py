"""What the emulated Google knows: people, grants, tokens, calendars. Kept in memory, and in a file if one is named."""

import json
import pickle
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

Json = dict[str, Any]


@dataclass
class Person:
    """`domain` is None for a consumer account, which has no `hd` claim."""

    email: str
    name: str
    subject: str
    time_zone: str
    domain: str | None
    working_hours: Json | None = None
    is_suspended: bool = False


@dataclass
class Grant:
    """What a person let a client have. Revoking it kills its tokens."""

    email: str
    scopes: set[str]
    is_live: bool = True


@dataclass
class Token:
    email: str
    scopes: frozenset[str]
    expires_at: datetime


@dataclass
class Code:
    """An authorization code: good once, for one redirect address and one PKCE challenge."""

    email: str
    scopes: list[str]
    redirect_uri: str
    challenge: str
    nonce: str
    offline: bool
    asked_again: bool


@dataclass
class Override:
    """One instance of a series that differs from it, or was cancelled."""

    fields: Json
    changed: int


@dataclass
class Event:
    """A meeting as all its calendars share it; `private` holds what each calendar keeps for itself.

    `changed`: the change counter's value at its last change. `overrides`: by original start, an ISO text in UTC.
    """

    fields: Json
    organizer: str
    changed: int
    private: dict[str, Json] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)


@dataclass
class Calendar:
    id: str
    time_zone: str
    is_room: bool = False
    events: dict[str, Event] = field(default_factory=dict)


@dataclass
class Channel:
    id: str
    calendar: str
    address: str
    token: str
    resource_id: str
    expires_at: datetime
    message: int = 0


@dataclass
class State:
    client_id: str
    client_secret: str
    people: dict[str, Person] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    access_tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    counter: int = 0
    # Sync tokens handed out at or before this count have expired.
    oldest_token: int = 0
    clock: datetime | None = None
    key_pem: bytes = b""

    def now(self) -> datetime:
        return self.clock or datetime.now(UTC)

    def next_change(self) -> int:
        self.counter += 1
        return self.counter

    def key(self) -> rsa.RSAPrivateKey:
        if not self.key_pem:
            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            self.key_pem = made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        return _loaded(self.key_pem)


@cache
def _loaded(pem: bytes) -> rsa.RSAPrivateKey:
    """Loading checks the key, which takes longer than signing."""
    return cast(rsa.RSAPrivateKey, serialization.load_pem_private_key(pem, password=None))


class StateFile:
    """Writes the state soon after it changed and at the end, atomically."""

    DELAY_SECONDS = 0.5

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def load(self) -> State | None:
        if self.path is None or not self.path.exists():
            return None
        # The file is the emulator's own, beside the demo that runs it.
        return pickle.loads(self.path.read_bytes())  # type: ignore[no-any-return]  # noqa: S301

    def changed(self, state: State) -> None:
        if self.path is None:
            return
        with self._lock:
            if self._timer is None:
                self._timer = threading.Timer(self.DELAY_SECONDS, self.write, [state])
                self._timer.daemon = True
                self._timer.start()

    def write(self, state: State) -> None:
        if self.path is None:
            return
        with self._lock:
            self._timer = None
            unfinished = self.path.with_suffix(".unfinished")
            unfinished.write_bytes(pickle.dumps(state))
            unfinished.replace(self.path)


def from_seed(seed: Json) -> State:
    """Read the seed (docs/emulator.md). Raises KeyError or ValueError where it is malformed."""
    from calendars.emulator.events import Calendars

    client = seed.get("client", {})
    state = State(client.get("id", "emulator-client"), client.get("secret", "emulator-secret"))
    if seed.get("now"):
        state.clock = datetime.fromisoformat(seed["now"])
    for organization in seed.get("organizations", ()):
        for found in organization.get("people", ()):
            _add_person(state, found, organization["domain"])
        for room in organization.get("rooms", ()):
            state.calendars[room["email"]] = Calendar(room["email"], room.get("time_zone", "UTC"), is_room=True)
    for found in seed.get("outsiders", ()):
        _add_person(state, found, None)
    calendars = Calendars(state)
    for event in seed.get("events", ()):
        body = {key: value for key, value in event.items() if key != "organizer"}
        calendars.insert(event["organizer"], body)
    return state


def _add_person(state: State, found: Json, domain: str | None) -> None:
    email = found["email"].lower()
    subject = str(found.get("sub") or 10**20 + len(state.people))
    zone = found.get("time_zone", "UTC")
    state.people[email] = Person(email, found["name"], subject, zone, domain, found.get("working_hours"))
    state.calendars[email] = Calendar(email, zone)


def load_seed(path: Path) -> State:
    return from_seed(json.loads(path.read_text()))


TOKEN_LIFETIME = timedelta(hours=1)
