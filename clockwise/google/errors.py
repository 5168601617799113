"""What can go wrong with Google, sorted by what the caller can do about it.

Messages hold Google's reason word at most: no calendar text, address or token.
"""

import json
from collections.abc import Mapping

RATE_LIMITS = {"rateLimitExceeded", "userRateLimitExceeded"}
QUOTAS = {"quotaExceeded", "calendarUsageLimits", "dailyLimitExceeded"}
OPERATORS = {"accessNotConfigured", "invalid_client", "unauthorized_client", "deleted_client", "admin_policy_enforced"}
SCOPES = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientScopes"}


class GoogleError(Exception):
    """Base of all; `reason` is Google's word or ours."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class GoogleUnavailable(GoogleError):
    """Try again later: 5xx, 429, a rate limit, no answer. `retry_after`: seconds that Google asked for."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class QuotaExhausted(GoogleError):
    """Used up for hours: park this person's writes."""


class GrantRevoked(GoogleError):
    """The grant is gone: the person has to connect again."""


class AccessMisconfigured(GoogleError):
    """The operator's to mend; says nothing about any person."""


class ScopeMissing(GoogleError):
    """The person unticked a scope that this needs."""


class NotPermitted(GoogleError):
    """Permanent for this event."""


class NotFound(GoogleError):
    """The calendar or event is gone, or access to it."""


class Gone(GoogleError):
    """410: a sync token that expired, or an event that was deleted."""


class EventChanged(GoogleError):
    """412: somebody changed the event since; plan anew, never overwrite."""


class Duplicate(GoogleError):
    """409: the id exists, or existed."""


class BadRequest(GoogleError):
    """400: ours to mend, or bad data."""


def from_answer(status: int, content: bytes, headers: Mapping[str, str]) -> GoogleError:
    """The error for an answer of the API (SYNC.md 1.5; developers.google.com/workspace/calendar/api/guides/errors)."""
    reason = _reason(content) or f"status {status}"
    if status == 429 or status >= 500 or reason in RATE_LIMITS:
        return GoogleUnavailable(reason, _seconds(headers.get("retry-after")))
    if reason in QUOTAS:
        return QuotaExhausted(reason)
    if reason in OPERATORS:
        return AccessMisconfigured(reason)
    if reason in SCOPES:
        return ScopeMissing(reason)
    by_status: dict[int, type[GoogleError]] = {
        400: BadRequest,
        401: GrantRevoked,
        403: NotPermitted,
        404: NotFound,
        409: Duplicate,
        410: Gone,
        412: EventChanged,
    }
    return by_status.get(status, BadRequest)(reason)


def _reason(content: bytes) -> str:
    """Google's reason word; an empty or HTML body has none."""
    try:
        error = json.loads(content)["error"]
        if isinstance(error, str):
            return error
        return str(error.get("errors", [{}])[0].get("reason") or error.get("status") or "")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return ""


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
