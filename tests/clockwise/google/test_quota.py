"""Budgets: sliding minutes that all workers share."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import redis
from django.conf import settings

from clockwise import clock
from clockwise.google.errors import OverBudget
from clockwise.google.quota import Budget, Limits
from tests.company import SUNDAY_NOON


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.stopped(SUNDAY_NOON):
        yield


def budget(project: int = 5, person: int = 3) -> Budget:
    """One worker's; all that name the same project share it."""
    return Budget(redis.Redis.from_url(settings.REDIS_URL), str(uuid4()), Limits(project, person))


def another_workers(one: Budget) -> Budget:
    return Budget(redis.Redis.from_url(settings.REDIS_URL), one.project, one.limits)


def test_a_person_gets_so_many_requests_a_minute_from_all_workers_together() -> None:
    one = budget()
    for worker in (one, another_workers(one), one):
        worker.spend("ada")
    with pytest.raises(OverBudget) as refused:
        another_workers(one).spend("ada")
    assert refused.value.retry_after == pytest.approx(60)
    one.spend("ben")


def test_the_project_gets_so_many_however_many_people_ask() -> None:
    one = budget()
    for person in range(5):
        one.spend(str(person))
    with pytest.raises(OverBudget):
        one.spend("somebody else")


def test_the_minute_slides() -> None:
    one = budget(person=2)
    one.spend("ada")
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=40)):
        one.spend("ada")
        with pytest.raises(OverBudget) as refused:
            one.spend("ada")
        assert refused.value.retry_after == pytest.approx(20)
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=61)):
        one.spend("ada")
        with pytest.raises(OverBudget):
            one.spend("ada")


def test_what_is_refused_counts_nowhere() -> None:
    one = budget(project=5, person=1)
    one.spend("ada")
    for _ in range(10):
        with pytest.raises(OverBudget):
            one.spend("ada")
    for person in range(4):
        one.spend(str(person))


def test_a_short_wait_is_waited_for() -> None:
    one = budget(person=1)
    slept: list[float] = []
    one.spend("ada")
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=57)):

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            clock._stopped_at = SUNDAY_NOON + timedelta(seconds=61)

        one.spend("ada", sleep=sleep)
    assert slept == [pytest.approx(3)]


def test_readers_leave_a_share_to_writers() -> None:
    one = budget(project=10, person=10)
    for _ in range(8):
        one.spend("ada", share=0.8)
    with pytest.raises(OverBudget):
        one.spend("ada", share=0.8)
    one.spend("ada")


def test_without_redis_nothing_is_held_up() -> None:
    Budget(redis.Redis(host="127.0.0.1", port=1), "p", Limits(1, 1)).spend("ada")
