"""Free/busy of people who never signed in: who is asked for, how, and what is kept."""

from datetime import timedelta
from typing import Any

import pytest

from calendars import colleagues
from calendars.models import Colleague
from clockwise import clock
from clockwise.tenancy import current
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting


def add_people(company: Company, *names: str) -> None:
    """Colleagues in Google who have never signed in here."""
    from calendars.emulator.seed import planted

    rows = [
        {"email": address(name), "name": name, "sub": f"sub-{name}", "time_zone": "Europe/Berlin"} for name in names
    ]
    seed = {"organizations": [{"domain": "company.example", "people": rows}]}
    found = planted(seed)
    with company.google.lock:
        company.google.state.people.update(found.people)
        company.google.state.calendars.update(found.calendars)
        company.google.state.sharing.update(found.sharing)


def refresh(company: Company) -> list[Colleague]:
    with company.acting():
        colleagues.refresh()
    with company.inside():
        return sorted(Colleague.objects.all(), key=lambda row: row.details.address)


def queries(company: Company) -> list[dict[str, Any]]:
    return [entry["body"] for entry in company.google.log if entry["path"].endswith("/freeBusy")]


@pytest.fixture
def met(company: Company) -> Company:
    """Ada meets Dora, who never signed in, a guest from outside, and a room."""
    add_people(company, "dora", "emil")
    guests = ("ada", "ben", "dora", "guest@outside.example", "polaris@resource.example")
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, *guests))
    company.google.as_person(address("dora"), "insert", body=meeting("Secret", MONDAY, 14, 90, "dora"))
    company.sync()
    return company


def test_only_colleagues_whom_somebody_meets_and_who_arent_connected_are_asked_for(met: Company) -> None:
    [dora] = refresh(met)
    assert dora.details.address == address("dora")
    [query] = queries(met)
    assert query["items"] == [{"id": address("dora")}]


def test_when_they_are_busy_is_kept_and_nothing_of_why(met: Company) -> None:
    [dora] = refresh(met)
    assert dora.busy == [
        ["2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z"],
        ["2027-03-01T13:00:00Z", "2027-03-01T14:30:00Z"],
    ]
    assert (dora.known_from, dora.problem) == (SUNDAY_NOON, "")


def test_they_are_asked_for_anew_after_a_quarter_of_an_hour(met: Company) -> None:
    refresh(met)
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=14)):
        refresh(met)
    assert len(queries(met)) == 1
    met.google.as_person(address("dora"), "insert", body=meeting("More", MONDAY, 17, 30, "dora"))
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=16)):
        [dora] = refresh(met)
    assert len(queries(met)) == 2
    assert ["2027-03-01T16:00:00Z", "2027-03-01T16:30:00Z"] in dora.busy


def test_at_most_fifty_are_asked_for_at_once(company: Company) -> None:
    names = [f"person{n}" for n in range(120)]
    add_people(company, *names)
    company.insert("ada", meeting("All hands", MONDAY, 10, 60, "ada", *names))
    company.sync("ada")
    assert len(refresh(company)) == 120
    assert [len(query["items"]) for query in queries(company)] == [50, 50, 20]


def test_a_calendar_that_google_doesnt_tell_of_says_so_and_is_asked_for_as_others_too(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "nobody@company.example"))
    company.sync()
    [nobody] = refresh(company)
    assert (nobody.problem, nobody.busy, nobody.known_until) == ("notFound", [], None)
    assert len(queries(company)) == colleagues.MOST_ASKERS


def test_who_connects_or_is_met_no_more_is_forgotten(met: Company) -> None:
    refresh(met)
    met.sign_in("dora")
    met.sync("dora")
    assert refresh(met) == []


def test_a_google_that_doesnt_answer_leaves_what_is_known(met: Company) -> None:
    refresh(met)
    met.google.faults.add({"match": {"path_regex": "/freeBusy"}, "fault": "503", "times": 3})
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=16)):
        [dora] = refresh(met)
    assert len(dora.busy) == 2


def test_another_organization_sees_none_of_them(met: Company) -> None:
    refresh(met)
    with current.organization(met.other_organization_id):
        assert not Colleague.objects.exists()


def test_their_addresses_are_sealed(met: Company) -> None:
    from django.db import connection

    refresh(met)
    with met.inside(), connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM calendars_colleague t")
        assert "dora" not in str(cursor.fetchall())
