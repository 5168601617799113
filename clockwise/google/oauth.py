"""OAuth 2.0 with Google: the trip for consent, refreshing, revoking.

Sources: RFC 6749, RFC 7636 (PKCE), developers.google.com/identity/protocols/oauth2/web-server.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import google.auth.exceptions
import requests
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2 import OAuth2Error
from requests.exceptions import RequestException

from clockwise.google.configuration import GoogleSettings
from clockwise.google.errors import AccessMisconfigured, GoogleError, GoogleUnavailable, GrantRevoked, OPERATORS
from clockwise.google.transport import auth_request

TIMEOUT_SECONDS = 15
API = "https://www.googleapis.com/auth/"
IDENTITY_SCOPES = ("openid", API + "userinfo.email", API + "userinfo.profile")
CALENDAR_SCOPES = (
    API + "calendar.calendarlist.readonly",
    API + "calendar.events",
    API + "calendar.freebusy",
    API + "calendar.calendars.readonly",
    API + "calendar.settings.readonly",
)
# Without these there is nothing to show or to move; the others only make it better.
NEEDED_FOR_CALENDARS = frozenset(CALENDAR_SCOPES[:2])


class ConsentRefused(GoogleError):
    """The person pressed Cancel."""


class AuthorizationTampered(GoogleError):
    """The answer doesn't belong to this trip."""


@dataclass(frozen=True)
class AuthorizationTrip:
    """What must be remembered between sending the browser to Google and its return. Good for one answer."""

    url: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True)
class Grant:
    """Tokens. `refresh_token` is None where Google gave none; `granted_scopes` is what was left ticked."""

    access_token: str
    expires_at: datetime
    refresh_token: str | None
    granted_scopes: frozenset[str]
    id_token: str = ""


def covers_calendars(grant: Grant) -> bool:
    return grant.granted_scopes >= NEEDED_FOR_CALENDARS


def begin(
    *, settings: GoogleSettings, redirect_uri: str, scopes: Iterable[str], offline: bool = False, consent: bool = False
) -> AuthorizationTrip:
    """A trip to Google's consent page. `consent` asks anew, which is what makes Google give a refresh token again."""
    flow = _flow(settings, redirect_uri, scopes, code_verifier=secrets.token_urlsafe(64))
    nonce = secrets.token_urlsafe(32)
    parameters = {"nonce": nonce, "state": secrets.token_urlsafe(32), "include_granted_scopes": "true"}
    parameters["access_type"] = "offline" if offline else "online"
    parameters |= {"prompt": "consent"} if consent else {}
    url, state = flow.authorization_url(**parameters)
    return AuthorizationTrip(url=url, state=state, nonce=nonce, code_verifier=flow.code_verifier)


def finish(
    trip: AuthorizationTrip, answer: Mapping[str, str], *, settings: GoogleSettings, redirect_uri: str, now: datetime
) -> Grant:
    """Exchange the answer's code for tokens.

    Raises ConsentRefused, AuthorizationTampered, GoogleUnavailable, AccessMisconfigured.
    """
    if not hmac.compare_digest(answer.get("state", "").encode(), trip.state.encode()):
        raise AuthorizationTampered("state")
    if answer.get("error"):
        raise ConsentRefused("refused") if answer["error"] == "access_denied" else AuthorizationTampered("error")
    if not answer.get("code"):
        raise AuthorizationTampered("no code")
    flow = _flow(settings, redirect_uri, None, code_verifier=trip.code_verifier)
    try:
        token = flow.fetch_token(code=answer["code"], include_client_id=True, timeout=TIMEOUT_SECONDS)
    except OAuth2Error as error:
        raise _misused(error.error or "") from None
    except RequestException:
        raise GoogleUnavailable("no answer") from None
    return _grant(token, now)


def refresh(settings: GoogleSettings, refresh_token: str, *, now: datetime) -> Grant:
    """A new access token. Raises GrantRevoked, GoogleUnavailable, AccessMisconfigured (SYNC O5)."""
    credentials = Credentials(  # type: ignore[no-untyped-call]
        token=None,
        refresh_token=refresh_token,
        token_uri=settings.token_uri,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
    )
    try:
        credentials.refresh(auth_request)  # type: ignore[no-untyped-call]
    except google.auth.exceptions.RefreshError as error:
        raise _refresh_error(error) from None
    except google.auth.exceptions.TransportError:
        raise GoogleUnavailable("no answer") from None
    expiry = credentials.expiry.replace(tzinfo=UTC) if credentials.expiry else now + timedelta(minutes=30)
    scopes = frozenset(credentials.granted_scopes or ())
    return Grant(credentials.token, expiry, credentials.refresh_token, scopes)


def revoke(settings: GoogleSettings, token: str) -> None:
    """End the grant at Google; a token that it no longer knows is revoked already. Raises GoogleUnavailable."""
    try:
        answer = requests.post(settings.revoke_uri, data={"token": token}, timeout=TIMEOUT_SECONDS)
    except RequestException:
        raise GoogleUnavailable("no answer") from None
    if answer.status_code >= 500:
        raise GoogleUnavailable(f"status {answer.status_code}")


def _flow(settings: GoogleSettings, redirect_uri: str, scopes: Iterable[str] | None, *, code_verifier: str) -> Flow:
    client = {
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "auth_uri": settings.auth_uri,
        "token_uri": settings.token_uri,
    }
    return Flow.from_client_config(
        {"web": client}, scopes=list(scopes) if scopes else None, redirect_uri=redirect_uri, code_verifier=code_verifier
    )


def _grant(token: Mapping[str, object], now: datetime) -> Grant:
    scope = token.get("scope") or ""
    scopes = scope.split() if isinstance(scope, str) else [str(item) for item in scope]  # type: ignore[attr-defined]
    return Grant(
        access_token=str(token["access_token"]),
        expires_at=now + timedelta(seconds=float(str(token.get("expires_in", 0)))),
        refresh_token=str(token["refresh_token"]) if token.get("refresh_token") else None,
        granted_scopes=frozenset(scopes),
        id_token=str(token.get("id_token", "")),
    )


def _misused(error: str) -> GoogleError:
    """A code that is old, used or somebody else's is the visitor's; a client that Google rejects the operator's."""
    return AccessMisconfigured(error) if error in OPERATORS else AuthorizationTampered("code")


def _refresh_error(error: google.auth.exceptions.RefreshError) -> GoogleError:
    answer = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    reason = str(answer.get("error", ""))
    if reason == "invalid_grant":
        return GrantRevoked(reason)
    if reason in OPERATORS:
        return AccessMisconfigured(reason)
    return GoogleUnavailable(reason or "no answer")
