"""A day in the life of an organization, by the emulator's log of requests and by what is stored at its end (21, 22)."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import current_app

from calendars import tasks as calendar_tasks
from calendars.models import Event
from clockwise import clock
from clockwise.google.client import CalendarClient
from privacy import exclusions
from privacy import tasks as privacy_tasks
from privacy.models import CalendarExclusion
from scheduling import flexibility, proposals, undo
from scheduling import tasks as scheduling_tasks
from scheduling.models import Move, OptimizationRun, Proposal
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.privacy.test_exclusions import requests_naming
from tests.security.test_no_plaintext_at_rest import found, postgres_dump, redis_dump

# In descriptions, which nobody lets in; in what is only on the calendar that is left out.
WORD, SECRET = "Canaryvaultdoor", "Canarylighthouse"
MIDNIGHT = SUNDAY_NOON + timedelta(hours=12)
LEFT_OUT_AT = 13
Json = dict[str, Any]


@dataclass
class Day:
    """`after`: what the log holds from the exclusion's commit on."""

    company: Company
    minutes: int
    google_ids: list[str] = field(default_factory=list)
    before: list[Json] = field(default_factory=list)

    def live(self) -> None:
        for number in range(24 * 60 // self.minutes):
            at = MIDNIGHT + timedelta(minutes=number * self.minutes)
            with clock.stopped(at):
                if at.minute == 0:
                    self.people_act(at)
                self.machines_work(at)

    def people_act(self, at: datetime) -> None:
        """Each hour somebody plans, edits or calls off; meetings are made flexible at eight, Ben is left out at one."""
        day = MONDAY + timedelta(days=1 + at.hour % 4)
        text = {"description": f"{WORD} {at.hour}"}
        new = self.company.insert("ada", meeting(f"Plan {at.hour}", day, 8 + at.hour % 8, 30, "ada", "chie", **text))
        self.company.insert("ben", meeting(f"{SECRET} {at.hour}", day, 8 + at.hour % 8, 30, "ben", **text))
        self.google_ids.append(new)
        if at.hour % 5 == 4:
            self.company.google.as_person(address("ada"), "patch", self.google_ids[-2], {"description": f"{WORD} anew"})
        if at.hour % 7 == 6:
            self.company.google.as_person(address("ada"), "delete", self.google_ids.pop(0))
        if at.hour == 8:
            self.make_flexible()
        if at.hour == LEFT_OUT_AT:
            self.leave_ben_out()

    def make_flexible(self) -> None:
        with self.company.inside():
            ada = self.company.member("ada")
            for event in Event.objects.filter(member=ada, start__gt=clock.now() + timedelta(hours=30)):
                flexibility.make_flexible(event, by=ada)

    def leave_ben_out(self) -> None:
        with self.company.inside():
            exclusions.add(CalendarExclusion.Kind.CALENDAR, address("ben"), by=self.company.member("ada"))
        self.before = list(self.company.google.log)
        self.company.google.log.clear()

    def machines_work(self, at: datetime) -> None:
        calendar_tasks.sweep()
        privacy_tasks.sweep()
        scheduling_tasks.start_daily_runs()
        if at.minute % 15 == 0:
            calendar_tasks.ask_for_colleagues()
        with self.company.inside():
            ada, opened = self.company.member("ada"), Proposal.objects.filter(state=Proposal.State.OPEN).first()
            if opened is not None:
                proposals.accept(opened, by=ada)
            moved = Move.objects.filter(state=Move.State.APPLIED).first() if at.hour == 20 else None
            if moved is not None and undo.is_possible(moved, at=at):
                undo.change(moved, by=ada)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Workers take each message as soon as it is sent. Channels are opened; nobody listens where they lead."""
    settings.CLOCKWISE_PUSH_URL = "http://127.0.0.1:9"
    monkeypatch.setitem(current_app.conf, "task_always_eager", True)


ROUNDS = [60, pytest.param(1, marks=[pytest.mark.long, pytest.mark.timeout(3000)])]


@pytest.mark.parametrize("minutes", ROUNDS)
def test_goal_21_and_22_after_a_day_no_request_and_no_store_tells_what_was_shut_out(
    company: Company, at_once: None, minutes: int, caplog: pytest.LogCaptureFixture
) -> None:
    day = Day(company, minutes)
    with caplog.at_level(logging.DEBUG, logger="calendars"):
        day.live()
    assert requests_naming(company, "ben") == []
    assert requests_naming(company, "ada")
    log = [*day.before, *company.google.log]
    assert unmasked(log) == []
    assert wrote(log) > 0
    with company.inside():
        assert OptimizationRun.objects.filter(daily_on=MONDAY, state=OptimizationRun.State.DONE).count() == 1
        stored = [str(event.details) for event in Event.objects.all()]
        assert stored
        assert not [text for text in stored if WORD in text or SECRET in text]
    for store in (postgres_dump(), redis_dump(), caplog.text.encode()):
        assert found([WORD, SECRET], store) == []


def event_requests(log: list[Json]) -> Iterator[Json]:
    """Those whose answer holds events."""
    for entry in log:
        if "/events" in entry["path"] and entry["method"] != "DELETE" and not entry["path"].endswith("/watch"):
            yield entry


def unmasked(log: list[Json]) -> list[str]:
    """Reads and writes that ask Google for a description or an attachment, or don't say what they ask for."""
    asked = {str(entry["path"]): str(entry["query"].get("fields", "")) for entry in event_requests(log)}
    return [path for path, mask in asked.items() if not mask or "description" in mask or "attachments" in mask]


def wrote(log: list[Json]) -> int:
    return sum(entry["method"] in ("POST", "PATCH") for entry in event_requests(log))


def test_goal_21_and_22_control_the_same_day_without_the_walls_is_full_of_both(
    company: Company, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exclusions, "leaves_out", lambda *_: False)
    real = CalendarClient.events_page

    def everything(client: CalendarClient, *args: Any, **kwargs: Any) -> Any:
        return real(client, *args, **{**kwargs, "fields": f"{kwargs['fields']},items(description)"})

    monkeypatch.setattr(CalendarClient, "events_page", everything)
    day = Day(company, 60)
    day.live()
    assert requests_naming(company, "ben")
    assert unmasked(company.google.log)
