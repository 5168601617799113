"""What can go wrong at Google, told apart by what the caller can do about it.

A message is the error's name and one word of Google's vocabulary. Never an address, a calendar's or
event's id, a text or a token: these messages reach logs and the database.
"""

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from clockwise import clock

_WORD = re.compile(r"[A-Za-z_]{1,48}")


class GoogleError(Exception):
    """`reason`: a word of Google's or of ours, fit for logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class GoogleUnavailable(GoogleError):
    """Try again later: Google is slow, broken, silent or asks for patience."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after  # seconds, when Google said so


class RateLimited(GoogleUnavailable):
    """Too many requests within a minute: this person's requests wait a little (SYNC 1.5)."""


class OverBudget(RateLimited):
    """Our own budget, which keeps below Google's limits, is used up; `retry_after` says until when."""


class QuotaExhausted(GoogleError):
    """Park this person's writes for hours (SYNC W5)."""


class GrantRevoked(GoogleError):
    """This person's grant is dead: end the access, let them connect again (O5, O8)."""


class AccessMisconfigured(GoogleError):
    """The operator's or the Workspace admin's to repair; no person's grant is at fault (O5)."""


class BlockedByAdmin(AccessMisconfigured):
    """The Workspace admin doesn't let this app in: theirs to allow (O5)."""


class ScopeMissing(GoogleError):
    """The person has not granted this: ask for consent again."""


class NotPermitted(GoogleError):
    """Google will never allow this on this event or calendar: do not retry (W3)."""


class CalendarExcluded(GoogleError):
    """No request was made: an exclusion forbids naming this calendar."""


class NotFound(GoogleError):
    """The calendar or event is gone, or the access to it is lost."""


class Gone(GoogleError):
    """The event was deleted before: for a delete that is success."""


class SyncTokenExpired(Gone):
    """List the calendar anew, in full (S4)."""


class EventChanged(GoogleError):
    """Somebody edited the event since its etag was read: read and plan anew (W2)."""


class Duplicate(GoogleError):
    """The id is taken, perhaps by our own earlier attempt: get and compare (W1)."""


class BadRequest(GoogleError):
    """Google refuses the request as it stands: a bug of ours or bad data."""


_OF_403: dict[str, type[GoogleError]] = {
    "rateLimitExceeded": RateLimited,
    "userRateLimitExceeded": RateLimited,
    "RATE_LIMIT_EXCEEDED": RateLimited,
    "quotaExceeded": QuotaExhausted,
    "calendarUsageLimits": QuotaExhausted,
    "dailyLimitExceeded": QuotaExhausted,
    "accessNotConfigured": AccessMisconfigured,
    "SERVICE_DISABLED": AccessMisconfigured,
    "insufficientPermissions": ScopeMissing,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": ScopeMissing,
}
_OF_STATUS: dict[int, type[GoogleError]] = {
    401: GrantRevoked,
    404: NotFound,
    409: Duplicate,
    410: Gone,
    412: EventChanged,
}
_OF_REASON: dict[str, type[GoogleError]] = {
    "fullSyncRequired": SyncTokenExpired,
    "updatedMinTooLongAgo": SyncTokenExpired,
    "aborted": GoogleUnavailable,
    "conflict": GoogleUnavailable,
}
_OF_OAUTH_WORD: dict[str, type[GoogleError]] = {
    "invalid_grant": GrantRevoked,
    "invalid_scope": ScopeMissing,
    "admin_policy_enforced": BlockedByAdmin,
    "org_internal": BlockedByAdmin,
    "server_error": GoogleUnavailable,
    "internal_failure": GoogleUnavailable,
    "temporarily_unavailable": GoogleUnavailable,
    "rate_limit_exceeded": GoogleUnavailable,
}


def translate(status: int, headers: Mapping[str, str], body: bytes) -> GoogleError:
    """What an answer of the Calendar API with a status of 300 or more means (SYNC 1.5)."""
    if _is_passing(status):
        passing = RateLimited if status == 429 else GoogleUnavailable
        return passing(f"http_{status}", retry_after=_retry_after(headers))
    answer = _json_object(body)
    reasons = _reasons(answer)
    if status == 403:
        return _forbidden(reasons, is_json=answer is not None, headers=headers)
    kinds = [_OF_REASON[reason] for reason in reasons if reason in _OF_REASON]
    kind = kinds[0] if kinds and status in (409, 410) else _OF_STATUS.get(status, BadRequest)
    return kind(reasons[0] if reasons else f"http_{status}")


def translate_token_answer(status: int, headers: Mapping[str, str], body: bytes) -> GoogleError:
    """What a refusal of the token or revocation endpoint means. Only `invalid_grant` is the person's (O5)."""
    answer = _json_object(body)
    if _is_passing(status) or answer is None:
        return GoogleUnavailable(f"http_{status}", retry_after=_retry_after(headers))
    return translate_oauth_word(answer.get("error"))


def translate_oauth_word(given: object) -> GoogleError:
    """What an `error` of OAuth means (RFC 6749, 4.1.2.1 and 5.2, and Google's own). Unknown: the operator's."""
    reason = _word(given) or "unknown_error"
    return _OF_OAUTH_WORD.get(reason, AccessMisconfigured)(reason)


def _is_passing(status: int) -> bool:
    return status < 400 or status >= 500 or status in (408, 425, 429)


def _forbidden(reasons: list[str], *, is_json: bool, headers: Mapping[str, str]) -> GoogleError:
    if not is_json:
        # A page of a proxy or of Google's abuse protection, not the API's judgement.
        return GoogleUnavailable("http_403", retry_after=_retry_after(headers))
    for reason in reasons:
        if kind := _OF_403.get(reason):
            return RateLimited(reason, retry_after=_retry_after(headers)) if kind is RateLimited else kind(reason)
    return NotPermitted(reasons[0] if reasons else "http_403")


def _reasons(answer: Mapping[str, object] | None) -> list[str]:
    """The reasons of both of Google's shapes, `errors` before `details`."""
    error = answer.get("error") if answer else None
    if not isinstance(error, dict):
        return []
    parts = [part for key in ("errors", "details") for part in _list(error.get(key))]
    words = [_word(part.get("reason")) for part in parts if isinstance(part, dict)]
    return [word for word in words if word]


def _json_object(body: bytes) -> dict[str, object] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; the header holds seconds or a date."""
    given = headers.get("Retry-After", "").strip()
    if given.isdecimal():
        return float(given)
    try:
        at = parsedate_to_datetime(given)
        return max(0.0, (at - clock.now()).total_seconds())
    except (ValueError, TypeError):
        return None
