"""API tokens: made, shown once, checked on each request of a program."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations import lookups
from clockwise.organizations.models import ApiToken, Member
from clockwise.tenancy.prepared import by_ids

PREFIX = "cwk_"
CHALLENGE = 'Bearer realm="clockwise"'
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


def token_of(request: HttpRequest) -> ApiToken | None:
    """The valid token that the request shows, with its member; looked up once a request."""
    if not hasattr(request, "_api_token"):
        request._api_token = _valid(_bearer(request))  # type: ignore[attr-defined]
    token: ApiToken | None = request._api_token  # type: ignore[attr-defined]
    return token


def _valid(secret: str) -> ApiToken | None:
    if not secret:
        return None
    hashed = lookups.token_hash(secret)
    usable = ApiToken.objects.filter(revoked_at=None, expires_at__gt=clock.now(), member__is_active=True)
    return usable.filter(token_hash=hashed).select_related("member").first()


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cwk_...` (RFC 6750)."""

    def authenticate(self, request: Request) -> tuple[Member, ApiToken] | None:
        if not _bearer(request._request):
            return None
        token = token_of(request._request)
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked. Make a new one.")
        if request.method not in {"GET", "HEAD", "OPTIONS"} and "write" not in token.scopes.split():
            raise AuthenticationFailed("The token may only read. Make one with the scope write.")
        return token.member, token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def revoke_all(member: Member) -> None:
    alive = _alive().rows(member.pk)
    ApiToken.objects.filter(pk__in=[token.pk for token in alive]).update(revoked_at=clock.now())
    for token in alive:
        record("api_token.revoked", by=None, target=token)


@by_ids
def _alive(member_id: UUID) -> QuerySet[ApiToken]:
    return ApiToken.objects.select_for_update().filter(member=member_id, revoked_at=None).order_by("pk")
