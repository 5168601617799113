"""The public keys with which Google signs, as its JWKS address serves them."""

import base64
import json
import re
import time
from dataclasses import dataclass
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clockwise.google import transport
from clockwise.google.errors import GoogleUnavailable

SECONDS_WITHOUT_MAX_AGE = 300
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


@dataclass(frozen=True)
class _KeySet:
    pems: dict[str, str]
    fetched_at: float  # monotonic seconds
    max_age_seconds: int

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() < self.fetched_at + self.max_age_seconds


_kept: dict[str, _KeySet] = {}
_fetching = Lock()


def public_key(key_id: str, *, jwks_uri: str) -> str | None:
    """The PEM of an RSA key, None if Google has no such key. A key id not seen before asks Google once more.

    Raises GoogleUnavailable.
    """
    known = _kept.get(jwks_uri)
    if known is not None and known.is_fresh and key_id in known.pems:
        return known.pems[key_id]
    with _fetching:
        if _kept.get(jwks_uri) is known:
            _kept[jwks_uri] = _fetch(jwks_uri)
        return _kept[jwks_uri].pems.get(key_id)


def _fetch(jwks_uri: str) -> _KeySet:
    response = transport.send("GET", jwks_uri, headers={"Accept": "application/json"})
    if response.status != 200:
        raise GoogleUnavailable(f"http_{response.status}")
    stated = _MAX_AGE.search(response.headers.get("Cache-Control", ""))
    try:
        keys = json.loads(response.data)["keys"]
        pems = {key["kid"]: _pem(key) for key in keys if _signs_rs256(key)}
    except (ValueError, TypeError, KeyError):
        raise GoogleUnavailable("unreadable_certificates") from None
    return _KeySet(pems, time.monotonic(), int(stated[1]) if stated else SECONDS_WITHOUT_MAX_AGE)


def _signs_rs256(key: dict[str, str]) -> bool:
    return key.get("kty") == "RSA" and key.get("alg", "RS256") == "RS256" and key.get("use", "sig") == "sig"


def _pem(key: dict[str, str]) -> str:
    numbers = RSAPublicNumbers(e=_number(key["e"]), n=_number(key["n"]))
    return numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _number(encoded: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)), "big")
