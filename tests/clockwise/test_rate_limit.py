"""Token buckets: what is let through, what waits, and what Redis sees of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
import redis
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from clockwise import clock, rate_limit
from clockwise.rate_limit import Limit, client_address, limited, wait_seconds
from tests.company import SUNDAY_NOON

TWO_AND_ONE_A_SECOND = Limit("test", per_second=1, burst=2)


def test_a_burst_is_let_through_and_the_next_one_told_how_long_to_wait() -> None:
    key = str(uuid4())
    with clock.stopped(SUNDAY_NOON):
        assert [wait_seconds(TWO_AND_ONE_A_SECOND, key) for _ in range(3)] == [0, 0, 1]


def test_tokens_come_back_with_time_but_never_more_than_the_burst() -> None:
    key = str(uuid4())
    with clock.stopped(SUNDAY_NOON):
        assert [wait_seconds(TWO_AND_ONE_A_SECOND, key) for _ in range(2)] == [0, 0]
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=1)):
        assert [wait_seconds(TWO_AND_ONE_A_SECOND, key) for _ in range(2)] == [0, 1]
    with clock.stopped(SUNDAY_NOON + timedelta(hours=1)):
        assert [wait_seconds(TWO_AND_ONE_A_SECOND, key) for _ in range(3)] == [0, 0, 1]


def test_a_machine_whose_clock_is_behind_gives_no_tokens_away() -> None:
    key = str(uuid4())
    with clock.stopped(SUNDAY_NOON):
        assert [wait_seconds(TWO_AND_ONE_A_SECOND, key) for _ in range(2)] == [0, 0]
    with clock.stopped(SUNDAY_NOON - timedelta(hours=1)):
        assert wait_seconds(TWO_AND_ONE_A_SECOND, key) == 1


def test_somebody_elses_bucket_is_another_one() -> None:
    with clock.stopped(SUNDAY_NOON):
        for key in (str(uuid4()), str(uuid4())):
            assert wait_seconds(TWO_AND_ONE_A_SECOND, key, cost=2) == 0


def test_redis_holds_neither_address_nor_token() -> None:
    key = f"203.0.113.7 {uuid4()}"
    wait_seconds(TWO_AND_ONE_A_SECOND, key)
    names = redis.Redis.from_url(django_settings.REDIS_URL).keys("rate:*")
    assert names
    assert not any(b"203.0.113" in name for name in names)


def test_a_view_answers_429_with_retry_after() -> None:
    key = str(uuid4())
    view = limited(TWO_AND_ONE_A_SECOND, lambda request: key)(lambda request: HttpResponse("in"))
    with clock.stopped(SUNDAY_NOON):
        answers = [view(RequestFactory().get("/")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "1"


def test_without_redis_everybody_is_let_in_and_the_log_says_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    rate_limit._script.cache_clear()
    try:
        assert wait_seconds(TWO_AND_ONE_A_SECOND, "x", cost=2) == 0
        assert wait_seconds(TWO_AND_ONE_A_SECOND, "x", cost=2) == 0
    finally:
        rate_limit._script.cache_clear()
    assert "Redis is away" in caplog.text


@pytest.mark.parametrize(
    ("local", "forwarded", "address"),
    [
        (True, "203.0.113.9", "127.0.0.1"),
        (False, "203.0.113.9", "203.0.113.9"),
        (False, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (False, "", "127.0.0.1"),
    ],
)
def test_the_address_is_what_our_proxy_saw(settings: Settings, local: bool, forwarded: str, address: str) -> None:
    settings.LOCAL_MODE = local
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded} if forwarded else {})
    assert client_address(request) == address
