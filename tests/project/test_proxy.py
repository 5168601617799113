"""Compose's proxy, run as Compose runs it: `Caddyfile`, with a certificate of this machine (goal 20, ASVS V12)."""

import http.client
import http.server
import json
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from clockwise import address
from clockwise.selfscan import web
from tests.project.containers import CHECKOUT, compose
from tests.tls import certificate

CADDY = Path(sys.executable).with_name("caddy")


class Proxy:
    """A running proxy: plain http and https on ports of this machine."""

    def __init__(self, host: str, folder: Path) -> None:
        self.host, self.socket = host, folder / "web.sock"
        self.plain = address.free_port(18100)
        self.tls = address.free_port(self.plain + 1)
        self._folder = folder
        made, key = certificate(folder, host)
        (folder / "fullchain.pem").write_bytes(made.read_bytes())
        (folder / "privkey.pem").write_bytes(key.read_bytes())
        self.authority = made

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        settings = {
            "CLOCKWISE_BASE_URL": f"https://{self.host}",
            "CERTIFICATES_FROM": "mounted",
            "CERTIFICATES_FOLDER": str(self._folder),
            "WEB_SOCKET": str(self.socket),
            "HTTP_PORT": str(self.plain),
            "HTTPS_PORT": str(self.tls),
            "XDG_DATA_HOME": str(self._folder / "data"),
        }
        command = [str(CADDY), "run", "--config", str(CHECKOUT / "Caddyfile"), "--adapter", "caddyfile"]
        process = subprocess.Popen(command, env={**os.environ, **settings}, stderr=subprocess.DEVNULL)
        try:
            _wait_for(self.tls)
            yield self
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0

    def ask(
        self, method: str, path: str, *, plain: bool = False, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, body; with TLS unless `plain`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.plain if plain else self.tls, timeout=60)
        connection.connect()
        if not plain:
            context = ssl.create_default_context(cafile=self.authority)
            connection.sock = context.wrap_socket(connection.sock, server_hostname=self.host)
        try:
            connection.request(method, path, body or None, {"Host": self.host, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


class _Mirror(http.server.BaseHTTPRequestHandler):
    """Answers with the headers that it got, and tells more of itself than it should."""

    server_version = "Mirror/1.2.3"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None: ...


class _SocketServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A connection that the proxy gave up is no trouble."""


@pytest.fixture(scope="module")
def mirrored() -> Iterator[Proxy]:
    """The proxy before a web that shows what reaches it."""
    with TemporaryDirectory() as folder:
        proxy = Proxy("127.0.0.1", Path(folder))
        server = _SocketServer(str(proxy.socket), _Mirror)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with proxy.running():
            yield proxy
        server.shutdown()
        server.server_close()


def test_goal_20_only_tls_1_2_and_1_3_with_authenticated_forward_secret_ciphers(
    mirrored: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(mirrored.authority))

    assert web.tls_problems(f"https://127.0.0.1:{mirrored.tls}/") == []


@pytest.mark.parametrize(
    ("version", "ciphers", "agreed"),
    [
        (ssl.TLSVersion.TLSv1_3, "", "TLS_"),
        (ssl.TLSVersion.TLSv1_2, "", "ECDHE-"),
        (ssl.TLSVersion.TLSv1_2, "AES256-GCM-SHA384:AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA", None),
    ],
)
def test_goal_20_a_handshake_is_as_the_proxy_wants_it(
    mirrored: Proxy, version: ssl.TLSVersion, ciphers: str, agreed: str | None
) -> None:
    context = ssl.create_default_context(cafile=mirrored.authority)
    context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")

    assert (_cipher(mirrored, context) or "").startswith(agreed) if agreed else _cipher(mirrored, context) is None


def _cipher(proxy: Proxy, context: ssl.SSLContext) -> str | None:
    try:
        with (
            socket.create_connection(("127.0.0.1", proxy.tls), 10) as plain,
            context.wrap_socket(plain, server_hostname=proxy.host) as tls,
        ):
            cipher = tls.cipher()
            return cipher[0] if cipher else None
    except ssl.SSLError:
        return None


def test_what_a_visitor_says_of_addresses_is_not_passed_on(mirrored: Proxy) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}

    _, _, body = mirrored.ask("GET", "/", headers=forged)

    seen = json.loads(body)
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert seen["x-forwarded-host"] == seen["host"] == "127.0.0.1"


def test_an_answer_has_hsts_and_tells_nothing_of_what_made_it(mirrored: Proxy) -> None:
    _, headers, _ = mirrored.ask("GET", "/")

    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains; preload"
    assert "server" not in headers
    assert "via" not in headers


def test_a_body_that_nobody_needs_is_refused(mirrored: Proxy) -> None:
    assert mirrored.ask("GET", "/", body=b"x" * 4_000_000)[0] == 200
    assert mirrored.ask("GET", "/", body=b"x" * 4_000_001)[0] == 413


def test_two_lengths_at_once_are_refused(mirrored: Proxy) -> None:
    """Request smuggling: proxy and web must not disagree on where a request ends (ASVS 4.2.1)."""
    context = ssl.create_default_context(cafile=mirrored.authority)
    with (
        socket.create_connection(("127.0.0.1", mirrored.tls), 10) as plain,
        context.wrap_socket(plain, server_hostname=mirrored.host) as tls,
    ):
        tls.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde")
        assert tls.recv(4096).startswith(b"HTTP/1.1 400")


def test_people_are_led_to_https_and_programs_refused(mirrored: Proxy) -> None:
    status, headers, _ = mirrored.ask("GET", "/organization?x=1", plain=True)

    assert (status, headers["location"]) == (301, "https://127.0.0.1/organization?x=1")
    for path in ("/api/v1/me", "/scim/v2/Users", "/integrations/google/push"):
        status, headers, _ = mirrored.ask("GET", path, plain=True, headers={"Authorization": "Bearer cws_x"})
        assert (status, "location" in headers) == (403, False)


def test_a_web_that_is_away_is_said_under_the_same_headers(mirrored: Proxy, tmp_path: Path) -> None:
    with Proxy("127.0.0.1", tmp_path).running() as proxy:
        status, headers, _ = proxy.ask("GET", "/")

    assert status == 502
    assert headers["strict-transport-security"].startswith("max-age=63072000")


def test_its_health_check_passes(mirrored: Proxy) -> None:
    assert mirrored.ask("GET", "/proxy-lives", plain=True)[0] == 200


@pytest.fixture(scope="module")
def served() -> Iterator[Proxy]:
    """Proxy and web, each by Compose's own words, under an address that isn't this machine's."""
    with TemporaryDirectory() as folder:
        proxy = Proxy("clockwise.example.com", Path(folder))
        command: list[Any] = compose()["services"]["web"]["command"]
        replaced = {"unix:/run/web/web.sock": f"unix:{proxy.socket}", "127.0.0.1:8000": "127.0.0.1:0"}
        local = {"ALLOWED_HOSTS", "OAUTHLIB_INSECURE_TRANSPORT"}  # what other tests set for their Google here
        environment = {name: value for name, value in os.environ.items() if name not in local}
        process = subprocess.Popen(
            [sys.executable, "-m", *(replaced.get(part, part) for part in command)],
            cwd=CHECKOUT,
            env={**environment, "CLOCKWISE_BASE_URL": "https://clockwise.example.com"},
        )
        with proxy.running():
            deadline = time.monotonic() + 60
            while proxy.ask("GET", "/healthz")[0] != 200:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield proxy
        process.terminate()
        assert process.wait(timeout=60) == 0


def test_the_product_is_served_with_its_own_headers_and_cookies(database: None, served: Proxy) -> None:
    status, headers, body = served.ask("GET", "/")

    assert status == 200
    assert b"<title>Clockwise" in body
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains; preload"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_googles_signals_and_pushes_and_identity_providers_get_through(database: None, served: Proxy) -> None:
    """Each is answered by the product, not by the proxy."""
    signal = served.ask("POST", "/integrations/google/risc", body=b"\xff")
    assert (signal[0], json.loads(signal[2])["err"]) == (400, "invalid_request")
    push = served.ask("POST", "/integrations/google/push")
    assert (push[0], "permissions-policy" in push[1]) == (400, True)
    scim = served.ask("GET", "/scim/v2/Users")
    assert (scim[0], json.loads(scim[2])["status"]) == (401, "401")


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
