"""A Google that is slow to one organization holds one worker of it, and nobody else's work waits."""

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from calendars import outbox, tasks
from calendars.models import Calendar, GoogleConnection, OutboxWrite
from calendars.sync import calendar, calendar_list
from clockwise.celery import app
from clockwise.google import transport
from clockwise.tenancy import current, messages
from tests.company import Company

HOLD = {"start": {"dateTime": "2027-03-02T13:00:00Z"}, "end": {"dateTime": "2027-03-02T14:00:00Z"}}
WORKERS = 2


class Workers:
    """As Celery's: so many at a time, messages in their order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._messages: queue.Queue[UUID | None] = queue.Queue()
        monkeypatch.setattr(messages, "wake", self.wake)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]

    def wake(self, task: Any, *_: object, **__: object) -> None:
        if task is tasks.perform_writes:
            self._messages.put(current.require_organization_id())

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        for _ in self._threads:
            self._messages.put(None)
        for thread in self._threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while organization_id := self._messages.get():
            with current.acting_for(organization_id):
                tasks.perform_writes()
        connection.close()


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    yield Workers(monkeypatch)


def decide(organization_id: UUID, member_ids: list[UUID], each: int) -> None:
    with current.organization(organization_id):
        for row in Calendar.objects.filter(member__in=member_ids, is_primary=True):
            outbox.add(
                outbox.insert(row, google_id=f"c10c{uuid4().hex}", body=HOLD, purpose="test", purpose_id=uuid4())
                for _ in range(each)
            )


def pending(organization_id: UUID) -> int:
    with current.organization(organization_id):
        return OutboxWrite.objects.filter(state=OutboxWrite.State.PENDING).count()


def wait_until_done(organization_id: UUID) -> None:
    deadline = time.monotonic() + 60
    while pending(organization_id):
        assert time.monotonic() < deadline, "its writes wait for somebody else's"
        time.sleep(0.05)


def test_an_organization_to_which_google_doesnt_answer_delays_no_other(
    company: Company, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two workers always remains: whoever shares them with a slow organization has half of them at least."""
    company.sync()
    mallorys = company.other_organization_id
    with current.acting_for(mallorys):
        with current.transaction():
            grant = GoogleConnection.objects.get(member=company.ids["mallory"])
        for calendar_id in calendar_list.sync(grant.pk):
            calendar.sync(calendar_id)

    answers, asked = threading.Event(), threading.Event()
    send = transport.send

    def slow(method: str, url: str, **rest: Any) -> Any:
        if method == "POST" and "company.example" in url:
            asked.set()
            assert answers.wait(timeout=60)
        return send(method, url, **rest)

    monkeypatch.setattr(transport, "send", slow)
    decide(company.organization_id, [company.ids[name] for name in ("ada", "ben", "chie")], each=5)
    decide(mallorys, [company.ids["mallory"]], each=5)
    for _ in range(10):
        with current.acting_for(company.organization_id):
            workers.wake(tasks.perform_writes)
    with current.acting_for(mallorys):
        workers.wake(tasks.perform_writes)
    workers.start()

    assert asked.wait(timeout=60)
    wait_until_done(mallorys)
    assert pending(company.organization_id) == 15
    answers.set()
    wait_until_done(company.organization_id)
    workers.stop()


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("calendars.perform_writes", "writes"),
        ("calendars.sync_calendar", "reading"),
        ("calendars.refresh_colleagues", "reading"),
        ("scheduling.read_personal_calendar", "reading"),
        ("scheduling.run_optimization", "celery"),
    ],
)
def test_work_queues_by_kind_and_workers_serve_every_queue(task: str, wanted: str) -> None:
    assert app.amqp.router.route({}, task)["queue"].name == wanted
    assert set(app.amqp.queues) >= {"celery", "writes", "reading"}
