"""Random edits in Google, and random misfortune on the way here: after each sync our rows are its truth.

Google is the emulator, whose own expansion of the calendar is what we compare with; nothing of ours expands a rule.
"""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from calendars.emulator.errors import ApiError
from calendars.models import Calendar, Event
from calendars.sync import calendar as one_calendar
from calendars.sync import calendar_list
from calendars.sync.window import horizon
from clockwise import clock
from clockwise.google.client import CalendarClient
from clockwise.google.errors import GoogleError
from scheduling import flexibility
from scheduling.models import Flexibility
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

# Europe changes its clocks on March 28, within the horizon of this Sunday.
BEFORE_DST = SUNDAY_NOON + timedelta(days=14)
SIDE = "side@group.example"
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London")
RULES = ("FREQ=WEEKLY", "FREQ=DAILY;COUNT=9", "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=8", "FREQ=WEEKLY;INTERVAL=2")
FAULTS = ("410", "expire_sync_tokens", "503", "429", "403_rate", "drop", "html", "empty_page")
Json = dict[str, Any]


class Person:
    """Ada at random: what she does to her two calendars."""

    def __init__(self, company: Company, chance: random.Random) -> None:
        self.company, self.chance = company, chance
        self.google = company.google
        self.steps = [
            self.create, self.create_all_day, self.create_series, self.move, self.move_instance, self.cancel_instance,
            self.split, self.delete, self.change_zone, self.transfer, self.invite, self.far_away, self.change_words,
        ]  # fmt: skip

    def step(self) -> str:
        act = self.chance.choice(self.steps)
        try:
            act()
        except ApiError:
            return f"{act.__name__} (refused)"
        return act.__name__

    def create(self) -> None:
        self._insert(self._body())

    def create_all_day(self) -> None:
        day = self._day()
        end = day + timedelta(days=self.chance.randint(1, 3))
        self._insert({"summary": "Day", "start": {"date": day.isoformat()}, "end": {"date": end.isoformat()}})

    def create_series(self) -> None:
        self._insert(self._body(recurrence=[f"RRULE:{self.chance.choice(RULES)}"]))

    def move(self) -> None:
        self._patch(self._any(), self._times())

    def move_instance(self) -> None:
        self._patch(self._any(instance=True), self._times())

    def cancel_instance(self) -> None:
        calendar, google_id = self._any(instance=True)
        self.google.as_person(address("ada"), "delete", google_id, calendar=calendar)

    def split(self) -> None:
        calendar, google_id = self._any(instance=True)
        later = {"summary": "The rest"} if self.chance.random() < 0.5 else self._times(same_day_as=google_id)
        self.google.split(address("ada"), google_id, later, calendar=calendar)

    def delete(self) -> None:
        calendar, google_id = self._any()
        self.google.as_person(address("ada"), "delete", google_id, calendar=calendar)

    def change_zone(self) -> None:
        calendar, google_id = self._any()
        zone = self.chance.choice(ZONES)
        found = self.google.event(address("ada"), google_id, calendar=calendar)
        times = {key: {**found[key], "timeZone": zone} for key in ("start", "end") if "dateTime" in found[key]}
        self._patch((calendar, google_id), times)

    def transfer(self) -> None:
        calendar, google_id = self._any()
        self.google.move(address("ada"), google_id, SIDE if calendar == "primary" else "primary", calendar=calendar)

    def invite(self) -> None:
        guests = self.chance.sample([address("ada"), address("ben"), "guest@outside.example"], 2)
        self._patch(self._any(), {"attendees": [{"email": guest} for guest in guests]})

    def far_away(self) -> None:
        days = self.chance.choice((-90, 90))
        self._patch(self._any(), self._times(day=BEFORE_DST.date() + timedelta(days=days)))

    def change_words(self) -> None:
        words = {
            "summary": f"Words {self.chance.random()}",
            "transparency": self.chance.choice(["opaque", "transparent"]),
        }
        self._patch(self._any(instance=self.chance.random() < 0.3), words)

    def _insert(self, body: Json) -> None:
        self.google.as_person(address("ada"), "insert", body=body, calendar=self.chance.choice(["primary", SIDE]))

    def _patch(self, where: tuple[str, str], body: Json) -> None:
        self.google.as_person(address("ada"), "patch", where[1], body, calendar=where[0])

    def _any(self, *, instance: bool = False) -> tuple[str, str]:
        """A calendar and an event on it, or one instance of a series. Raises ApiError if there is none."""
        calendar = self.chance.choice(["primary", SIDE])
        window = {"timeMin": horizon().start.isoformat(), "timeMax": horizon().end.isoformat()}
        found = self.google.events(address("ada"), calendar=calendar, **window)
        ids = sorted({str(e["id"] if instance else e.get("recurringEventId", e["id"])) for e in found})
        if instance:
            ids = [google_id for google_id in ids if google_id[-1] == "Z" and "_" in google_id]
        if not ids:
            raise ApiError(404, "notFound", "none")
        return calendar, self.chance.choice(ids)

    def _day(self) -> date:
        return BEFORE_DST.date() + timedelta(days=self.chance.randint(-20, 25))

    def _body(self, **extra: Any) -> Json:
        guests = self.chance.sample(["ada", "ben", "guest@outside.example"], self.chance.randint(0, 2))
        return {**meeting("Plan", MONDAY, 10, 30, *guests), **self._times(), **extra}

    def _times(self, *, day: date | None = None, same_day_as: str = "") -> Json:
        if same_day_as:
            day = datetime.strptime(same_day_as.rpartition("_")[2][:8], "%Y%m%d").date()  # noqa: DTZ007
        zone, minutes = self.chance.choice(ZONES), self.chance.choice((15, 30, 60, 1500))
        start = datetime.combine(day or self._day(), datetime.min.time()) + timedelta(
            minutes=self.chance.randint(0, 1439)
        )
        ends = start + timedelta(minutes=minutes)
        return {k: {"dateTime": at.isoformat(), "timeZone": zone} for k, at in (("start", start), ("end", ends))}


def truth(company: Company, calendar: str, zone: str) -> dict[str, tuple[Any, ...]]:
    """What Google would list now, by its id. `zone`: the calendar's, in which whole days lie."""
    from clockwise.google.event import GoogleEvent, parse_event

    window = {"timeMin": horizon().start.isoformat(), "timeMax": horizon().end.isoformat()}
    items = company.google.events(address("ada"), calendar=calendar, **window)
    events = [parse_event(item, calendar_time_zone=zone) for item in items]
    return {
        e.google_id: (e.start, e.end, e.all_day, e.busy, e.series_id, e.original_start, e.etag, e.summary)
        for e in events
        if isinstance(e, GoogleEvent)
    }


def rows(row: Calendar) -> dict[str, tuple[Any, ...]]:
    return {
        e.google_id: (e.start, e.end, e.is_all_day, e.is_busy, e.series_id, e.original_start, e.etag, e.details.title)
        for e in Event.objects.filter(calendar=row)
    }


def read_rows(company: Company) -> dict[str, tuple[Calendar, dict[str, tuple[Any, ...]]]]:
    with company.inside():
        mine = Calendar.objects.filter(member=company.ids["ada"])
        return {"primary" if row.is_primary else SIDE: (row, rows(row)) for row in mine}


def sync_through_misfortune(company: Company, chance: random.Random) -> None:
    """As workers do: what fails is tried again, and meanwhile nothing is shown that never was."""
    for _ in range(chance.choice((0, 0, 1, 2))):
        match = {"path_regex": "/events$", "method": "GET"}
        company.google.faults.add({"match": match, "fault": chance.choice(FAULTS), "times": chance.randint(1, 2)})
    for _ in range(10):
        before = {name: known for name, (_, known) in read_rows(company).items()}
        try:
            with company.acting():
                for calendar_id in calendar_list.sync(company.connection("ada").pk):
                    one_calendar.sync(calendar_id)
        except GoogleError:
            after = {name: known for name, (_, known) in read_rows(company).items()}
            assert all(not before.get(name) or known for name, known in after.items()), "a calendar was shown empty"
        else:
            return
    pytest.fail("ten tries were not enough")


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 30))])
def test_after_each_sync_our_rows_are_googles_truth(
    company: Company, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    page = CalendarClient.events_page

    def small_pages(client: CalendarClient, *args: Any, **kwargs: Any) -> Any:
        return page(client, *args, **{**kwargs, "max_results": 5})

    monkeypatch.setattr(CalendarClient, "events_page", small_pages)
    with clock.stopped(BEFORE_DST):
        company.google.state.clock = BEFORE_DST
        company.google.put_calendar(address("ada"), {"id": SIDE, "summary": "Side", "time_zone": "America/New_York"})
        person = Person(company, chance)
        done: list[str] = []
        for _ in range(10):
            done += [person.step() for _ in range(chance.randint(1, 5))]
            sync_through_misfortune(company, chance)
            for name, (row, ours) in read_rows(company).items():
                assert ours == truth(company, name, row.time_zone), (name, done)


def test_flexible_series_stay_flexible_after_this_and_following(company: Company) -> None:
    """S7: to people it is the same meeting."""
    rule = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]}
    google_id = company.insert("ada", meeting("Weekly", MONDAY, 10, 30, "ada", "ben", **rule))
    company.sync()
    second, third = (f"{google_id}_202703{day}T090000Z" for day in ("08", "15"))
    with company.inside():
        flexibility.make_flexible(company.event("ada", second), by=company.member("ada"), series=True)
        flexibility.make_flexible(company.event("ada", third), by=company.member("ada"))
    later = {k: v for k, v in meeting("", MONDAY + timedelta(days=7), 14, 30).items() if k in ("start", "end")}
    rest = company.google.split(address("ada"), second, later)
    company.sync()

    with company.inside():
        events = list(Event.objects.filter(member=company.ids["ada"]).order_by("start"))
        assert [event.series_id for event in events] == [google_id, rest, rest, rest]
        assert len({bytes(event.series_index) for event in events}) == 1
        covered = [flexibility.covering(event) for event in events]
        assert [found.is_series for found in covered if found] == [True] * 4
        assert Flexibility.objects.filter(member=company.ids["ada"]).count() == 2


def test_the_instances_own_flag_survives_a_split_that_leaves_its_time(company: Company) -> None:
    rule = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}
    google_id = company.insert("ada", meeting("Weekly", MONDAY, 10, 30, "ada", "ben", **rule))
    company.sync("ada")
    with company.inside():
        event = company.event("ada", f"{google_id}_20270315T090000Z")
        flexibility.make_flexible(event, by=company.member("ada"))
    rest = company.google.split(address("ada"), f"{google_id}_20270308T090000Z", {"summary": "Renamed"})
    company.sync("ada")
    with company.inside():
        renamed = company.event("ada", f"{rest}_20270315T090000Z")
        found = flexibility.covering(renamed)
        assert renamed.details.title == "Renamed"
        assert found is not None
        assert not found.is_series
