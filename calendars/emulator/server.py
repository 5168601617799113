"""The emulator as a library: `with Emulator(seed) as google: ...`; from a shell: `python -m calendars.emulator`."""

import json
import secrets
import threading
from pathlib import Path
from typing import Any, Self

from calendars.emulator import access, identity, listing, oauth, views
from calendars.emulator.api import CalendarApi
from calendars.emulator.faults import Faults
from calendars.emulator.push import CALENDAR_LIST, Push
from calendars.emulator.seed import add_calendar, planted
from calendars.emulator.state import State
from calendars.emulator.storage import StateFile
from calendars.emulator.wire import Server

Json = dict[str, Any]


def endpoints(url: str, client_id: str = "emulator-client", client_secret: str = "emulator-secret") -> dict[str, str]:  # noqa: S107
    """The settings that point an application at this server."""
    return {
        "GOOGLE_CLIENT_ID": client_id,
        "GOOGLE_CLIENT_SECRET": client_secret,
        "GOOGLE_AUTH_URI": f"{url}/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URI": f"{url}/token",
        "GOOGLE_REVOKE_URI": f"{url}/revoke",
        "GOOGLE_USERINFO_URI": f"{url}/v1/userinfo",
        "GOOGLE_JWKS_URI": f"{url}/oauth2/v3/certs",
        "GOOGLE_ISSUERS": url,
        "GOOGLE_API_ROOT": f"{url}/",
        "GOOGLE_RISC_CONFIGURATION_URI": f"{url}/.well-known/risc-configuration",
    }


class Emulator:
    """A Google on a thread and a free port (or `port`).

    `log`: for each request method, path, query, body, status and, where a token was known, email. `state`: everything
    else; read or change it under `lock`.
    """

    def __init__(
        self, seed: Json | State, *, port: int = 0, state_file: Path | None = None, log_file: Path | None = None
    ) -> None:
        self.lock = threading.RLock()
        self._file = StateFile(state_file, self.lock)
        self.state = self._file.load() or (seed if isinstance(seed, State) else planted(seed))
        self.state.key()
        self.faults: Faults = Faults()
        self.log: list[Json] = []
        self._log_file = log_file.open("a") if log_file else None
        self._server = Server(self, port)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.push = Push(self.state, self.faults, self.url)
        self.api = CalendarApi(self.state, self.push)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
        self._server.cut()
        self.push.close()
        self._file.close(self.state)
        with self.lock:
            if self._log_file:
                self._log_file.close()
                self._log_file = None

    def endpoints(self) -> dict[str, str]:
        return endpoints(self.url, self.state.client_id, self.state.client_secret)

    def write_log(self, entry: Json) -> None:
        with self.lock:
            self.log.append(entry)
            if self._log_file:
                self._log_file.write(json.dumps(entry) + "\n")
                self._log_file.flush()

    def changed(self) -> None:
        self._file.changed(self.state)

    # What people and admins do in Google's own pages

    def as_person(
        self, email: str, method: str, event_id: str = "", body: Json | None = None, *, calendar: str = "primary"
    ) -> Json:
        """Insert, patch or delete an event on one of the person's calendars. Raises ApiError as the API does."""
        with self.lock:
            target = access.writable(self.state, email, calendar)
            events = self.api.events
            self.changed()
            if method == "insert":
                event = events.insert(target.calendar, body or {}, by=email, conference=True)
                return views.whole(self.state, event, None, target)
            if method == "patch":
                found = events.write(target.calendar, event_id, body or {}, conference=True)
                return views.whole(self.state, *found, target)
            if method == "delete":
                events.delete(target.calendar, event_id)
                return {}
            raise ValueError(f"unknown method: {method}")

    def split(self, email: str, instance_id: str, changes: Json, *, calendar: str = "primary") -> str:
        """The person edits this and following events; the id of the series that goes on."""
        with self.lock:
            target = access.writable(self.state, email, calendar)
            self.changed()
            return self.api.events.split(target.calendar, instance_id, changes).id

    def move(self, email: str, event_id: str, destination: str, *, calendar: str = "primary") -> None:
        """The person puts an event on another calendar of theirs."""
        with self.lock:
            source, target = (access.writable(self.state, email, name) for name in (calendar, destination))
            self.changed()
            self.api.events.move(source.calendar, event_id, target.calendar)

    def event(self, email: str, event_id: str, *, calendar: str = "primary") -> Json:
        """As the person sees it; cancelled events too."""
        with self.lock:
            target = access.reader(self.state, email, calendar)
            return views.whole(self.state, *self.api.events.locate(target.calendar, event_id), target)

    def events(self, email: str, *, calendar: str = "primary", **query: str) -> list[Json]:
        """The truth that a sync should arrive at: single instances, `query` as for events.list (`timeMin`, ...)."""
        wanted = {"singleEvents": ["true"], **{name: [value] for name, value in query.items()}}
        with self.lock:
            target = access.reader(self.state, email, calendar)
            return listing.whole(self.state, target, wanted)

    def put_calendar(self, email: str, row: Json) -> None:
        """Add or change a line of the person's calendar list (docs/emulator.md, `calendars`)."""
        with self.lock:
            add_calendar(self.state, self.state.people[email], row)
            self.push.changed(CALENDAR_LIST, email)

    def revoke(self, email: str) -> None:
        """The person takes the application's access back."""
        with self.lock:
            oauth.end_grant(self.state, email)

    def suspend(self, email: str, suspended: bool = True) -> None:
        with self.lock:
            self.state.people[email].is_suspended = suspended

    def delete_account(self, email: str) -> None:
        """The Workspace admin deletes the account: as when it is suspended, and in another list."""
        with self.lock:
            person = self.state.people[email]
            person.is_suspended, person.deleted_at = True, self.state.now()

    def security_event(self, email: str, name: str, *, jti: str = "", **details: str) -> str:
        """A signed event about the person's account, as Google would send it; `name` is its URI's last part."""
        with self.lock:
            family = "oauth" if name.startswith("token") else "risc"
            uri = f"https://schemas.openid.net/secevent/{family}/event-type/{name}"
            subject = {"subject_type": "iss-sub", "iss": f"{self.url}/", "sub": self.state.people[email].subject}
            about = {"subject": subject, **details} if name != "verification" else details
            return identity.security_event(self.state, self.url, uri, about, jti=jti or secrets.token_hex(16))

    def expire_sync_tokens(self) -> None:
        with self.lock:
            self.state.oldest_token = self.state.next_change()
