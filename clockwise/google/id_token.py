"""Verifying Google's ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""

import base64
import hmac
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import google.auth.jwt
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requests.exceptions import RequestException

from clockwise.google.configuration import GoogleSettings
from clockwise.google.errors import GoogleUnavailable

LEEWAY_SECONDS = 30
CERTIFICATES_SECONDS = 3600
TIMEOUT_SECONDS = 15

_certificates: dict[str, tuple[float, dict[str, bytes]]] = {}


class IdTokenRefused(Exception):
    """The token is not Google's word for us, now, in this trip. The message names the check, never a claim."""


@dataclass(frozen=True)
class Identity:
    """Who signed in. `subject` is the identity; `hosted_domain` is None for a consumer account."""

    subject: str
    email: str
    email_verified: bool
    hosted_domain: str | None
    name: str
    picture: str


def verify(id_token: str, *, settings: GoogleSettings, nonce: str, now: datetime) -> Identity:
    """Check signature, algorithm, audience, expiry, issuer, nonce and verified address.

    Raises IdTokenRefused, or GoogleUnavailable when the certificates can't be fetched.
    """
    try:
        header = google.auth.jwt.decode_header(id_token)  # type: ignore[no-untyped-call]
    except ValueError:
        raise IdTokenRefused("format") from None
    if header.get("alg") != "RS256":
        raise IdTokenRefused("algorithm")
    claims = _signed_claims(id_token, settings, kid=str(header.get("kid", "")))
    _check(claims, settings=settings, nonce=nonce, now=now)
    return Identity(
        subject=str(claims["sub"]),
        email=str(claims["email"]),
        email_verified=True,
        hosted_domain=str(claims["hd"]).lower() if claims.get("hd") else None,
        name=str(claims.get("name", "")),
        picture=str(claims.get("picture", "")),
    )


def _signed_claims(id_token: str, settings: GoogleSettings, *, kid: str) -> dict[str, Any]:
    certificates = _keys(settings.jwks_uri)
    if kid not in certificates:
        # Google rotates its keys every few weeks.
        certificates = _keys(settings.jwks_uri, anew=True)
    if kid not in certificates:
        raise IdTokenRefused("key")
    try:
        return google.auth.jwt.decode(  # type: ignore[no-any-return,no-untyped-call]
            id_token, certs={kid: certificates[kid]}, audience=settings.client_id, clock_skew_in_seconds=LEEWAY_SECONDS
        )
    except ValueError:
        raise IdTokenRefused("signature, audience or time") from None


def _check(claims: dict[str, Any], *, settings: GoogleSettings, nonce: str, now: datetime) -> None:
    if claims.get("iss") not in settings.issuers:
        raise IdTokenRefused("issuer")
    if claims.get("aud") != settings.client_id:
        raise IdTokenRefused("audience")
    if float(claims["exp"]) + LEEWAY_SECONDS < now.timestamp():
        raise IdTokenRefused("expiry")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise IdTokenRefused("nonce")
    if not claims.get("sub"):
        raise IdTokenRefused("subject")
    if claims.get("email_verified") is not True or not claims.get("email"):
        raise IdTokenRefused("address")


def _keys(uri: str, *, anew: bool = False) -> dict[str, bytes]:
    """Key id to PEM, kept for an hour."""
    kept = _certificates.get(uri)
    if kept and not anew and time.monotonic() - kept[0] < CERTIFICATES_SECONDS:
        return kept[1]
    try:
        answer = requests.get(uri, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        found = {str(key["kid"]): _pem(key) for key in answer.json()["keys"] if key.get("kty") == "RSA"}
    except (RequestException, ValueError, KeyError):
        raise GoogleUnavailable("no certificates") from None
    _certificates[uri] = (time.monotonic(), found)
    return found


def _pem(key: dict[str, str]) -> bytes:
    """RFC 7518, section 6.3.1: modulus and exponent as base64url numbers."""
    numbers = RSAPublicNumbers(e=_number(key["e"]), n=_number(key["n"]))
    return numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
