"""The emulator under Google's own clients. No test here needs Django."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue

import pytest

from calendars.emulator.server import Emulator
from tests.conformance.google import Accounts, seed


@pytest.fixture
def google() -> Iterator[Emulator]:
    with Emulator(seed()) as emulator:
        yield emulator


@pytest.fixture
def accounts(google: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    made = Accounts(google)
    yield made
    made.close()


class Receiver:
    """Takes push messages; `next()` waits for one and returns its headers with the length of its body."""

    def __init__(self, url: str, messages: "Queue[dict[str, str]]") -> None:
        self.url, self.messages = url, messages

    def next(self) -> dict[str, str]:
        return self.messages.get(timeout=10)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    messages: Queue[dict[str, str]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.put({name.lower(): value for name, value in self.headers.items()})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Receiver(f"http://127.0.0.1:{server.server_address[1]}/push", messages)
    server.shutdown()
    server.server_close()
    thread.join()
