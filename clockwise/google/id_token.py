"""Who signed in: verifies Google's ID token (SYNC O1, O11, O12; OpenID Connect Core 3.1.3.7)."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.auth import jwt

from clockwise.google import certificates
from clockwise.google.configuration import GoogleSettings
from clockwise.google.errors import GoogleError
from clockwise.harmless import own_direction

LEEWAY_SECONDS = 60
# google.auth judges times by the wall clock; ours are judged below, by the clock that we are given.
_ANY_TIME = 10**12


class IdTokenRefused(GoogleError):
    """`reason`: the claim or property that failed."""


@dataclass(frozen=True)
class Identity:
    """`subject` is the key, an address may change hands (O11). `hosted_domain`: the Workspace, None for a consumer.

    authenticated_at: when Google last asked the person to prove who they are; only where that was asked for.
    """

    subject: str
    email: str
    email_verified: bool
    hosted_domain: str | None
    name: str
    picture: str
    issued_at: datetime | None = None
    authenticated_at: datetime | None = None


def verify(id_token: str, *, settings: GoogleSettings, nonce: str, now: datetime) -> Identity:
    """Raises IdTokenRefused, and GoogleUnavailable when Google's keys can't be had."""
    claims = _signed_claims(id_token, settings)
    if claims.get("iss") not in settings.issuers:
        raise IdTokenRefused("issuer")
    _check_times(claims, now)
    _check_nonce(claims, nonce)
    return _identity(claims)


def _signed_claims(id_token: str, settings: GoogleSettings) -> dict[str, Any]:
    key_id = _key_id(id_token)
    pem = certificates.public_key(key_id, jwks_uri=settings.jwks_uri)
    if pem is None:
        raise IdTokenRefused("unknown_key")
    try:
        claims: dict[str, Any] = jwt.decode(  # type: ignore[no-untyped-call]
            id_token, certs={key_id: pem}, clock_skew_in_seconds=_ANY_TIME
        )
    except (ValueError, TypeError):
        raise IdTokenRefused("signature") from None
    if claims.get("aud") != settings.client_id or claims.get("azp", settings.client_id) != settings.client_id:
        raise IdTokenRefused("audience")
    return claims


def _key_id(id_token: str) -> str:
    """RS256 alone: whoever may choose the algorithm chooses `none`, or HMAC with the public key."""
    try:
        header = jwt.decode_header(id_token)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):
        raise IdTokenRefused("malformed") from None
    if header.get("alg") != "RS256":
        raise IdTokenRefused("algorithm")
    if not isinstance(header.get("kid"), str):
        raise IdTokenRefused("unknown_key")
    return str(header["kid"])


def _check_times(claims: dict[str, Any], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise IdTokenRefused("times")
    if expires + LEEWAY_SECONDS <= now.timestamp():
        raise IdTokenRefused("expired")
    if issued - LEEWAY_SECONDS > now.timestamp():
        raise IdTokenRefused("not_yet_valid")


def _check_nonce(claims: dict[str, Any], nonce: str) -> None:
    given = claims.get("nonce")
    if not nonce or not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise IdTokenRefused("nonce")


def _identity(claims: dict[str, Any]) -> Identity:
    subject, email, domain = (_text(claims, name) for name in ("sub", "email", "hd"))
    if not subject or len(subject) > 255:
        raise IdTokenRefused("subject")
    if "@" not in email or claims.get("email_verified") is not True:
        raise IdTokenRefused("email_not_verified")
    return Identity(
        subject=subject,
        email=email,
        email_verified=True,
        hosted_domain=domain.lower() or None,
        name=own_direction(_text(claims, "name")),
        picture=_text(claims, "picture"),
        issued_at=_instant(claims, "iat"),
        authenticated_at=_instant(claims, "auth_time"),
    )


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _instant(claims: dict[str, Any], name: str) -> datetime | None:
    """Seconds since 1970, where the claim is there."""
    value = claims.get(name)
    return datetime.fromtimestamp(value, UTC) if type(value) is int and 0 <= value < 2**40 else None
