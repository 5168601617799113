"""Google's Cross-Account Protection: security event tokens about accounts (SYNC O9; RFC 8417, RFC 8935).

Google's guide: developers.google.com/identity/protocols/risc. `exp` is not required, on Google's advice.
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Literal

from google.auth import crypt, jwt

from clockwise.google import certificates, transport
from clockwise.google.configuration import GoogleSettings
from clockwise.google.errors import GoogleError, GoogleUnavailable

_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
_OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"
Kind = Literal[
    "sessions-revoked", "account-disabled", "account-enabled", "account-purged", "account-credential-change-required",
    "verification", "tokens-revoked", "token-revoked",
]  # fmt: skip
KINDS: Mapping[str, Kind] = {
    f"{_RISC}sessions-revoked": "sessions-revoked",
    f"{_RISC}account-disabled": "account-disabled",
    f"{_RISC}account-enabled": "account-enabled",
    f"{_RISC}account-purged": "account-purged",
    f"{_RISC}account-credential-change-required": "account-credential-change-required",
    f"{_RISC}verification": "verification",
    f"{_OAUTH}tokens-revoked": "tokens-revoked",
    f"{_OAUTH}token-revoked": "token-revoked",
}
# Google repeats what wasn't taken for days; what is older was taken, or is played back by somebody.
OLDEST = timedelta(days=14)
LEEWAY = timedelta(minutes=5)
CONFIGURATION_SECONDS = 3600
REASONS = frozenset({"hijacking", "bulk-account"})


class SignalRefused(GoogleError):
    """Not a security event token for us. `reason`: what failed."""


@dataclass(frozen=True)
class Event:
    """`subject`: Google's `sub`, empty where the event names none. `reason`: Google's word for a disabled account."""

    kind: Kind
    subject: str
    reason: str


@dataclass(frozen=True)
class Signal:
    jti: str
    issued_at: datetime
    events: tuple[Event, ...]


@dataclass(frozen=True)
class _Configuration:
    issuer: str
    jwks_uri: str
    fetched_at: float  # monotonic seconds


_configurations: dict[str, _Configuration] = {}
_fetching = Lock()


def verify(token: str, *, settings: GoogleSettings, now: datetime) -> Signal:
    """Events that we don't know are left out.

    Raises SignalRefused, and GoogleUnavailable when Google's configuration or keys can't be had.
    """
    configuration = _configuration(settings.risc_configuration_uri)
    claims = _signed_claims(token, configuration)
    if claims.get("iss") not in {configuration.issuer, configuration.issuer.rstrip("/")}:
        raise SignalRefused("issuer")
    audience = claims.get("aud")
    if settings.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise SignalRefused("audience")
    jti, issued = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 0 < len(jti) <= 512:
        raise SignalRefused("jti")
    if type(issued) is not int:
        raise SignalRefused("times")
    issued_at = datetime.fromtimestamp(min(max(issued, 0), 2**40), UTC)
    if not now - OLDEST <= issued_at <= now + LEEWAY:
        raise SignalRefused("times")
    return Signal(jti, issued_at, _events(claims.get("events")))


def _signed_claims(token: str, configuration: _Configuration) -> dict[str, Any]:
    """google.auth's `decode` insists on `exp` where it verifies, hence its two halves here."""
    try:
        header = jwt.decode_header(token)  # type: ignore[no-untyped-call]
        claims: dict[str, Any] = jwt.decode(token, verify=False)  # type: ignore[no-untyped-call]
        signed, _, encoded = token.rpartition(".")
        signature = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (ValueError, TypeError):
        raise SignalRefused("malformed") from None
    if header.get("alg") != "RS256":
        raise SignalRefused("algorithm")  # whoever may choose it chooses `none`, or HMAC with the public key
    key_id = header.get("kid")
    pem = certificates.public_key(key_id, jwks_uri=configuration.jwks_uri) if isinstance(key_id, str) else None
    if pem is None:
        raise SignalRefused("unknown_key")
    if not crypt.verify_signature(signed.encode(), signature, pem):  # type: ignore[no-untyped-call]
        raise SignalRefused("signature")
    return claims


def _events(given: object) -> tuple[Event, ...]:
    if not isinstance(given, dict) or not given:
        raise SignalRefused("events")
    return tuple(_event(KINDS[name], details) for name, details in given.items() if name in KINDS)


def _event(kind: Kind, details: object) -> Event:
    found = details if isinstance(details, dict) else {}
    subject = found.get("subject")
    subject_id = subject.get("sub") if isinstance(subject, dict) else None
    reason = found.get("reason")
    return Event(
        kind,
        subject_id if isinstance(subject_id, str) and len(subject_id) <= 255 else "",
        reason if reason in REASONS else "",
    )


def _configuration(uri: str) -> _Configuration:
    with _fetching:
        known = _configurations.get(uri)
        if known is None or time.monotonic() > known.fetched_at + CONFIGURATION_SECONDS:
            _configurations[uri] = known = _fetch(uri)
        return known


def _fetch(uri: str) -> _Configuration:
    response = transport.send("GET", uri, headers={"Accept": "application/json"})
    if response.status != 200:
        raise GoogleUnavailable(f"http_{response.status}")
    try:
        answer = json.loads(response.data)
        return _Configuration(str(answer["issuer"]), str(answer["jwks_uri"]), time.monotonic())
    except (ValueError, TypeError, KeyError):
        failure = GoogleUnavailable("unreadable_configuration")
    raise failure
