"""Fetches a file from an address that a member has typed, and from nowhere else.

A typed address may name our own network (server-side request forgery): so each host is looked up once, every address
that it has must be public, and the connection goes to the very address that was checked. Redirects begin anew.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import urllib3

MOST_BYTES = 5 * 1024 * 1024
MOST_SECONDS = 20.0
SECONDS_A_STEP = 5.0
MOST_REDIRECTS = 3
CHUNK = 64 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MayReach = Callable[[Address], bool]


class FetchFailed(Exception):
    """`reason`: a word that a page explains. Never the address, which is a secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Fetched:
    """`body` is None where the server says that nothing has changed."""

    body: bytes | None
    etag: str
    last_modified: str


def is_public(address: Address) -> bool:
    """Whether the internet at large may answer there: no loopback, private, link-local or otherwise special address."""
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if mapped is not None:
        return is_public(mapped)
    if isinstance(address, ipaddress.IPv6Address) and (address.teredo or address in _NAT64):
        return False
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    may_reach: MayReach = is_public,
    schemes: frozenset[str] = frozenset({"https"}),
) -> Fetched:
    """The file at `url`, if it has changed. Raises FetchFailed; never takes longer than MOST_SECONDS and a step."""
    until = time.monotonic() + MOST_SECONDS
    asked = {"accept": "text/calendar", "accept-encoding": "gzip, deflate", "user-agent": "Clockwise"}
    asked |= {"if-none-match": etag} if etag else {}
    asked |= {"if-modified-since": last_modified} if last_modified else {}
    for _ in range(MOST_REDIRECTS + 1):
        response = _get(url, asked, may_reach, schemes)
        try:
            if response.status in REDIRECTS and "location" in response.headers:
                url = urljoin(url, response.headers["location"])
                continue
            return _read(response, until)
        finally:
            response.close()
    raise FetchFailed("too_many_redirects")


def checked(url: str, *, schemes: frozenset[str] = frozenset({"https"})) -> str:
    """The address as it will be asked. Raises FetchFailed for one that never will be."""
    text = url.strip()
    if text.lower().startswith("webcal://"):
        text = "https://" + text[len("webcal://") :]
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise FetchFailed("bad_address") from None
    if parts.scheme not in schemes:
        raise FetchFailed("not_https" if parts.scheme == "http" else "bad_address")
    if not parts.hostname or parts.username or parts.password or len(text) > 2000 or port == 0:
        raise FetchFailed("bad_address")
    return text


def _get(url: str, headers: dict[str, str], may_reach: MayReach, schemes: frozenset[str]) -> urllib3.BaseHTTPResponse:
    parts = urlsplit(checked(url, schemes=schemes))
    host = (parts.hostname or "").encode("idna").decode() if not _is_literal(parts.hostname or "") else parts.hostname
    address = _address_of(host or "", parts.port or (443 if parts.scheme == "https" else 80), may_reach)
    timeout = urllib3.Timeout(connect=SECONDS_A_STEP, read=SECONDS_A_STEP)
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            str(address), parts.port, timeout=timeout, retries=False, server_hostname=host, assert_hostname=host
        )
    else:
        pool = urllib3.HTTPConnectionPool(str(address), parts.port, timeout=timeout, retries=False)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        return pool.request(
            "GET", target, headers={**headers, "host": parts.netloc}, redirect=False, preload_content=False
        )
    except (urllib3.exceptions.HTTPError, OSError):
        failure = FetchFailed("no_answer")
    # Outside the handler, so that no traceback carries the address.
    raise failure


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _address_of(host: str, port: int, may_reach: MayReach) -> Address:
    """One of the host's addresses, all of which must be allowed: a mixed answer is an attack or a mistake."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchFailed("unknown_host") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(may_reach(address) for address in addresses):
        raise FetchFailed("not_public")
    return addresses[0]


def _read(response: urllib3.BaseHTTPResponse, until: float) -> Fetched:
    told = response.headers
    etag, last_modified = told.get("etag", "")[:256], told.get("last-modified", "")[:64]
    if response.status == 304:
        return Fetched(None, etag, last_modified)
    if response.status != 200:
        raise FetchFailed("refused" if response.status in (401, 403, 404, 410) else "no_answer")
    return Fetched(b"".join(_chunks(response, until)), etag, last_modified)


def _chunks(response: urllib3.BaseHTTPResponse, until: float) -> Iterator[bytes]:
    """Unpacked piece by piece, so that neither a large file nor a packed one fills the memory."""
    read = 0
    try:
        for chunk in response.stream(CHUNK, decode_content=True):
            read += len(chunk)
            if read > MOST_BYTES:
                raise FetchFailed("too_large")
            if time.monotonic() > until:
                raise FetchFailed("too_slow")
            yield chunk
    except (urllib3.exceptions.HTTPError, OSError):
        failure = FetchFailed("no_answer")
    else:
        return
    raise failure
