"""Google-shaped refusals (developers.google.com/workspace/calendar/api/guides/errors)."""

from typing import Any


class ApiError(Exception):
    def __init__(self, status: int, reason: str, message: str = "", **extra: Any) -> None:
        super().__init__(reason)
        self.status = status
        entry = {"domain": "global", "reason": reason, "message": message or reason, **extra}
        self.body = {"error": {"code": status, "message": message or reason, "errors": [entry]}}


class OAuthError(Exception):
    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": "Bad Request"}
