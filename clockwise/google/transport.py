"""HTTP for Google's libraries, over one urllib3 pool that threads may share.

The libraries' own httplib2 transport is not thread-safe: shared between threads it hands one user's answer to
another. Here each request is a call on a pool, with no state between requests.
"""

from collections.abc import Mapping
from typing import Protocol

import google.auth.transport.urllib3
import httplib2
import urllib3

from clockwise.google.errors import GoogleUnavailable, GrantRevoked

TIMEOUT = urllib3.Timeout(connect=5, read=30)
pool = urllib3.PoolManager(maxsize=32, timeout=TIMEOUT, retries=False, headers={"accept-encoding": "gzip"})


def auth_request(*args: object, **kwargs: object) -> object:
    """A `google.auth.transport.Request` with our timeout."""
    kwargs["timeout"] = TIMEOUT
    return google.auth.transport.urllib3.Request(pool)(*args, **kwargs)  # type: ignore[no-untyped-call]


class AccessTokens(Protocol):
    """Where a connection's access token comes from."""

    def current(self) -> str:
        """A token that is good for minutes yet."""

    def renew(self, refused: str) -> str:
        """A new one, since Google refused `refused`. Raises GrantRevoked."""


class AuthorizedTransport:
    """What google-api-python-client calls `http`: `request` with httplib2's signature, as one connection."""

    def __init__(self, tokens: AccessTokens) -> None:
        self.tokens = tokens

    def request(
        self, uri: str, method: str = "GET", body: bytes | str | None = None, headers: Mapping[str, str] | None = None,
        **ignored: object,
    ) -> tuple[httplib2.Response, bytes]:  # fmt: skip
        """One forced refresh on 401; a 401 that remains ends the connection (SYNC O8)."""
        token = self.tokens.current()
        answer = _send(uri, method, body, headers, token)
        if answer.status == 401:
            answer = _send(uri, method, body, headers, self.tokens.renew(token))
            if answer.status == 401:
                raise GrantRevoked("authError")
        found = httplib2.Response({**{k.lower(): v for k, v in answer.headers.items()}, "status": str(answer.status)})
        return found, answer.data


def _send(
    uri: str, method: str, body: bytes | str | None, headers: Mapping[str, str] | None, token: str
) -> urllib3.BaseHTTPResponse:
    sent = {**(headers or {}), "accept-encoding": "gzip", "authorization": f"Bearer {token}"}
    try:
        return pool.request(method, uri, body=body, headers=sent)
    except urllib3.exceptions.HTTPError:
        raise GoogleUnavailable("no answer") from None
