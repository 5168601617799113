"""Exactly once: whatever dies when, Google ends up with what was decided (SYNC, section 3, checks 4 and 5)."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from calendars import delivery, event_ids, outbox
from calendars.models import OutboxWrite
from clockwise import clock
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.faults.killed import run_and_kill

TUESDAY = datetime(2027, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOST_STEPS = 170
Json = dict[str, Any]


def body(start: datetime, title: str) -> Json:
    return {
        "summary": title,
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": (start + HOUR).isoformat()},
    }


class Decisions:
    """Inserts, moves (of a single meeting and of a series' instance), deletions and a replaced insert, decided at once.

    What Google must hold in the end is known without asking anybody.
    """

    def __init__(self, company: Company, rng: random.Random) -> None:
        self.company = company
        self.single = company.insert("ada", meeting("Single", MONDAY, 9, 60, "ada", "ben"))
        self.series = company.insert(
            "ada", meeting("Series", MONDAY, 11, 60, "ada", "ben", recurrence=["RRULE:FREQ=WEEKLY"])
        )
        self.instance = f"{self.series}_20270301T100000Z"
        self.doomed = company.insert("ada", meeting("Doomed", MONDAY, 15, 60, "ada"))
        company.sync()
        self.new = TUESDAY + timedelta(minutes=15 * rng.randrange(16))
        self.key = rng.random()
        with company.inside():
            writes = self._writes()
            outbox.add(rng.sample(writes[:4], 4) + writes[4:])
        self.mutations_before = self._versions()

    def id_of(self, name: str) -> str:
        return event_ids.chosen("test", self.key, name)

    def _writes(self) -> list[OutboxWrite]:
        calendar = self.company.calendar("ada")
        single, instance, doomed = (self.company.event("ada", i) for i in (self.single, self.instance, self.doomed))
        purpose: Json = {"purpose": "test", "purpose_id": uuid4()}
        made, replaced = self.id_of("made"), self.id_of("replaced")
        return [
            outbox.patch(single, start=self.new, end=self.new + HOUR, notices="all", **purpose),
            outbox.patch(instance, start=self.new + HOUR, end=self.new + 2 * HOUR, **purpose),
            outbox.delete(calendar, google_id=self.doomed, etag=doomed.etag, **purpose),
            outbox.insert(calendar, google_id=made, body=body(self.new, "Made"), **purpose),
            outbox.insert(calendar, google_id=replaced, body=body(self.new, "Replaced"), **purpose),
            outbox.delete(calendar, google_id=replaced, etag="", **purpose),
        ]

    def _versions(self) -> dict[str, int]:
        """How often Google changed the time of each: `sequence` grows by one with each change (RFC 5545, 3.8.7.4)."""
        return {i: int(self._at_google(i)["sequence"]) for i in (self.single, self.instance)}

    def _at_google(self, google_id: str) -> Json:
        return self.company.google.event(address("ada"), google_id)

    def assert_done_once(self) -> None:
        with self.company.inside():
            states = set(OutboxWrite.objects.values_list("state", flat=True))
        assert states == {OutboxWrite.State.DONE}
        assert starts(self._at_google(self.single)) == self.new
        assert starts(self._at_google(self.instance)) == self.new + HOUR
        assert self._versions() == {google_id: n + 1 for google_id, n in self.mutations_before.items()}
        assert self._at_google(self.doomed)["status"] == "cancelled"
        assert self._at_google(self.id_of("replaced"))["status"] == "cancelled"
        live = [event["summary"] for event in self.company.google.events(address("ada"))]
        assert live.count("Made") == 1
        assert live.count("Replaced") == live.count("Doomed") == 0
        # Neither the series nor another instance of it has changed (F14).
        assert starts(self._at_google(self.series)) == datetime(2027, 3, 1, 10, tzinfo=UTC)
        assert starts(self._at_google(f"{self.series}_20270308T100000Z")) == datetime(2027, 3, 8, 10, tzinfo=UTC)

    def assert_rows_equal_googles(self) -> None:
        self.company.sync("ada")
        with self.company.inside():
            calendar = self.company.calendar("ada")
            rows = {e.google_id: e.start for e in calendar.events.filter(start__gte=SUNDAY_NOON)}
        assert calendar.window_end is not None
        window = {"timeMin": SUNDAY_NOON.isoformat(), "timeMax": calendar.window_end.isoformat()}
        assert rows == {e["id"]: starts(e) for e in self.company.google.events(address("ada"), **window)}


def starts(event: Json) -> datetime:
    return datetime.fromisoformat(event["start"]["dateTime"]).astimezone(UTC)


def deliver(company: Company) -> None:
    with company.acting():
        delivery.deliver()


def lead_to_the_end(company: Company) -> None:
    """What the sweep does: the leases of the dead run out, and somebody else goes on."""
    for minutes in (5, 30, 60):
        with clock.stopped(SUNDAY_NOON + timedelta(minutes=minutes)):
            deliver(company)


def kill_once(company: Company, seed: int, after_steps: int) -> bool:
    """A whole life of decisions in which the delivering process dies once. False if it was done before that."""
    decisions = Decisions(company, random.Random(seed))
    was_killed = run_and_kill(lambda: deliver(company), after_steps=after_steps)
    lead_to_the_end(company)
    decisions.assert_done_once()
    decisions.assert_rows_equal_googles()
    return was_killed


@pytest.mark.parametrize("seed", range(20))
def test_a_killed_delivery_neither_loses_nor_repeats_a_write(company: Company, seed: int) -> None:
    kill_once(company, seed, after_steps=random.Random(seed).randrange(MOST_STEPS))


@pytest.mark.long
@pytest.mark.parametrize("step", range(200))
def test_a_delivery_killed_between_any_two_steps_neither_loses_nor_repeats_a_write(company: Company, step: int) -> None:
    was_killed = kill_once(company, seed=step, after_steps=step)
    assert was_killed or step > MOST_STEPS
