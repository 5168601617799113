"""Misbehaviour on demand: POST /emulator/faults."""

import re
import threading
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
ANSWERS: dict[str, tuple[int, str]] = {
    "429": (429, "rateLimitExceeded"),
    "403_rate": (403, "rateLimitExceeded"),
    "403_quota": (403, "quotaExceeded"),
    "500": (500, "backendError"),
    "503": (503, "backendError"),
}


@dataclass
class Fault:
    """`kind`: a key of ANSWERS, `slow:SECONDS`, `drop` (before anything happened) or `drop_after_write`."""

    kind: str
    times: int
    method: str
    path: re.Pattern[str]
    email: str


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, body: Json) -> None:
        match = body.get("match", {})
        fault = Fault(
            kind=str(body["fault"]),
            times=int(body.get("times", 1)),
            method=str(match.get("method", "")).upper(),
            path=re.compile(match.get("path_regex", "")),
            email=str(match.get("email", "")).lower(),
        )
        with self._lock:
            self._faults.append(fault)

    def take(self, method: str, path: str, email: str) -> str:
        """The kind of the first fault that fits, counted down; "" for none."""
        with self._lock:
            for fault in self._faults:
                fits = fault.method in ("", method) and fault.path.search(path) and fault.email in ("", email)
                if fits and fault.times > 0:
                    fault.times -= 1
                    return fault.kind
        return ""
