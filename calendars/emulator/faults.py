"""Misbehaviour on demand: POST /emulator/faults.

A fault is answered (`429`, `403_rate`, `403_quota`, `410`, `500`, `503`, `html`; `429:30` and the like ask for patience
by Retry-After), delays (`slow:SECONDS`, or `slow_after_write:SECONDS` when all is done), cuts the connection before
anything happened (`drop`) or after the write was done (`drop_after_write`), or changes an answer: `expire_sync_tokens`
(410 wherever a sync token is sent), `empty_page` (a page of events without items). `{"429": 30}` is `429:30` too.
The token endpoint's: `invalid_grant`, `invalid_client`, `unauthorized_client`, `admin_policy_enforced`.
Push messages have the method PUSH and their resource as path: `drop` loses one, `twice` doubles it, `slow:SECONDS`.
"""

import re
import threading
from dataclasses import asdict, dataclass
from typing import Any

from calendars.emulator.errors import USAGE, ApiError, OAuthError

Json = dict[str, Any]
ANSWERS: dict[str, tuple[int, str, str]] = {
    "429": (429, "rateLimitExceeded", USAGE),
    "403_rate": (403, "rateLimitExceeded", USAGE),
    "403_quota": (403, "quotaExceeded", USAGE),
    "410": (410, "fullSyncRequired", "calendar"),
    "500": (500, "backendError", "global"),
    "503": (503, "backendError", "global"),
}
OAUTH = {"invalid_grant": 400, "invalid_client": 401, "unauthorized_client": 401, "admin_policy_enforced": 400}
OTHERS = ("html", "slow", "slow_after_write", "drop", "drop_after_write", "expire_sync_tokens", "empty_page", "twice")


@dataclass
class Fault:
    """Answers `times` requests that fit; an empty `method`, `path` or `email` fits all."""

    kind: str
    times: int
    method: str
    path: str
    email: str


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, body: Json) -> None:
        """`{"match": {"method", "path_regex", "email"}, "times": 1, "fault": kind}`. Raises ValueError, KeyError."""
        match = body.get("match", {})
        kind = body["fault"]
        kind = ":".join(map(str, next(iter(kind.items())))) if isinstance(kind, dict) else str(kind)
        word, _, seconds = kind.partition(":")
        if word not in {*ANSWERS, *OAUTH, *OTHERS}:
            raise ValueError(f"unknown fault: {kind}")
        if seconds:
            float(seconds)  # or ValueError
        method, path, email = (str(match.get(key) or "") for key in ("method", "path_regex", "email"))
        re.compile(path)
        with self._lock:
            self._faults.append(Fault(kind, int(body.get("times", 1)), method.upper(), path, email.lower()))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def pending(self) -> list[Json]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, method: str, path: str, email: str, *, with_sync_token: bool = False) -> str:
        """The kind of the first fault that fits, counted down; "" for none."""
        with self._lock:
            for fault in self._faults:
                fits = fault.method in ("", method) and re.search(fault.path, path) and fault.email in ("", email)
                if fits and (with_sync_token or fault.kind != "expire_sync_tokens"):
                    fault.times -= 1
                    self._faults = [fault for fault in self._faults if fault.times > 0]
                    return fault.kind
        return ""


def refusal(kind: str) -> ApiError | None:
    word, _, seconds = kind.partition(":")
    if word not in ANSWERS:
        return None
    status, reason, domain = ANSWERS[word]
    error = ApiError(status, reason, "Injected fault", domain=domain)
    if seconds:
        error.headers["Retry-After"] = seconds
    return error


def oauth_refusal(kind: str) -> OAuthError | None:
    if kind in OAUTH:
        return OAuthError(kind, "Injected fault", OAUTH[kind])
    return OAuthError("internal_failure", "Injected fault", ANSWERS[kind][0]) if kind in ANSWERS else None
