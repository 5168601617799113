"""Goal 36: a planted port, header, TLS version, database hole and container flag are each reported."""

import http.server
import json
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from clockwise.selfscan import container, ports, web
from tests.tls import certificate

GOOD = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@contextmanager
def served(headers: dict[str, str]) -> Iterator[str]:
    class Page(http.server.BaseHTTPRequestHandler):
        server_version, sys_version = "web", ""

        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def test_goal_36_good_headers_are_no_problem() -> None:
    with served(GOOD) as url:
        assert web.header_problems(url) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Content-Security-Policy": ""}, "no content security policy"),
        ({"Content-Security-Policy": "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"}, "unsafe"),
        ({"Content-Security-Policy": "default-src 'none'"}, "frame"),
        ({"X-Content-Type-Options": ""}, "nosniff"),
        ({"Referrer-Policy": ""}, "Referrer-Policy"),
        ({"Cross-Origin-Opener-Policy": "unsafe-none"}, "Opener"),
        ({"Set-Cookie": "sessionid=x; Path=/"}, "readable to scripts"),
    ],
)
def test_goal_36_a_weak_header_is_reported(changed: dict[str, str], told: str) -> None:
    with served(GOOD | changed) as url:
        assert any(told in problem.text for problem in web.header_problems(url))


def test_goal_36_a_web_that_does_not_answer_is_a_problem() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "does not answer" in web.header_problems(f"http://127.0.0.1:{port}/")[0].text


def test_goal_36_a_planted_open_port_is_reported_and_loopback_is_not() -> None:
    with socket.socket() as open_to_all, socket.socket() as own:
        open_to_all.bind(("0.0.0.0", 0))
        own.bind(("127.0.0.1", 0))
        for each in (open_to_all, own):
            each.listen()
        planted, loopback = open_to_all.getsockname()[1], own.getsockname()[1]
        texts = " ".join(problem.text for problem in ports.problems(frozenset()))
        assert f"Port {planted} " in texts
        assert f"Port {loopback} " not in texts
        assert f"Port {planted} " not in " ".join(p.text for p in ports.problems(frozenset({planted})))


def test_goal_36_addresses_of_both_families_are_read(tmp_path: Path) -> None:
    head = "  sl  local_address rem_address   st\n"
    (tmp_path / "tcp").write_text(head + "   0: 0100007F:1F90 00000000:0000 0A\n   1: 0100A8C0:0050 00000000:0000 0A\n")
    (tmp_path / "tcp6").write_text(
        head
        + "   0: 00000000000000000000000000000000:1538 00000000000000000000000000000000:0000 0A\n"
        + "   1: 00000000000000000000000001000000:1539 00000000000000000000000000000000:0000 0A\n"
        + "   2: 0000000000000000FFFF00000100007F:1540 00000000000000000000000000000000:0000 0A\n"
    )
    assert [problem.text.split(":")[0] for problem in ports.problems(frozenset(), tmp_path)] == [
        "Port 80 is open on 192.168.0.1",
        "Port 5432 is open on ",
    ]


def test_goal_36_old_tls_and_an_untrusted_certificate_are_reported(tmp_path: Path) -> None:
    with tls_server(tmp_path, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1) as url:
        texts = [problem.text for problem in web.tls_problems(url)]
    assert texts == [
        "TLS 1.1 is accepted.",
        "No TLS 1.2 or 1.3 handshake succeeds with a certificate that this machine trusts.",
    ]


def test_goal_36_a_server_of_tls_1_2_and_1_3_with_a_trusted_certificate_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(tmp_path, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3) as url:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        assert web.tls_problems(url) == []


@contextmanager
def tls_server(folder: Path, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> Iterator[str]:
    """A server of the loopback address with a certificate of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = lowest, highest
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(server, context), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        server.close()


def _accept(server: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = server.accept()
            context.wrap_socket(plain, server_side=True).close()
        except ssl.SSLError:
            continue
        except OSError:
            return


STATUS = "Uid:\t{uid}\t{uid}\nCapBnd:\t{caps}\nNoNewPrivs:\t{privs}\n"


@pytest.mark.parametrize(
    ("uid", "caps", "privs", "mount", "told"),
    [
        (10001, "0000000000000000", 1, "ro", []),
        (0, "0000000000000000", 1, "ro", ["ordinary user"]),
        (10001, "00000000a80425fb", 1, "ro", ["capabilities"]),
        (10001, "0000000000000000", 0, "ro", ["no-new-privileges"]),
        (10001, "0000000000000000", 1, "rw", ["read-only"]),
    ],
)
def test_goal_36_a_container_flag_that_is_missing_is_reported(
    uid: int, caps: str, privs: int, mount: str, told: list[str], tmp_path: Path
) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/status").write_text(STATUS.format(uid=uid, caps=caps, privs=privs))
    (tmp_path / "mounts").write_text(f"overlay / overlay {mount},relatime 0 0\nproc /proc proc rw 0 0\n")
    (tmp_path / "mark").touch()
    found = container.problems(tmp_path, tmp_path / "mark")
    assert len(found) == len(told)
    assert all(word in problem.text for word, problem in zip(told, found, strict=True))
    assert container.problems(tmp_path, tmp_path / "nowhere") == []


def test_goal_36_the_command_reports_a_database_hole_and_fails(database: None) -> None:
    out = StringIO()
    with connections["owner"].cursor() as owner, served(GOOD) as url:
        owner.execute("CREATE TABLE forgotten (id uuid, organization_id uuid)")
        try:
            with pytest.raises(CommandError, match="problems found"):
                call_command("selfscan", "--url", url, stdout=out)
        finally:
            owner.execute("DROP TABLE forgotten")
    answer = json.loads(out.getvalue().splitlines()[-1])
    assert any("tenancy.E001" in problem["text"] for problem in answer["problems"])
