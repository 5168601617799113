"""Who somebody is: ID tokens, their certificates, userinfo (developers.google.com/identity/openid-connect)."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from calendars.emulator.consent import LONG_NAMES
from calendars.emulator.errors import ApiError
from calendars.emulator.state import Person, State

Json = dict[str, Any]
LIFETIME = timedelta(hours=1)


def id_token(
    state: State, person: Person, scopes: list[str], *, issuer: str, nonce: str, asked_at: int | None = None
) -> str:
    """A JWT signed with RS256. `hd` only for a Workspace person, `auth_time` only where `max_age` asked for it."""
    now = state.now()
    claims = {
        "iss": issuer,
        "azp": state.client_id,
        "aud": state.client_id,
        **_claims(person, scopes, issuer),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    if nonce:
        claims["nonce"] = nonce
    if asked_at:
        claims["auth_time"] = asked_at
    return _signed(state, claims, "JWT")


def security_event(state: State, issuer: str, name: str, details: Json, *, jti: str) -> str:
    """A security event token about an account (RFC 8417, developers.google.com/identity/protocols/risc)."""
    claims = {
        "iss": f"{issuer}/",
        "aud": [state.client_id],
        "iat": int(state.now().timestamp()),
        "jti": jti,
        "events": {name: details},
    }
    return _signed(state, claims, "secevent+jwt")


def risc_configuration(issuer: str) -> Json:
    return {"issuer": f"{issuer}/", "jwks_uri": f"{issuer}/oauth2/v3/certs", "delivery_methods_supported": []}


def _signed(state: State, claims: Json, kind: str) -> str:
    header = {"alg": "RS256", "typ": kind, "kid": _key_id(state)}
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    return (signed + b"." + _encoded(state.key().sign(signed, padding.PKCS1v15(), SHA256()))).decode()


def userinfo(person: Person, scopes: list[str], issuer: str) -> Json:
    """Raises 403 without an identity scope."""
    if not {"openid", *LONG_NAMES.values()} & set(scopes):
        raise ApiError(403, "insufficientPermissions", "Insufficient Permission")
    return _claims(person, scopes, issuer)


def certificates(state: State) -> Json:
    numbers = state.key().public_key().public_numbers()
    key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": _key_id(state)}
    return {"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]}


def configuration(issuer: str) -> Json:
    """The discovery document of OpenID Connect."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/o/oauth2/v2/auth",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/v1/userinfo",
        "revocation_endpoint": f"{issuer}/revoke",
        "jwks_uri": f"{issuer}/oauth2/v3/certs",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
    }


def _claims(person: Person, scopes: list[str], issuer: str) -> Json:
    claims: Json = {"sub": person.subject}
    if person.domain:
        claims["hd"] = person.domain
    if LONG_NAMES["email"] in scopes:
        claims |= {"email": person.email, "email_verified": True}
    if LONG_NAMES["profile"] in scopes:
        first, _, last = person.name.partition(" ")
        claims |= {"name": person.name, "given_name": first, "picture": f"{issuer}/picture/{person.subject}"}
        claims |= {"family_name": last} if last else {}
    return claims


def _key_id(state: State) -> str:
    return hashlib.sha256(str(state.key().public_key().public_numbers().n).encode()).hexdigest()[:40]


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8)).decode()


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
