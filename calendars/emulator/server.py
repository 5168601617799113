"""The HTTP server. In a test: `with Emulator(seed) as google: ...`; from a shell: `python -m calendars.emulator`."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from calendars.emulator import batch, oauth
from calendars.emulator.api import CalendarApi, Request
from calendars.emulator.errors import ApiError, OAuthError
from calendars.emulator.faults import ANSWERS, Faults
from calendars.emulator.push import Push
from calendars.emulator.state import Json, State, StateFile, from_seed

LARGEST_BODY = 4 * 1024 * 1024


def endpoints(url: str, state: State | None = None) -> dict[str, str]:
    """The settings that point Clockwise at this server."""
    return {
        "GOOGLE_CLIENT_ID": state.client_id if state else "emulator-client",
        "GOOGLE_CLIENT_SECRET": state.client_secret if state else "emulator-secret",
        "GOOGLE_AUTH_URI": f"{url}/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URI": f"{url}/token",
        "GOOGLE_REVOKE_URI": f"{url}/revoke",
        "GOOGLE_USERINFO_URI": f"{url}/v1/userinfo",
        "GOOGLE_JWKS_URI": f"{url}/oauth2/v3/certs",
        "GOOGLE_ISSUERS": url,
        "GOOGLE_API_ROOT": f"{url}/",
    }


class Emulator:
    """A running server on a thread. `log`: for each request method, path, query, body, status and email."""

    def __init__(
        self, seed: Json | State, *, port: int = 0, state_file: Path | None = None, log_file: Path | None = None
    ) -> None:
        self._file = StateFile(state_file)
        self.state = self._file.load() or (seed if isinstance(seed, State) else from_seed(seed))
        self.lock = threading.RLock()
        self.faults = Faults()
        self.log: list[Json] = []
        self._log_file = log_file.open("a") if log_file else None
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.emulator = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.push = Push(self.state, self.url)
        self.api = CalendarApi(self.state, self.push)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
        self.push.close()
        self._file.write(self.state)
        if self._log_file:
            self._log_file.close()

    def endpoints(self) -> dict[str, str]:
        return endpoints(self.url, self.state)

    def write_log(self, entry: Json) -> None:
        self.log.append(entry)
        if self._log_file:
            self._log_file.write(json.dumps(entry) + "\n")
            self._log_file.flush()

    def changed(self) -> None:
        self._file.changed(self.state)

    # What a person does in Google's own pages, for tests.

    def as_person(self, email: str, method: str, event_id: str = "", body: Json | None = None) -> Json:
        """Insert, patch or delete an event on the person's calendar."""
        with self.lock:
            calendar = self.state.calendars[email]
            if method == "insert":
                return self.api.calendars.insert(email, body or {})
            if method == "patch":
                return self.api.calendars.patch(calendar, event_id, body or {}, None)
            self.api.calendars.delete(calendar, event_id, None)
            return {}

    def event(self, email: str, event_id: str) -> Json:
        with self.lock:
            return self.api.calendars.get(self.state.calendars[email], event_id)

    def revoke(self, email: str) -> None:
        with self.lock:
            oauth.end_grant(self.state, email)

    def expire_sync_tokens(self) -> None:
        with self.lock:
            self.state.oldest_token = self.state.next_change()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    emulator: Emulator


class _Drop(Exception):
    """The connection is cut without an answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Requests are logged as JSON, by `write_log`."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle_request(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY))
        path, query = unquote(parts.path), {key: values[-1] for key, values in parse_qs(parts.query).items()}
        entry: Json = {"method": self.command, "path": path, "query": query, "body": _readable(content)}
        try:
            status, headers, body = self._answer(path, query, content, entry)
        except (_Drop, BrokenPipeError, ConnectionResetError):
            entry["status"] = 0
            self.server.emulator.write_log(entry)
            self.close_connection = True
            self.connection.close()
            return
        entry["status"] = status
        self.server.emulator.write_log(entry)
        self._send(status, headers, body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_request  # noqa: N815 - the base class looks them up

    def _answer(self, path: str, query: dict[str, str], content: bytes, entry: Json) -> tuple[int, Json, bytes]:
        emulator = self.server.emulator
        try:
            if path.startswith("/emulator/"):
                return _json(200, control(emulator, self.command, path, json.loads(content or b"{}")))
            if path.startswith("/batch"):
                return batch.answer(self.headers, content, self._call)
            if path.startswith("/calendar/v3/"):
                authorization = self.headers.get("Authorization", "")
                etag = self.headers.get("If-Match")
                return _json(*self._call(self.command, path, query, content, authorization, etag, entry))
            return self._oauth(path, query, content)
        except (ApiError, OAuthError) as error:
            return _json(error.status, error.body)
        except (KeyError, ValueError, TypeError) as error:
            return _json(400, ApiError(400, "badRequest", type(error).__name__).body)

    def _call(
        self, method: str, path: str, query: dict[str, str], content: bytes, authorization: str, etag: str | None,
        entry: Json | None = None,
    ) -> tuple[int, Json | None]:  # fmt: skip
        """One call of the Calendar API, alone or as a part of a batch."""
        emulator = self.server.emulator
        try:
            with emulator.lock:
                token = oauth.caller(emulator.state, authorization)
            if entry is not None:
                entry["email"] = token.email
            fault = emulator.faults.take(method, path, token.email)
            self._misbehave(fault)
            body = json.loads(content) if content else {}
            with emulator.lock:
                answer = emulator.api.answer(Request(method, path, query, body, etag, token))
                if method != "GET":
                    emulator.changed()
            if fault == "drop_after_write":
                raise _Drop
            return answer
        except ApiError as error:
            return error.status, error.body

    def _misbehave(self, fault: str) -> None:
        if fault == "drop":
            raise _Drop
        if fault.startswith("slow:"):
            time.sleep(float(fault.removeprefix("slow:")))
        if fault in ANSWERS:
            raise ApiError(*ANSWERS[fault])

    def _oauth(self, path: str, query: dict[str, str], content: bytes) -> tuple[int, Json, bytes]:
        emulator, state = self.server.emulator, self.server.emulator.state
        form = parse_qs(content.decode()) if content else {}
        one = {key: values[-1] for key, values in form.items()}
        with emulator.lock:
            if path == "/o/oauth2/v2/auth" and self.command == "GET":
                page = oauth.consent_page(state, query)
                return 200, {"Content-Type": "text/html; charset=utf-8"}, page.encode()
            if path == "/o/oauth2/v2/auth":
                target = oauth.decide(
                    state, {**{key: [value] for key, value in query.items() if key != "scope"}, **form}
                )
                emulator.changed()
                return 302, {"Location": target}, b""
            if path == "/token":
                self._misbehave(emulator.faults.take("POST", path, ""))
                answer = oauth.token(state, one, emulator.url)
                emulator.changed()
                return _json(200, answer)
            if path == "/revoke":
                oauth.revoke(state, one.get("token") or query.get("token", ""))
                emulator.changed()
                return _json(200, {})
            if path in ("/v1/userinfo", "/oauth2/v3/userinfo"):
                token = oauth.caller(state, self.headers.get("Authorization", ""))
                return _json(200, oauth.userinfo(state.people[token.email]))
            if path == "/oauth2/v3/certs":
                status, headers, body = _json(200, oauth.certificates(state))
                return status, {**headers, "Cache-Control": "public, max-age=3600"}, body
        raise ApiError(404, "notFound", "Not Found")

    def _send(self, status: int, headers: Json, body: bytes) -> None:
        if len(body) > 512 and "gzip" in self.headers.get("Accept-Encoding", ""):
            headers, body = {**headers, "Content-Encoding": "gzip"}, gzip.compress(body, compresslevel=1)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def control(emulator: Emulator, method: str, path: str, body: Json) -> Json:
    """What tests and the curious do to this Google: faults, revoking, suspending, the clock, people's own edits."""
    actions: dict[str, Callable[[], Any]] = {
        "/emulator/faults": lambda: emulator.faults.add(body),
        "/emulator/revoke": lambda: emulator.revoke(body["email"]),
        "/emulator/suspend": lambda: _suspend(emulator, body["email"]),
        "/emulator/clock": lambda: _set_clock(emulator, body.get("now")),
        "/emulator/expire-sync-tokens": emulator.expire_sync_tokens,
        "/emulator/events": lambda: emulator.as_person(
            body["email"], body["method"], body.get("id", ""), body.get("event")
        ),
        "/emulator/log": lambda: {"requests": list(emulator.log)},
    }
    if path not in actions:
        raise ApiError(404, "notFound", "Not Found")
    answer = actions[path]()
    emulator.changed()
    return answer if isinstance(answer, dict) else {}


def _suspend(emulator: Emulator, email: str) -> None:
    emulator.state.people[email].is_suspended = True
    emulator.revoke(email)


def _set_clock(emulator: Emulator, text: str | None) -> None:
    emulator.state.clock = datetime.fromisoformat(text) if text else None


def _json(status: int, body: Json | None) -> tuple[int, Json, bytes]:
    if body is None:
        return status, {}, b""
    return status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(body).encode()


def _readable(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode(errors="replace")[:2000]
