"""The authorization code flow with PKCE, refresh and revocation (SYNC O1 to O5)."""

import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2 import OAuth2Error

from clockwise.google import transport
from clockwise.google.configuration import GoogleSettings
from clockwise.google.errors import (
    GoogleError,
    GoogleUnavailable,
    GrantRevoked,
    translate_oauth_word,
    translate_token_answer,
)

_API = "https://www.googleapis.com/auth/"
IDENTITY_SCOPES = ("openid", "email", "profile")
CALENDAR_SCOPES = (
    f"{_API}calendar.calendarlist.readonly",
    f"{_API}calendar.events",
    f"{_API}calendar.freebusy",
    f"{_API}calendar.calendars.readonly",
    f"{_API}calendar.settings.readonly",
)
EVENTS, EVENTS_READ_ONLY = f"{_API}calendar.events", f"{_API}calendar.events.readonly"
# An admin's, to learn who was suspended or deleted; asked for on its own page alone.
DIRECTORY = f"{_API}admin.directory.user.readonly"
# For whoever wants their week shown and counted, and nothing written.
READ_ONLY_SCOPES = tuple(EVENTS_READ_ONLY if scope == EVENTS else scope for scope in CALENDAR_SCOPES)
# Without a list of calendars and their events there is nothing to show; the others only make it better (S17).
CALENDAR_LIST = f"{_API}calendar.calendarlist.readonly"
EARLY = timedelta(minutes=5)


class ConsentRefused(GoogleError):
    """The person said no at Google."""


class AuthorizationTampered(GoogleError):
    """The answer does not belong to this trip, or its code was used before: begin again."""


@dataclass(frozen=True)
class AuthorizationTrip:
    """What must wait in the browser's session, server side, while the person is at Google. Good for one answer."""

    url: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True)
class Grant:
    """`refresh_token` comes only with offline access, when consent was asked; `id_token` only from `finish`."""

    access_token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str | None = field(repr=False)
    granted_scopes: frozenset[str]
    id_token: str = field(default="", repr=False)


def begin(
    *,
    settings: GoogleSettings,
    redirect_uri: str,
    scopes: Iterable[str],
    login_hint: str | None = None,
    consent: bool = False,
    offline: bool = False,
    max_age: int | None = None,
) -> AuthorizationTrip:
    """Where to send the browser, and what to keep for its return.

    offline: ask for a refresh token. consent: ask the person even if they agreed before; only when no refresh
    token is held, since the 101st kills the oldest (O2). max_age: seconds since the person last proved to Google who
    they are, beyond which Google asks again; the ID token then says when (OpenID Connect Core 3.1.2.1).
    """
    trip = {"state": secrets.token_urlsafe(32), "nonce": secrets.token_urlsafe(32)}
    code_verifier = secrets.token_urlsafe(64)
    asked = {"access_type": "offline", "include_granted_scopes": "true"} if offline else {"access_type": "online"}
    if consent:
        asked["prompt"] = "consent"
    if max_age is not None:
        asked["max_age"] = str(max_age)
    if login_hint:
        asked["login_hint"] = login_hint
    flow = _flow(settings, redirect_uri, code_verifier, scopes=list(scopes))
    url, _ = flow.authorization_url(**asked, **trip)
    return AuthorizationTrip(url=url, code_verifier=code_verifier, **trip)


def finish(
    trip: AuthorizationTrip,
    callback_params: Mapping[str, str],
    *,
    settings: GoogleSettings,
    redirect_uri: str,
    now: datetime,
) -> Grant:
    """Exchange the code that the browser brought back. The ID token is still to be verified (`id_token.verify`).

    Raises ConsentRefused, AuthorizationTampered, AccessMisconfigured, GoogleUnavailable.
    """
    code = _code(trip, callback_params, settings)
    flow = _flow(settings, redirect_uri, trip.code_verifier, scopes=None)
    flow.oauth2session.register_compliance_hook("access_token_response", _raise_refusal)
    try:
        with flow.oauth2session:
            answer = flow.fetch_token(
                code=code,
                include_client_id=True,  # the secret goes in the body (O3)
                timeout=(transport.CONNECT_SECONDS, transport.READ_SECONDS),
            )
        return _grant(answer, now=now, requested=_requested_scopes(trip))
    except GrantRevoked:
        failure: GoogleError = AuthorizationTampered("code_refused")
    except requests.RequestException:
        failure = GoogleUnavailable("no_answer")
    except (OAuth2Error, ValueError, TypeError):
        failure = GoogleUnavailable("unreadable_answer")
    # Outside the handlers, so that no traceback carries Google's words.
    raise failure


def lasts(access_token: str, expires_at: datetime | None, *, now: datetime) -> bool:
    """Whether a request may begin with it: it is renewed before it ends, so that none dies under way (O7)."""
    return bool(access_token) and expires_at is not None and expires_at - EARLY > now


def refresh(settings: GoogleSettings, refresh_token: str, *, now: datetime) -> Grant:
    """A new access token. `refresh_token` of the answer is set only if Google replaced it (O7).

    Raises GrantRevoked (this person only), AccessMisconfigured, ScopeMissing, GoogleUnavailable.
    """
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    response = transport.post_form(settings.token_uri, {**fields, **_client(settings)})
    if response.status != 200:
        raise translate_token_answer(response.status, response.headers, response.data)
    try:
        return _grant(response.json(), now=now, requested=frozenset())
    except (ValueError, TypeError):
        failure = GoogleUnavailable("unreadable_answer")
    raise failure


def revoke(settings: GoogleSettings, token: str) -> None:
    """End the whole grant at Google, all scopes of our client (O10). A token that is dead already is success.

    Raises GoogleUnavailable, AccessMisconfigured.
    """
    response = transport.post_form(settings.revoke_uri, {"token": token})
    if response.status == 200:
        return
    failure = translate_token_answer(response.status, response.headers, response.data)
    if failure.reason not in ("invalid_token", "invalid_grant"):
        raise failure


def covers_calendars(grant: Grant) -> bool:
    """Whether the person left ticked what connecting needs."""
    return CALENDAR_LIST in grant.granted_scopes and bool({EVENTS, EVENTS_READ_ONLY} & grant.granted_scopes)


def may_write(scopes: Iterable[str]) -> bool:
    """Whether these scopes let us change events."""
    return EVENTS in scopes


def _flow(settings: GoogleSettings, redirect_uri: str, code_verifier: str, *, scopes: list[str] | None) -> Flow:
    """Without scopes the session does not raise when the person unticked some (O4)."""
    if settings.allow_insecure:
        # oauthlib can be told in no other way; GoogleSettings refuses http addresses outside local mode.
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    client = {"auth_uri": settings.auth_uri, "token_uri": settings.token_uri, **_client(settings)}
    flow = Flow.from_client_config(
        {"web": client}, scopes=scopes, redirect_uri=redirect_uri, code_verifier=code_verifier
    )
    flow.oauth2session.max_redirects = 0  # a redirect would carry the secret elsewhere
    return flow


def _client(settings: GoogleSettings) -> dict[str, str]:
    return {"client_id": settings.client_id, "client_secret": settings.client_secret}


def _code(trip: AuthorizationTrip, params: Mapping[str, str], settings: GoogleSettings) -> str:
    if not hmac.compare_digest(params.get("state", "").encode(), trip.state.encode()):
        raise AuthorizationTampered("state")
    if params.get("iss", settings.issuers[0]) not in settings.issuers:
        raise AuthorizationTampered("issuer")  # RFC 9207: another server's answer
    if params.get("error") == "access_denied":
        raise ConsentRefused("access_denied")
    if "error" in params:
        raise translate_oauth_word(params["error"])
    if not params.get("code"):
        raise AuthorizationTampered("code_missing")
    return params["code"]


def _raise_refusal(response: requests.Response) -> requests.Response:
    if response.status_code != 200:
        raise translate_token_answer(response.status_code, response.headers, response.content)
    return response


def _grant(answer: Any, *, now: datetime, requested: frozenset[str]) -> Grant:
    """Raises ValueError, TypeError for an answer that is none."""
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        raise ValueError("access_token")
    scopes = answer.get("scope") or ()
    return Grant(
        access_token=answer["access_token"],
        expires_at=now + timedelta(seconds=int(answer.get("expires_in", 3600))),
        refresh_token=answer.get("refresh_token") or None,
        # Omitted when all that was asked for is granted (RFC 6749, 5.1).
        granted_scopes=frozenset(scopes.split() if isinstance(scopes, str) else scopes) or requested,
        id_token=answer.get("id_token") or "",
    )


def _requested_scopes(trip: AuthorizationTrip) -> frozenset[str]:
    return frozenset(" ".join(parse_qs(urlsplit(trip.url).query).get("scope", [])).split())
