"""What the emulated Google knows: people, grants, tokens, calendars, events. All of it in memory."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

Json = dict[str, Any]
TOKEN_LIFETIME = timedelta(hours=1)
CANCELLED = "cancelled"


@dataclass
class Entry:
    """A line of a person's calendar list. `fields`: `hidden`, `deleted`, `selected`, `summaryOverride` and the like."""

    role: str
    fields: Json = field(default_factory=dict)
    changed: int = 0


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
    is_admin: bool = False
    # In Base64; the photo that the Workspace directory has of them.
    photo: str = ""
    deleted_at: datetime | None = None
    entries: dict[str, Entry] = field(default_factory=dict)


@dataclass
class Grant:
    """What a person let the client have so far. Revoking it kills its tokens."""

    scopes: list[str]
    is_live: bool = True


@dataclass
class RefreshToken:
    email: str
    scopes: list[str]


@dataclass
class Token:
    email: str
    scopes: list[str]
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
    expires_at: datetime
    # When the person proved who they are (seconds since 1970), where the request had a `max_age`.
    asked_at: int | None = None


@dataclass
class Copy:
    """One calendar's own part of an event. `removed`: the guest was taken off it, or threw it away."""

    fields: Json = field(default_factory=dict)
    changed: int = 0
    removed: bool = False


@dataclass
class Version:
    """What all calendars share of an event, and what each keeps for itself.

    `changed`: the change counter's value at the last change. `fields` of an instance hold only where it differs.
    """

    fields: Json
    changed: int = 0
    updated: str = ""
    copies: dict[str, Copy] = field(default_factory=dict)


@dataclass
class Event(Version):
    """`instances`: exceptions of a series by id suffix. `gone`: suffixes that the series had once, and since when."""

    id: str = ""
    organizer: str = ""
    creator: str = ""
    instances: dict[str, Version] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)

    @property
    def is_series(self) -> bool:
        return bool(self.fields.get("recurrence"))

    def facts(self, suffix: str | None) -> Json:
        """The shared fields; of an instance with its exceptions, whose None means that it lacks the field."""
        instance = self.instances.get(suffix) if suffix else None
        if instance is None:
            return dict(self.fields)
        merged = self.fields | instance.fields
        return {name: value for name, value in merged.items() if value is not None}

    def versions(self, suffix: str | None) -> Iterator[Version]:
        yield self
        if suffix and suffix in self.instances:
            yield self.instances[suffix]

    def changed_on(self, calendar_id: str, suffix: str | None) -> int:
        return max(
            changed
            for version in self.versions(suffix)
            for changed in (
                version.changed,
                version.copies[calendar_id].changed if calendar_id in version.copies else 0,
            )
        )

    def is_on(self, calendar_id: str, suffix: str | None) -> bool:
        copies = [version.copies[calendar_id] for version in self.versions(suffix) if calendar_id in version.copies]
        return bool(copies) and not copies[-1].removed

    def is_cancelled(self, calendar_id: str, suffix: str | None) -> bool:
        status = any(version.fields.get("status") == CANCELLED for version in self.versions(suffix))
        return status or not self.is_on(calendar_id, suffix)

    def own_fields(self, calendar_id: str, suffix: str | None) -> Json:
        found: Json = {}
        for version in self.versions(suffix):
            if calendar_id in version.copies:
                found |= version.copies[calendar_id].fields
        return found


@dataclass
class Calendar:
    """`domain`: the organization that may read it. `pushes`: whether it can be watched."""

    id: str
    time_zone: str
    summary: str
    domain: str | None = None
    is_room: bool = False
    pushes: bool = True
    events: dict[str, Event] = field(default_factory=dict)


@dataclass
class Channel:
    """`resource`: the watched collection's path below `/calendar/v3/`."""

    id: str
    email: str
    resource: str
    address: str
    token: str
    expires_at: datetime
    message: int = 0

    @property
    def resource_id(self) -> str:
        return hashlib.sha256(f"{self.email} {self.resource}".encode()).hexdigest()[:27]


@dataclass
class State:
    client_id: str
    client_secret: str
    redirect_uris: list[str] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    # What colleagues of a domain may see of each other's calendars: a role, or "none".
    sharing: dict[str, str] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    access_tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    counter: int = 0
    # Sync tokens handed out before this count have expired.
    oldest_token: int = 0
    clock: datetime | None = None
    key_pem: str = ""

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
            ).decode()
        return _loaded(self.key_pem)


@cache
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    """Loading checks the key, which takes longer than signing."""
    return cast(rsa.RSAPrivateKey, serialization.load_pem_private_key(pem.encode(), password=None))


def text(at: datetime) -> str:
    """An instant as Google writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
