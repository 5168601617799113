"""Google's answers, told apart by what can be done about them (SYNC 1.5 and O5).

Shapes as in developers.google.com/workspace/calendar/api/guides/errors and RFC 6749, 5.2.
"""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from clockwise import clock
from clockwise.google import errors
from clockwise.google.errors import translate, translate_token_answer


def body(reason: str) -> bytes:
    return json.dumps({"error": {"errors": [{"reason": reason, "message": "Words"}], "message": "Words"}}).encode()


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "timeRangeEmpty", errors.BadRequest),
        (401, "authError", errors.GrantRevoked),
        (403, "rateLimitExceeded", errors.RateLimited),
        (403, "userRateLimitExceeded", errors.RateLimited),
        (429, "rateLimitExceeded", errors.RateLimited),
        (403, "quotaExceeded", errors.QuotaExhausted),
        (403, "calendarUsageLimits", errors.QuotaExhausted),
        (403, "accessNotConfigured", errors.AccessMisconfigured),
        (403, "insufficientPermissions", errors.ScopeMissing),
        (403, "forbiddenForNonOrganizer", errors.NotPermitted),
        (403, "forbidden", errors.NotPermitted),
        (404, "notFound", errors.NotFound),
        (409, "duplicate", errors.Duplicate),
        (410, "deleted", errors.Gone),
        (410, "fullSyncRequired", errors.SyncTokenExpired),
        (412, "conditionNotMet", errors.EventChanged),
        (500, "backendError", errors.GoogleUnavailable),
        (503, "backendError", errors.GoogleUnavailable),
    ],
)
def test_each_answer_of_the_calendar_is_of_its_kind(status: int, reason: str, kind: type[Exception]) -> None:
    assert type(translate(status, {}, body(reason))) is kind


@pytest.mark.parametrize("status", [302, 403, 500, 502])
def test_a_page_of_something_in_between_is_no_judgement(status: int) -> None:
    assert type(translate(status, {}, b"<html>proxy</html>")) is errors.GoogleUnavailable


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("invalid_grant", errors.GrantRevoked),
        ("invalid_client", errors.AccessMisconfigured),
        ("unauthorized_client", errors.AccessMisconfigured),
        ("deleted_client", errors.AccessMisconfigured),
        ("admin_policy_enforced", errors.BlockedByAdmin),
        ("org_internal", errors.BlockedByAdmin),
        ("temporarily_unavailable", errors.GoogleUnavailable),
    ],
)
def test_only_invalid_grant_is_the_persons_own(word: str, kind: type[Exception]) -> None:
    assert type(translate_token_answer(400, {}, json.dumps({"error": word}).encode())) is kind


def test_a_time_to_wait_is_read_in_seconds_and_as_a_date() -> None:
    at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    with clock.stopped(at):
        for status, reason in ((429, ""), (503, ""), (403, "userRateLimitExceeded")):
            for said in ("120", format_datetime(at + timedelta(seconds=120), usegmt=True)):
                failure = translate(status, {"Retry-After": said}, body(reason))
                assert isinstance(failure, errors.GoogleUnavailable)
                assert failure.retry_after == 120


def test_no_word_of_googles_text_is_in_an_error() -> None:
    assert "Words" not in repr(translate(400, {}, body("ada@company.example is bad")))
    assert str(translate(400, {}, body("ada@company.example"))) == "http_400"
