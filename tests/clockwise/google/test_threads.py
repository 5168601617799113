"""One process, many people: no thread ever gets another's answer (SYNC finding 1)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clockwise.google.client import CalendarClient
from clockwise.google.configuration import GoogleSettings

THREADS, CALLS = 8, 1250


class Token:
    """A person whose name is the token."""

    def __init__(self, name: str) -> None:
        self._name = name

    def current(self) -> str:
        return self._name

    def renew(self, refused: str) -> str:
        raise AssertionError(refused)


@pytest.fixture
def echo() -> Iterator[GoogleSettings]:
    """A Google that answers each call with the caller's token and the path that was asked for."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            caller = self.headers["Authorization"].removeprefix("Bearer ")
            body = f'{{"summary": "{caller}", "id": "{self.path.split("?")[0]}"}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    yield GoogleSettings(client_id="c", client_secret="s", api_root=url, allow_insecure=True)
    server.shutdown()
    server.server_close()
    thread.join()


def test_eight_threads_with_different_people_get_their_own_answers_ten_thousand_times(echo: GoogleSettings) -> None:
    swapped: list[str] = []

    def work(number: int) -> int:
        client = CalendarClient(echo, Token(f"person{number}"), lambda _: None)
        for call in range(CALLS):
            event = f"event{number}x{call}"
            answer = client.get_event(f"calendar{number}", event, fields="id,summary")
            expected = f"/calendar/v3/calendars/calendar{number}/events/{event}"
            if (answer["summary"], answer["id"]) != (f"person{number}", expected):
                swapped.append(event)
        return CALLS

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(work, range(THREADS))) == THREADS * CALLS
    assert swapped == []
