"""HTTP: from bytes to the part of Google that answers, and back."""

import gzip
import json
import logging
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from calendars.emulator import batch, consent, control, directory, identity, oauth
from calendars.emulator.api import Request
from calendars.emulator.errors import ApiError, OAuthError
from calendars.emulator.faults import oauth_refusal, refusal

if TYPE_CHECKING:
    from calendars.emulator.server import Emulator

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
LARGEST_BODY = 8 * 1024 * 1024
WORTH_PACKING = 1024
JSON_TYPE = "application/json; charset=UTF-8"

logger = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, emulator: "Emulator", port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.emulator = emulator
        self.connections: set[socket.socket] = set()

    def cut(self) -> None:
        """End the connections that clients keep open, so that nobody goes on talking to a server that is gone."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class Dropped(Exception):
    """The connection is cut without an answer."""


class ProxyAnswer(Exception):
    """Not Google answers but something in between, in HTML."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave together.
    wbufsize = 64 * 1024
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Requests are logged as JSON, by `Emulator.write_log`."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(min(length, LARGEST_BODY))
        self.close_connection = self.close_connection or length > LARGEST_BODY
        query = parse_qs(parts.query, keep_blank_values=True)
        entry = _entry(self.command, parts.path, query, content)
        try:
            answer = self._answer(parts.path, query, content, entry)
        except Dropped:
            self._log(entry, 0)
            self.close_connection = True
            return
        except ProxyAnswer:
            answer = _html(502, "<!doctype html><title>Error 502</title><p>The server encountered a temporary error.")
        except (ApiError, OAuthError) as error:
            status, headers, body = _json(error.status, error.body)
            answer = status, {**headers, **error.headers}, body
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception:
            logger.exception("%s %s", self.command, parts.path)
            answer = _json(500, ApiError(500, "backendError", "Backend Error").body)
        self._log(entry, answer[0])
        self._send(*answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = serve  # noqa: N815 - the base class looks them up

    def _log(self, entry: Json, status: int) -> None:
        self.server.emulator.write_log({**entry, "status": status})

    def _answer(self, path: str, query: dict[str, list[str]], content: bytes, entry: Json) -> Answer:
        if path.startswith(("/calendar/v3/", directory.PATH)):
            status, body = self._call(batch.Part(self.command, self.path, self.headers, content), entry)
            return _json(status, body)
        if path in ("/batch", "/batch/calendar/v3"):
            return self._batch(content)
        if path.startswith("/emulator/"):
            one = {name: values[-1] for name, values in query.items()}
            return _json(200, control.answer(self.server.emulator, self.command, path, one, _body(content)))
        return self._oauth(path, query, content)

    # The Calendar API

    def _batch(self, content: bytes) -> Answer:
        def answer(part: batch.Part) -> tuple[int, Json | None]:
            target = urlsplit(part.target)
            entry = {**_entry(part.method, target.path, parse_qs(target.query), part.content), "batch": True}
            try:
                status, body = self._call(part, entry)
            except ApiError as error:
                status, body = error.status, error.body
            self._log(entry, status)
            return status, body

        content_type, authorization = self.headers.get("Content-Type", ""), self.headers.get("Authorization", "")
        found = batch.answer(content_type, authorization, content, answer)
        return 200, {"Content-Type": f"multipart/mixed; boundary={batch.BOUNDARY}"}, found

    def _call(self, part: batch.Part, entry: Json) -> tuple[int, Json | None]:
        """One call, alone or as a part of a batch. Raises ApiError and Dropped."""
        emulator = self.server.emulator
        url = urlsplit(part.target)
        query = parse_qs(url.query, keep_blank_values=True)
        with emulator.lock:
            token = oauth.caller(emulator.state, part.headers.get("Authorization", ""))
        entry["email"] = token.email
        fault = emulator.faults.take(part.method, entry["path"], token.email, with_sync_token="syncToken" in query)
        self._misbehave(fault)
        etag = part.headers.get("If-Match", "")
        request = Request(part.method, url.path, query, _body(part.content), etag, token, fault)
        with emulator.lock:
            if url.path.startswith(directory.PATH):
                return 200, directory.answer(emulator.state, part.method, url.path, query, token)
            answer = emulator.api.answer(request)
            if part.method != "GET":
                emulator.changed()
        self._misbehave_after(fault)
        return (204, None) if answer is None else (200, answer)

    def _misbehave(self, fault: str) -> None:
        if fault == "drop":
            raise Dropped
        if fault.startswith("slow:"):
            time.sleep(float(fault.removeprefix("slow:")))
        if error := refusal(fault):
            raise error
        if fault == "html":
            raise ProxyAnswer

    def _misbehave_after(self, fault: str) -> None:
        """What was asked for is done; only the answer is late, or never comes."""
        if fault.startswith("slow_after_write:"):
            time.sleep(float(fault.removeprefix("slow_after_write:")))
        if fault == "drop_after_write":
            raise Dropped

    # Accounts

    def _oauth(self, path: str, query: dict[str, list[str]], content: bytes) -> Answer:
        emulator, state = self.server.emulator, self.server.emulator.state
        form = parse_qs(content.decode(errors="replace"), keep_blank_values=True)
        one = {name: values[-1] for name, values in query.items()}
        authorization = self.headers.get("Authorization", "")
        if path == "/token" and self.command == "POST":
            return self._token({name: values[-1] for name, values in form.items()}, authorization)
        with emulator.lock:
            if path == "/o/oauth2/v2/auth" and self.command == "POST":
                target = consent.decide(state, one, form)
                emulator.changed()
                return 302, {"Location": target}, b""
            if path == "/o/oauth2/v2/auth":
                return _html(200, consent.page(state, one))
            if path == "/revoke" and self.command == "POST":
                oauth.revoke(state, form.get("token", [one.get("token", "")])[-1])
                emulator.changed()
                return _json(200, {})
            if path in ("/v1/userinfo", "/oauth2/v3/userinfo"):
                token = oauth.caller(state, authorization)
                return _json(200, identity.userinfo(state.people[token.email], token.scopes, emulator.url))
            if path == "/oauth2/v3/certs":
                status, headers, body = _json(200, identity.certificates(state))
                return status, {**headers, "Cache-Control": "public, max-age=3600"}, body
            if path == "/.well-known/openid-configuration":
                return _json(200, identity.configuration(emulator.url))
            if path == "/.well-known/risc-configuration":
                return _json(200, identity.risc_configuration(emulator.url))
        raise ApiError(404, "notFound", "Not Found")

    def _token(self, form: dict[str, str], authorization: str) -> Answer:
        emulator = self.server.emulator
        held = emulator.state.refresh_tokens.get(form.get("refresh_token", ""))
        fault = emulator.faults.take("POST", "/token", held.email if held else "")
        if error := oauth_refusal(fault):
            raise error
        self._misbehave(fault)
        with emulator.lock:
            answer = oauth.token(emulator.state, form, authorization, emulator.url)
            emulator.changed()
        self._misbehave_after(fault)
        return _json(200, answer)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        if len(body) > WORTH_PACKING and "gzip" in self.headers.get("Accept-Encoding", ""):
            headers, body = {**headers, "Content-Encoding": "gzip"}, gzip.compress(body, compresslevel=1)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _entry(method: str, path: str, query: dict[str, list[str]], content: bytes) -> Json:
    """A log's line: JSON bodies parsed, others as text; a repeated parameter as a list."""
    shown = {name: values if len(values) > 1 else values[0] for name, values in query.items()}
    return {"method": method, "path": unquote(path), "query": shown, "body": _readable(content)}


def _readable(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode(errors="replace")


def _body(content: bytes) -> Json:
    try:
        found = json.loads(content) if content.strip() else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(400, "parseError", "Parse Error")
    return found


def _json(status: int, body: Json | None) -> Answer:
    if body is None:
        return status, {}, b""
    headers = {"Content-Type": JSON_TYPE}
    if isinstance(body.get("etag"), str):
        headers["ETag"] = body["etag"]
    if status == 401 and "code" in (body["error"] if isinstance(body["error"], dict) else {}):
        headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return status, headers, json.dumps(body).encode()


def _html(status: int, text: str) -> Answer:
    return status, {"Content-Type": "text/html; charset=utf-8"}, text.encode()
