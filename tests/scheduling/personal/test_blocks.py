"""Personal appointments as neutral blocks on the work calendar (H13)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from calendars import delivery
from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.tenancy import current
from scheduling.models import PersonalBlock, PersonalCalendar
from scheduling.personal import links, reading
from scheduling.personal.fetch import fetch
from tests.browser_trip import sign_in
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.scheduling.personal.test_fetch import PLAIN, FileServer, files

__all__ = ["files"]
PATH = "/private-secret.ics"
Json = dict[str, Any]


def event(uid: str, start: str, *lines: str, hours: int = 1) -> str:
    head = [f"UID:{uid}", "DTSTAMP:20270101T000000Z", f"DTSTART;TZID=Europe/Berlin:{start}", f"DURATION:PT{hours}H"]
    return "\r\n".join(
        ["BEGIN:VEVENT", *head, "SUMMARY:Canary therapy", "LOCATION:Canary clinic", *lines, "END:VEVENT"]
    )


class Personal:
    """Ada's work calendar, and a file server that holds her personal one."""

    def __init__(self, company: Company, server: FileServer) -> None:
        self.company, self.server, self.minutes = company, server, 0

    def publish(self, *events: str) -> None:
        text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t", *events, "END:VCALENDAR", ""])
        self.server.answers[PATH] = (200, {}, text.encode())

    def link(self, **said: str) -> PersonalCalendar:
        with self.company.inside():
            linked = PersonalCalendar.objects.filter(unlinked_at=None).first()
            return linked or links.link(self.company.member("ada"), address="https://x.example/y", **said)

    def read(self) -> None:
        """As its worker does, a quarter of an hour after the last time; then the writes, then a sync."""
        linked = self.link()
        with self.later():
            with self.company.acting():
                reading.read(linked.pk)
                delivery.deliver()
            self.company.sync("ada")

    def later(self) -> Any:
        self.minutes += 16
        return clock.stopped(SUNDAY_NOON + timedelta(minutes=self.minutes))

    def deliver(self) -> None:
        with self.later():
            with self.company.acting():
                delivery.deliver()
            self.company.sync("ada")

    def at_google(self) -> list[Json]:
        events = self.company.google.events(address("ada"))
        return [e for e in events if "clockwise_personal" in e.get("extendedProperties", {}).get("private", {})]

    def starts(self) -> list[str]:
        return sorted(e["start"]["dateTime"][:16] for e in self.at_google())

    def states(self) -> list[str]:
        with self.company.inside():
            return list(PersonalBlock.objects.order_by("start").values_list("state", flat=True))


@pytest.fixture
def personal(company: Company, files: FileServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Personal]:
    """Every address leads to the file server of the test."""

    def fetched(_: str, **rest: Any) -> Any:
        return fetch(files.url(PATH), may_reach=lambda address: True, schemes=PLAIN, **rest)

    monkeypatch.setattr(reading, "fetch", fetched)
    company.sync("ada")
    yield Personal(company, files)


def test_an_appointment_becomes_a_neutral_private_busy_block(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"))
    personal.read()

    [block] = personal.at_google()
    assert (block["summary"], block["visibility"], block["start"]["dateTime"]) == (
        "Busy",
        "private",
        "2027-03-01T10:00:00+01:00",
    )
    assert block.get("transparency", "opaque") == "opaque"
    assert not {"description", "location", "attendees"} & block.keys()
    with personal.company.inside():
        [row] = personal.company.calendar("ada").events.all()
        assert row.is_busy
    assert personal.states() == ["placed"]


def test_nothing_of_what_it_is_about_is_stored_or_sent(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"))
    personal.read()

    tables = [m._meta.db_table for m in (PersonalCalendar, PersonalBlock)]
    with personal.company.inside(), connection.cursor() as cursor:
        for table in [*tables, "calendars_event", "calendars_outboxwrite"]:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            kept = str(cursor.fetchall())
            assert "Canary" not in kept
            assert "x.example" not in kept
        assert "Canary" not in str([row.details for row in personal.company.calendar("ada").events.all()])
    assert "Canary" not in str(personal.company.google.log)


def test_colleagues_see_what_the_member_has_chosen(personal: Personal) -> None:
    personal.link(shows="Personal commitment")
    personal.publish(event("a", "20270301T100000"))
    personal.read()
    assert [e["summary"] for e in personal.at_google()] == ["Personal commitment"]


def test_whole_days_free_time_and_days_off_are_left_out(personal: Personal) -> None:
    personal.publish(
        "\r\n".join(["BEGIN:VEVENT", "UID:d", "DTSTAMP:20270101T000000Z", "DTSTART;VALUE=DATE:20270301", "END:VEVENT"]),
        event("free", "20270301T120000", "TRANSP:TRANSPARENT"),
        event("saturday", "20270306T100000"),
        event("evening", "20270301T200000"),
    )
    personal.read()
    assert personal.starts() == ["2027-03-01T20:00"]


def test_what_the_work_calendar_has_already_isnt_copied(personal: Personal) -> None:
    google_id = personal.company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    uid = personal.company.google.event(address("ada"), google_id)["iCalUID"]
    personal.company.sync("ada")
    personal.publish(event(uid, "20270301T100000"))
    personal.read()
    assert personal.at_google() == []


def test_a_moved_appointment_moves_its_block_and_a_deleted_one_removes_it(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"), event("b", "20270302T100000"))
    personal.read()
    ids = {e["id"] for e in personal.at_google()}
    personal.publish(event("a", "20270303T150000"), event("b", "20270302T100000"))
    personal.read()
    assert personal.starts() == ["2027-03-02T10:00", "2027-03-03T15:00"]
    assert {e["id"] for e in personal.at_google()} == ids
    personal.publish(event("b", "20270302T100000"))
    personal.read()
    assert personal.starts() == ["2027-03-02T10:00"]
    assert personal.states() == ["placed"]


def test_a_series_has_a_block_for_each_of_its_instances(personal: Personal) -> None:
    series = event("a", "20270301T100000", "RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Berlin:20270308T100000")
    personal.publish(series)
    personal.read()
    assert personal.starts() == ["2027-03-01T10:00", "2027-03-15T10:00", "2027-03-22T10:00"]


def test_an_unchanged_calendar_writes_nothing(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"))
    personal.read()
    personal.company.google.log.clear()
    personal.read()
    assert not [e for e in personal.company.google.log if e["method"] in ("POST", "PATCH", "DELETE")]


def test_a_block_that_the_member_deletes_stays_deleted(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"))
    personal.read()
    [block] = personal.at_google()
    personal.company.google.as_person(address("ada"), "delete", block["id"])
    personal.company.sync("ada")
    personal.publish(event("a", "20270301T110000"))
    personal.read()
    assert personal.at_google() == []
    assert personal.states() == ["released"]


def test_a_block_that_the_member_moves_is_theirs(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"))
    personal.read()
    [block] = personal.at_google()
    theirs = meeting("", MONDAY, 16, 60)
    personal.company.google.as_person(address("ada"), "patch", block["id"], {k: theirs[k] for k in ("start", "end")})
    personal.company.sync("ada")
    personal.publish(event("a", "20270301T110000"))
    personal.read()
    assert personal.starts() == ["2027-03-01T16:00"]


def test_taking_the_calendar_off_removes_all_blocks_and_forgets_it(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"), event("b", "20270302T100000"), event("c", "20270303T100000"))
    personal.read()
    moved = personal.at_google()[0]["id"]
    theirs = meeting("", MONDAY, 16, 60)
    personal.company.google.as_person(address("ada"), "patch", moved, {k: theirs[k] for k in ("start", "end")})
    personal.company.sync("ada")
    linked = personal.link()
    with personal.company.inside():
        links.unlink(PersonalCalendar.objects.get(pk=linked.pk), by=personal.company.member("ada"))
    personal.deliver()

    assert personal.at_google() == []
    with personal.company.inside():
        assert not PersonalBlock.objects.exists()
        assert not PersonalCalendar.objects.exists()
        assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
            "personal_calendar.linked",
            "personal_calendar.unlinked",
        }


@pytest.mark.parametrize(
    ("answer", "problem"),
    [((500, {}, b""), "no_answer"), ((404, {}, b""), "refused"), ((200, {}, b"<html>"), "not_a_calendar")],
)
def test_a_server_in_trouble_cancels_nobodys_appointments(
    personal: Personal, answer: tuple[int, dict[str, str], bytes], problem: str
) -> None:
    personal.publish(event("a", "20270301T100000"))
    personal.read()
    personal.server.answers[PATH] = answer
    personal.read()
    assert personal.starts() == ["2027-03-01T10:00"]
    with personal.company.inside():
        linked = PersonalCalendar.objects.get()
    assert linked.problem == problem
    read_at = SUNDAY_NOON + timedelta(minutes=personal.minutes)
    assert linked.next_read_at - read_at == 2 * reading.EVERY


def test_it_is_read_each_quarter_of_an_hour(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"))
    personal.read()
    for minutes, is_due in ((14, False), (16, True)):
        at = SUNDAY_NOON + timedelta(minutes=personal.minutes + minutes)
        with clock.stopped(at), personal.company.inside():
            assert bool(reading.due()) == is_due


def test_another_organization_finds_none_of_it(personal: Personal) -> None:
    personal.publish(event("a", "20270301T100000"))
    personal.read()
    with current.organization(personal.company.other_organization_id):
        assert not PersonalCalendar.objects.exists()
        assert not PersonalBlock.objects.exists()


def browser(name: str) -> Client:
    found = Client()
    sign_in(found, address(name))
    return found


def test_the_page_links_and_takes_off_and_never_shows_the_address_again(personal: Personal) -> None:
    ada = browser("ada")
    linked = ada.post("/personal-calendars/", {"address": "webcal://cal.example/secret-9.ics", "shows": "Away"})
    assert linked.status_code == 302
    page = ada.get("/personal-calendars/").content.decode()
    assert "cal.example" in page
    assert "secret-9" not in page
    with personal.company.inside():
        row = PersonalCalendar.objects.get()
        assert row.source.address == "https://cal.example/secret-9.ics"
        PersonalCalendar.objects.update(read_at=SUNDAY_NOON)
    assert "28 Feb, 13:00" in ada.get("/personal-calendars/").content.decode()  # in Berlin, as Ada is
    assert browser("ben").post(f"/personal-calendars/{row.pk}/unlink").status_code == 404
    assert ada.post(f"/personal-calendars/{row.pk}/unlink").status_code == 302
    with personal.company.inside():
        assert not PersonalCalendar.objects.exists()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"address": "http://cal.example/x"}, "Use one with https://"),
        ({"address": "nonsense"}, "no address of a calendar"),
        ({"address": "https://cal.example/x", "shows": "My therapy"}, "is one of"),
    ],
)
def test_the_page_says_what_is_wrong_with_an_address(personal: Personal, said: Json, told: str) -> None:
    answer = browser("ada").post("/personal-calendars/", said)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    with personal.company.inside():
        assert not PersonalCalendar.objects.exists()


def test_the_horizon_begins_now() -> None:
    with clock.stopped(SUNDAY_NOON):
        from scheduling.personal import blocks

        assert blocks.horizon() == (SUNDAY_NOON, datetime(2027, 3, 28, 12, tzinfo=UTC))
