"""An address that a member types leads to the public internet, or nowhere."""

import gzip
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scheduling.personal import fetch as fetching
from scheduling.personal.fetch import FetchFailed, checked, fetch, is_public

PLAIN = frozenset({"http"})


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        status, headers, body = self.server.answers[self.path]  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


class FileServer:
    """Answers by path: status, headers, body. `seen`: paths and headers of the requests."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self._server.answers, self._server.seen = self.answers, self.seen  # type: ignore[attr-defined]
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def encrypt(self, context: ssl.SSLContext) -> None:
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def files() -> Iterator[FileServer]:
    server = FileServer()
    yield server
    server.close()


def get(url: str, **rest: Any) -> fetching.Fetched:
    return fetch(url, may_reach=lambda address: True, schemes=PLAIN, **rest)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fc00::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_arent_the_public_internet_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "142.250.74.46", "2a00:1450:4001:82b::200e"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x", "https://localhost/x", "https://[::1]/", "https://2130706433/", "https://0x7f.1/x"],
)
def test_loopback_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(FetchFailed, match=r"not_public|unknown_host"):
        fetch(url)


def test_a_host_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(FetchFailed, match="not_public"):
        fetch("https://rebinding.example/x")


def test_the_host_is_looked_up_once_and_that_very_address_is_asked(
    files: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look-up could answer another address (DNS rebinding)."""
    files.answers["/x"] = (200, {}, b"BEGIN:VCALENDAR")
    real, asked = socket.getaddrinfo, []

    def lookup(host: Any, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "calendar.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert get(f"http://calendar.example:{files.port}/x").body == b"BEGIN:VCALENDAR"
    assert asked.count("calendar.example") == 1
    assert files.seen[0][1]["host"] == f"calendar.example:{files.port}"


def test_a_redirect_into_a_private_network_is_refused(files: FileServer) -> None:
    files.answers["/x"] = (302, {"Location": "http://10.0.0.1/secret"}, b"")
    allowed = ipaddress.ip_address("127.0.0.1")
    with pytest.raises(FetchFailed, match="not_public"):
        fetch(files.url("/x"), may_reach=lambda address: address == allowed, schemes=PLAIN)


def test_a_redirect_to_another_scheme_is_refused(files: FileServer) -> None:
    files.answers["/x"] = (302, {"Location": "file:///etc/passwd"}, b"")
    with pytest.raises(FetchFailed, match="bad_address"):
        get(files.url("/x"))


def test_redirects_are_followed_so_far_and_no_further(files: FileServer) -> None:
    files.answers["/a"] = (301, {"Location": "/b"}, b"")
    files.answers["/b"] = (200, {"ETag": '"1"'}, b"found")
    assert get(files.url("/a")).body == b"found"
    files.answers["/loop"] = (302, {"Location": "/loop"}, b"")
    with pytest.raises(FetchFailed, match="too_many_redirects"):
        get(files.url("/loop"))


def test_an_unchanged_file_isnt_sent_again(files: FileServer) -> None:
    files.answers["/x"] = (200, {"ETag": '"1"', "Last-Modified": "Mon, 01 Mar 2027 10:00:00 GMT"}, b"body")
    first = get(files.url("/x"))
    files.answers["/x"] = (304, {}, b"")
    again = get(files.url("/x"), etag=first.etag, last_modified=first.last_modified)
    assert again.body is None
    assert files.seen[-1][1]["if-none-match"] == '"1"'
    assert files.seen[-1][1]["if-modified-since"] == "Mon, 01 Mar 2027 10:00:00 GMT"


def test_a_file_that_unpacks_to_more_than_the_limit_is_refused(files: FileServer) -> None:
    packed = gzip.compress(b"x" * (fetching.MOST_BYTES + 1))
    assert len(packed) < 10_000
    files.answers["/x"] = (200, {"Content-Encoding": "gzip"}, packed)
    with pytest.raises(FetchFailed, match="too_large"):
        get(files.url("/x"))


def test_a_server_that_dribbles_is_left(files: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_SECONDS", -1)
    files.answers["/x"] = (200, {}, b"body")
    with pytest.raises(FetchFailed, match="too_slow"):
        get(files.url("/x"))


@pytest.mark.parametrize(("status", "reason"), [(404, "refused"), (403, "refused"), (500, "no_answer")])
def test_refusals_are_told_from_trouble(files: FileServer, status: int, reason: str) -> None:
    files.answers["/x"] = (status, {}, b"")
    with pytest.raises(FetchFailed, match=reason):
        get(files.url("/x"))


@pytest.fixture
def over_tls(files: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """The file server as https://calendar.example, with a certificate of an authority that we trust."""
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calendar.example")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("calendar.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(pem + secret)
    (tmp_path / "authority.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    files.encrypt(context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *r, **m: real("127.0.0.1" if "example" in str(host) else host, *r, **m)
    )
    files.answers["/x"] = (200, {}, b"found")
    return files


def test_the_certificate_is_the_hosts_although_its_address_is_asked(over_tls: FileServer) -> None:
    found = fetch(f"https://calendar.example:{over_tls.port}/x", may_reach=lambda address: True)
    assert found.body == b"found"


def test_a_certificate_of_another_host_is_refused(over_tls: FileServer) -> None:
    with pytest.raises(FetchFailed, match="no_answer"):
        fetch(f"https://other.example:{over_tls.port}/x", may_reach=lambda address: True)


def test_a_certificate_of_nobody_whom_we_trust_is_refused(
    over_tls: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(FetchFailed, match="no_answer"):
        fetch(f"https://calendar.example:{over_tls.port}/x", may_reach=lambda address: True)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("http://calendar.example/x", "not_https"),
        ("ftp://calendar.example/x", "bad_address"),
        ("https://user:secret@calendar.example/", "bad_address"),
        ("https:///x", "bad_address"),
        ("https://calendar.example:99999/", "bad_address"),
        ("", "bad_address"),
    ],
)
def test_what_will_never_be_asked_is_refused_when_it_is_typed(typed: str, reason: str) -> None:
    with pytest.raises(FetchFailed, match=reason):
        checked(typed)


def test_webcal_is_https() -> None:
    assert checked(" webcal://calendar.example/x.ics ") == "https://calendar.example/x.ics"


def test_no_failure_tells_the_address() -> None:
    with pytest.raises(FetchFailed) as failed:
        fetch("https://127.0.0.1/very-secret")
    assert "secret" not in repr(failed.value)
