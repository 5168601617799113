"""A scripted Google over HTTP: answers what a test says, and remembers what it was asked.

For what the emulator can't do on purpose: malformed, forged and hostile answers.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from google.auth import _helpers

from clockwise.google.configuration import GoogleSettings


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(content: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json", **named})


def refusal(status: int, reason: str, **headers: str) -> Answer:
    """An error as the Calendar API words it, with an address in the message."""
    message = "not for ada@company.example: Secret title"
    error = {"code": status, "message": message, "errors": [{"domain": "calendar", "reason": reason}]}
    return as_json({"error": error}, status, **headers)


DROP = Answer(0)
"""Close the connection without an answer."""


class StubGoogle:
    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = lambda asked: as_json({})
        self.settings = settings_for(url)

    def script(self, *answers: Answer) -> None:
        """Give these answers, one after the other, and the last one from then on."""
        left = list(answers)
        self.answer = lambda asked: left.pop(0) if len(left) > 1 else left[0]


def settings_for(url: str) -> GoogleSettings:
    return GoogleSettings(
        client_id="client-1",
        client_secret="client-secret",
        auth_uri=f"{url}/auth",
        token_uri=f"{url}/token",
        revoke_uri=f"{url}/revoke",
        userinfo_uri=f"{url}/userinfo",
        jwks_uri=f"{url}/certs",
        issuers=(url,),
        api_root=f"{url}/",
        allow_insecure=True,
    )


@contextmanager
def serving() -> Iterator[StubGoogle]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    stub = StubGoogle(f"http://127.0.0.1:{server.server_address[1]}")
    server.stub = stub  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        stub: StubGoogle = self.server.stub  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, parts.path, query, dict(self.headers), body)
        stub.asked.append(asked)
        answer = stub.answer(asked)
        if answer is DROP:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@cache
def signing_key(name: str = "google") -> rsa.RSAPrivateKey:
    """One key for each name, kept for the whole run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks(**keys: rsa.RSAPrivateKey) -> dict[str, Any]:
    """The keys by their ids, as Google serves them."""
    return {
        "keys": [{"kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", **_public(key)} for kid, key in keys.items()]
    }


def signed(claims: Mapping[str, Any], *, key: rsa.RSAPrivateKey | None = None, **header: Any) -> str:
    """A token under `key`, RS256 and kid `k1` unless told."""
    unsigned = ".".join(encoded(json.dumps(part)) for part in ({"alg": "RS256", "kid": "k1", **header}, claims))
    signature = (key or signing_key()).sign(unsigned.encode(), padding.PKCS1v15(), SHA256())
    return f"{unsigned}.{encoded(signature)}"


def claims_for(stub: StubGoogle, **changed: Any) -> dict[str, Any]:
    """What Google says of Ada. A value of None leaves the claim out."""
    at = int(time.time())
    claims = {
        "iss": stub.url,
        "aud": "client-1",
        "azp": "client-1",
        "sub": "1001",
        "email": "ada@company.example",
        "email_verified": True,
        "hd": "company.example",
        "name": "Ada",
        "picture": "https://pictures.example/ada",
        "nonce": "the-nonce",
        "iat": at,
        "exp": at + 3600,
    }
    return {name: value for name, value in (claims | changed).items() if value is not None}


def encoded(part: bytes | str) -> str:
    raw = part.encode() if isinstance(part, str) else part
    return str(_helpers.unpadded_urlsafe_b64encode(raw).decode())


def _public(key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {
        name: encoded(value.to_bytes((value.bit_length() + 7) // 8))
        for name, value in (("n", numbers.n), ("e", numbers.e))
    }
