"""Bearer tokens of identity providers: made, shown once, named, scoped, expiring, revoked at once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.lookups import token_hash
from clockwise.organizations.models import Member, Organization
from clockwise.tenancy import current
from clockwise.tenancy.token import MOMENT, Moment
from scim.models import ScimToken
from scim.models.token import TokenDetails

PREFIX = "cws_"
SHOWN_CHARACTERS = 12
MOST_ALIVE = 2
DEFAULT_DAYS = 365
MOST_DAYS = 730
READ, WRITE = "read", "write"
SCOPES = frozenset({READ, WRITE})
_USED_AGAIN_AFTER = timedelta(minutes=1)
MOST_REMEMBERED = 1000
_LOOKUP = f"SELECT {MOMENT}, found.* FROM (SELECT) once LEFT JOIN lookup_scim_token(%s, %s) found ON true"  # noqa: S608


class TooManyTokens(Exception):
    """Two are alive already, as many as a rotation needs."""


@dataclass(frozen=True)
class Grant:
    """What a request's token stands for: its organization, and the organization's settings that each request needs."""

    token_hash: bytes
    token_id: UUID
    organization_id: UUID
    scopes: frozenset[str]
    plan: str
    plan_ends_at: datetime | None
    last_used_at: datetime | None
    requests_per_second: int
    opened_at_most: int
    entra_tolerant: bool
    is_trial: bool

    @property
    def may_write(self) -> bool:
        return WRITE in self.scopes


_remembered: dict[bytes, Grant] = {}


def create(name: str, *, days: int = DEFAULT_DAYS, scopes: frozenset[str] = SCOPES, by: Member | None = None) -> str:
    """Make a token of the current organization and return it; only its hash is kept.

    Raises TooManyTokens, and ValueError in words for people.
    """
    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise ValueError("Give the token a name of at most 100 characters.")
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"A token lives between 1 and {MOST_DAYS} days.")
    if not scopes or scopes - SCOPES:
        raise ValueError("A token's scopes are read, write or both.")
    at = clock.now()
    # Two people at once would otherwise make a third.
    Organization.objects.select_for_update(no_key=True).get(pk=current.require_organization_id())
    if alive(at).count() >= MOST_ALIVE:
        raise TooManyTokens("Two tokens are alive already. Revoke one first.")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ScimToken.objects.create(
        token_hash=token_hash(secret),
        prefix=secret[:SHOWN_CHARACTERS],
        details=TokenDetails(name=name),
        scopes=" ".join(sorted(scopes)),
        created_at=at,
        created_by=by,
        expires_at=at + timedelta(days=days),
    )
    record("scim_token.created", by=by.pk if by else None, target=token, scopes=token.scopes, days=days)
    return secret


def alive(at: datetime) -> QuerySet[ScimToken]:
    return ScimToken.objects.filter(revoked_at=None, expires_at__gt=at).order_by("created_at")


def revoke(token: ScimToken, *, by: Member | None = None) -> None:
    """End a token now. Revoking twice changes nothing."""
    changed = ScimToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now())
    if changed:
        record("scim_token.revoked", by=by.pk if by else None, target=token)


def find(secret: str, *, may_be_remembered: bool = False) -> Grant | None:
    """What a token stands for, or None where it is unknown, expired or revoked. Needs no organization.

    `may_be_remembered`: as it was when this process last saw it, which spares a question to the database. Nothing is
    done by it: it names the organization whose transaction begins by asking `find_now`.
    """
    hashed = token_hash(secret)
    if may_be_remembered and (remembered := _remembered.get(hashed)):
        return remembered
    with connection.cursor() as cursor:
        return find_now(cursor, hashed)[0]


def find_now(cursor: CursorWrapper, hashed: bytes) -> tuple[Grant | None, Moment]:
    """What the database says this moment, and which transaction it said it in."""
    cursor.execute(_LOOKUP, [hashed, clock.now()])
    process, began_at, token_id, organization_id, scopes, *rest = cursor.fetchone()
    moment = Moment(process, began_at)
    if token_id is None:
        _remembered.pop(hashed, None)
        return None, moment
    grant = Grant(hashed, token_id, organization_id, frozenset(scopes.split()), *rest)
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    _remembered[hashed] = grant
    return grant, moment


def mark_used(grant: Grant) -> None:
    """Note when the token was last used, to the minute."""
    at = clock.now()
    if grant.last_used_at is None or at - grant.last_used_at > _USED_AGAIN_AFTER:
        ScimToken.objects.filter(pk=grant.token_id).update(last_used_at=at)
