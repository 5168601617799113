"""HTTP to Google, safe to share between threads.

httplib2, the library's own transport, gives one thread's answer to another when shared (SYNC finding 1).
urllib3's pool hands a connection to one request at a time.
"""

import logging
import os
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlencode

import urllib3

from clockwise.google.errors import GoogleUnavailable

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


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
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return send("POST", url, headers=headers, body=urlencode(fields))


def keep_addresses_and_tokens_out_of_logs() -> None:
    """These libraries log URLs (a calendar's id is an address), bodies and tokens below the level set here."""
    for name, level in {
        "googleapiclient": logging.ERROR,
        "google_auth_oauthlib": logging.WARNING,
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
