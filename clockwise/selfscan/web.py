"""The web's TLS and headers, asked over the network as a browser would."""

import re
import socket
import ssl
import warnings
from urllib.parse import urlsplit

import requests

from clockwise.selfscan.problem import Problem

TIMEOUT_SECONDS = 5
OLD_VERSIONS = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}
HSTS_SECONDS = 31_536_000


def header_problems(url: str) -> list[Problem]:
    try:
        answer = requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return [Problem("headers", f"{url} does not answer ({type(error).__name__}).")]
    headers, https = answer.headers, url.startswith("https://")
    found = [text for good, text in _expectations(headers, https) if not good]
    cookie = headers.get("Set-Cookie", "")
    if cookie and "httponly" not in cookie.lower():
        found.append(f"A cookie ({cookie.split('=')[0]}) is readable to scripts.")
    return [Problem("headers", text) for text in found]


def _expectations(headers: "requests.structures.CaseInsensitiveDict[str]", https: bool) -> list[tuple[bool, str]]:
    policy = headers.get("Content-Security-Policy", "")
    hsts = re.search(r"max-age=(\d+)", headers.get("Strict-Transport-Security", ""))
    return [
        ("default-src 'none'" in policy or "default-src 'self'" in policy, "There is no content security policy."),
        ("unsafe" not in policy, "The content security policy allows unsafe sources."),
        ("frame-ancestors" in policy, "Other sites may frame the pages."),
        (headers.get("X-Content-Type-Options") == "nosniff", "X-Content-Type-Options is not nosniff."),
        (bool(headers.get("Referrer-Policy")), "There is no Referrer-Policy."),
        (headers.get("Cross-Origin-Opener-Policy") == "same-origin", "Cross-Origin-Opener-Policy is not same-origin."),
        ("Server" not in headers or not re.search(r"\d", headers["Server"]), "The Server header tells a version."),
        (not https or bool(hsts and int(hsts[1]) >= HSTS_SECONDS), "HSTS is missing or shorter than a year."),
    ]


def tls_problems(url: str) -> list[Problem]:
    """Old versions must be refused, the negotiated cipher must be authenticated and forward secret."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return []
    address = (parts.hostname or "", parts.port or 443)
    found = [f"{name} is accepted." for name, version in OLD_VERSIONS.items() if _handshake(address, version)]
    negotiated = _handshake(address, None)
    if negotiated is None:
        found.append("No TLS 1.2 or 1.3 handshake succeeds with a certificate that this machine trusts.")
    elif not re.search(r"^TLS_|ECDHE.*(GCM|CHACHA20)", negotiated):
        found.append(f"The cipher {negotiated} is not forward secret and authenticated.")
    return [Problem("tls", text) for text in found]


def _handshake(address: tuple[str, int], version: ssl.TLSVersion | None) -> str | None:
    """The cipher, or None when the server refuses. With a version, nothing but that version is offered."""
    context = ssl.create_default_context()
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that the version is old is the point
            context.minimum_version = context.maximum_version = version
        # Whether the old version is spoken is the question, not by whom; nothing is sent.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        with (
            socket.create_connection(address, TIMEOUT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=address[0]) as tls,
        ):
            cipher = tls.cipher()
            return cipher[0] if cipher else None
    except (OSError, ssl.SSLError):
        return None
