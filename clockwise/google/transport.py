"""HTTP to Google over one urllib3 pool that threads may share.

The libraries' own httplib2 transport, shared between threads, hands one user's answer to another (SYNC finding 1).
The pool lends a connection to one request at a time, and nothing is kept between requests.
"""

import logging
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Protocol
from urllib.parse import urlencode

import urllib3

from clockwise.google.errors import GoogleUnavailable, GrantRevoked, translate

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


class AccessTokens(Protocol):
    """Where a connection's access token comes from."""

    def current(self) -> str:
        """A token that is good for minutes yet."""

    def renew(self, refused: str) -> str:
        """A new one, since Google refused `refused`. Raises GrantRevoked."""


class AuthorizedTransport:
    """What google-api-python-client calls `http`: `request` with httplib2's signature, as one connection."""

    def __init__(self, tokens: AccessTokens, *, before_each: Callable[[], None] = lambda: None) -> None:
        """`before_each` is called before each request that is sent, repetitions included."""
        self._tokens, self._before_each = tokens, before_each

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        """One forced refresh on 401; a 401 that remains ends the connection (O8).

        Raises the GoogleError of any answer that isn't a success: the library's own exception, which quotes
        address and body, is never made.
        """
        token = self._tokens.current()
        answer = self._send(method, uri, headers, body, token)
        if answer.status == 401:
            answer = self._send(method, uri, headers, body, self._tokens.renew(token))
            if answer.status == 401:
                raise GrantRevoked("authError")
        if answer.status >= 300:
            raise translate(answer.status, answer.headers, answer.data)
        return answer, answer.data

    def _send(
        self, method: str, uri: str, headers: Mapping[str, str] | None, body: bytes | str | None, token: str
    ) -> urllib3.BaseHTTPResponse:
        self._before_each()
        return send(method, uri, headers={**(headers or {}), "authorization": f"Bearer {token}"}, body=body)


def send(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | str | None = None
) -> urllib3.BaseHTTPResponse:
    """One request, one answer of any status: no retry, no redirect followed (it would carry the token along).

    Raises GoogleUnavailable: no connection, no answer in time, an answer cut short.
    """
    try:
        return _pool().request(method, url, headers=dict(headers), body=body, redirect=False)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        reason = "timeout" if isinstance(error, urllib3.exceptions.TimeoutError) else "no_answer"
    # Outside the handler, so that no traceback carries an address.
    raise GoogleUnavailable(reason)


def post_form(url: str, fields: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
    """As `send`, with the fields as a form in the body."""
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    return send("POST", url, headers=headers, body=urlencode(fields))


def keep_addresses_and_tokens_out_of_logs() -> None:
    """These libraries log URLs (a calendar's id is an address), bodies and tokens below the level set here."""
    for name, level in {
        "googleapiclient": logging.ERROR,
        "oauthlib": logging.WARNING,
        "requests_oauthlib": logging.WARNING,
        "urllib3": logging.ERROR,
    }.items():
        logging.getLogger(name).setLevel(level)


@cache
def _pool() -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    return urllib3.PoolManager(num_pools=8, maxsize=32, retries=False, timeout=timeout)


# A connection shared with the parent process would give its answers to the child.
os.register_at_fork(after_in_child=_pool.cache_clear)
keep_addresses_and_tokens_out_of_logs()
