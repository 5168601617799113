"""API tokens: made, shown once, checked on each request of a program."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations import lookups
from clockwise.organizations.models import ApiToken, Member

PREFIX = "cwk_"
SCOPES = frozenset({"read", "write"})
LIFETIME = timedelta(days=365)


def create(member: Member, *, scopes: set[str], by: Member | None = None) -> str:
    """Make a token for the member and return it; only its hash is kept.

    Raises ValueError for a scope that isn't in SCOPES.
    """
    if unknown := scopes - SCOPES:
        raise ValueError(f"Unknown scope {sorted(unknown)[0]!r}: choose from {', '.join(sorted(SCOPES))}.")
    secret = PREFIX + secrets.token_urlsafe(32)
    at = clock.now()
    token = ApiToken.objects.create(
        member=member,
        token_hash=lookups.token_hash(secret),
        scopes=" ".join(sorted(scopes)),
        created_at=at,
        expires_at=at + LIFETIME,
    )
    record("api_token.created", by=by.pk if by else None, target=token, scopes=token.scopes)
    return secret


def _bearer(request: HttpRequest) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.startswith(PREFIX) else ""


def organization_of_request(request: HttpRequest) -> UUID | None:
    """The organization of the request's token; a session doesn't count where a token is shown."""
    token = _bearer(request)
    reference = lookups.member_by_token(token) if token else None
    return reference.organization_id if reference else None


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cwk_...` (RFC 6750)."""

    def authenticate(self, request: Request) -> tuple[Member, ApiToken] | None:
        secret = _bearer(request._request)
        if not secret:
            return None
        token = (
            ApiToken.objects.filter(
                token_hash=lookups.token_hash(secret),
                revoked_at=None,
                expires_at__gt=clock.now(),
                member__is_active=True,
            )
            .select_related("member")
            .first()
        )
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked. Make a new one.")
        if request.method not in {"GET", "HEAD", "OPTIONS"} and "write" not in token.scopes.split():
            raise AuthenticationFailed("The token may only read. Make one with the scope write.")
        return token.member, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="clockwise"'


def revoke_all(member: Member) -> None:
    ApiToken.objects.filter(member=member, revoked_at=None).update(revoked_at=clock.now())
