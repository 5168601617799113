"""Which calendars a connection has, and which of them are read."""

from datetime import timedelta
from typing import Any

import pytest

from calendars import tasks
from calendars.models import Calendar, Channel, Event, GoogleConnection
from calendars.models.connection import Lists
from calendars.sync import calendar as one_calendar
from calendars.sync import calendar_list
from clockwise import clock
from clockwise.google.client import CalendarClient
from clockwise.google.errors import GoogleUnavailable, NotPermitted
from clockwise.organizations.models import Keywords, Organization, OrganizationRules
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

SIDE = "side@group.example"
Json = dict[str, Any]


def side(company: Company, **row: Any) -> None:
    company.google.put_calendar(address("ada"), {"id": SIDE, "summary": "Side", "time_zone": "Asia/Tokyo", **row})


def insert_aside(company: Company, title: str) -> str:
    body = meeting(title, MONDAY, 10, 30)
    return str(company.google.as_person(address("ada"), "insert", body=body, calendar=SIDE)["id"])


def calendars(company: Company) -> dict[str, Calendar]:
    with company.inside():
        return {row.details.title: row for row in Calendar.objects.filter(member=company.ids["ada"])}


def titles(company: Company) -> list[str]:
    with company.inside():
        return sorted(event.details.title for event in Event.objects.filter(member=company.ids["ada"]))


def queries(company: Company, path: str) -> list[Json]:
    return [entry["query"] for entry in company.google.log if entry["path"].endswith(path)]


def test_own_calendars_that_are_looked_at_are_read_others_only_known(company: Company) -> None:
    side(company, role="owner", selected=True)
    company.google.put_calendar(address("ada"), {"id": "unseen@group.example", "summary": "Unseen", "selected": False})
    company.google.put_calendar(address("ada"), {"id": "all@group.example", "summary": "Holidays", "role": "reader"})
    insert_aside(company, "Aside")
    company.sync("ada")

    found = calendars(company)
    assert {title: row.is_read for title, row in found.items()} == {
        address("ada"): True,
        "Side": True,
        "Unseen": False,
        "Holidays": False,
    }
    assert (found["Side"].time_zone, found["Side"].is_primary) == ("Asia/Tokyo", False)
    assert titles(company) == ["Aside"]


def test_a_list_is_read_by_its_sync_token(company: Company) -> None:
    company.sync("ada")
    company.google.log.clear()
    side(company)
    company.sync("ada")
    [query] = queries(company, "/users/me/calendarList")
    assert "syncToken" in query
    assert set(calendars(company)) == {address("ada"), "Side"}
    assert "syncToken" in queries(company, "/users/me/settings")[0]


@pytest.mark.parametrize("gone", ["deleted", "hidden"])
def test_a_calendar_that_leaves_the_list_takes_its_events_along(company: Company, gone: str) -> None:
    side(company)
    insert_aside(company, "Aside")
    company.insert("ada", meeting("Plan", MONDAY, 12, 30, "ada"))
    company.sync("ada")
    side(company, **{gone: True})
    company.sync("ada")
    assert set(calendars(company)) == {address("ada")}
    assert titles(company) == ["Plan"]

    side(company, **{gone: False})
    company.sync("ada")
    assert titles(company) == ["Aside", "Plan"]


def test_an_expired_token_of_the_list_reads_it_whole_and_drops_what_is_gone(company: Company) -> None:
    side(company)
    company.sync("ada")
    with company.inside():
        rows = {row.details.title: row.pk for row in Calendar.objects.filter(member=company.ids["ada"])}
    del company.google.state.people[address("ada")].entries[SIDE]
    company.google.faults.add({"match": {"path_regex": "calendarList$"}, "fault": "expire_sync_tokens"})
    company.sync("ada")
    assert {title: row.pk for title, row in calendars(company).items()} == {address("ada"): rows[address("ada")]}


def test_a_list_without_the_primary_calendar_takes_nothing_away(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    side(company)
    company.sync("ada")
    with company.inside():
        GoogleConnection.objects.filter(member=company.ids["ada"]).update(lists=None)
    monkeypatch.setattr(CalendarClient, "calendar_list", lambda *_, **__: {"nextSyncToken": "next"})
    company.sync("ada")
    assert set(calendars(company)) == {address("ada"), "Side"}


def test_a_list_of_several_pages_is_read_to_the_last(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [
        {"items": [{"id": address("ada"), "primary": True, "accessRole": "owner"}], "nextPageToken": "2"},
        {"nextPageToken": "3"},
        {"items": [{"id": SIDE, "accessRole": "reader"}], "nextSyncToken": "token"},
    ]
    asked: list[Any] = []

    def page(_: CalendarClient, *, page_token: str | None, sync_token: str | None) -> Any:
        asked.append(page_token)
        return pages[len(asked) - 1]

    monkeypatch.setattr(CalendarClient, "calendar_list", page)
    with company.acting():
        calendar_list.sync(company.connection("ada").pk)
    assert asked == [None, "2", "3"]
    assert set(calendars(company)) == {address("ada"), SIDE}  # a calendar may lack a summary
    assert company.connection("ada").lists == Lists("token", company.connection("ada").lists.settings_token, {  # type: ignore[union-attr]
        "timezone": "Europe/Berlin", "locale": "en", "weekStart": "1", "format24HourTime": "true",
    })  # fmt: skip


def test_settings_that_google_will_not_tell_cost_nothing_but_them(company: Company) -> None:
    company.google.faults.add({"match": {"path_regex": "settings$"}, "fault": "403_rate", "times": 3})
    company.insert("ada", meeting("Plan", MONDAY, 12, 30, "ada"))
    company.sync("ada")
    assert titles(company) == ["Plan"]


def test_a_role_that_shows_no_more_than_busy_blocks_ends_the_reading(company: Company) -> None:
    side(company)
    insert_aside(company, "Aside")
    company.sync("ada")
    side(company, role="freeBusyReader")
    company.sync("ada")
    assert titles(company) == []
    assert not calendars(company)["Side"].is_read


def test_a_lost_right_that_no_list_tells_is_found_when_events_are_refused(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: a change of rights alone is reported by nothing."""
    side(company)
    insert_aside(company, "Aside")
    company.sync("ada")
    row = calendars(company)["Side"]
    del company.google.state.people[address("ada")].entries[SIDE]
    with company.acting():
        one_calendar.sync(row.pk)
    assert set(calendars(company)) == {address("ada")}
    assert titles(company) == []


def test_a_lost_right_to_read_that_no_list_tells_leaves_busy_times_that_nobody_can_choose(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    side(company)
    insert_aside(company, "Aside")
    company.sync("ada")
    row = calendars(company)["Side"]
    side(company, role="freeBusyReader")

    def refuse(*_: Any, **__: Any) -> Any:
        raise NotPermitted("forbidden")

    monkeypatch.setattr(CalendarClient, "events_page", refuse)
    with company.acting():
        one_calendar.sync(row.pk)
    found = calendars(company)["Side"]
    assert (found.is_read, found.access_role) == (False, "freeBusyReader")
    assert titles(company) == []
    with company.inside():
        assert not calendar_list.choosable(company.ids["ada"]).exists()


def test_a_refusal_of_a_calendar_that_is_still_there_is_shown_and_loses_nothing(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 12, 30, "ada"))
    company.sync("ada")

    def refuse(*_: Any, **__: Any) -> Any:
        raise NotPermitted("forbidden")

    monkeypatch.setattr(CalendarClient, "events_page", refuse)
    with company.acting(), pytest.raises(NotPermitted):
        one_calendar.sync(calendars(company)[address("ada")].pk)
    assert titles(company) == ["Plan"]
    assert calendars(company)[address("ada")].problem == "no_access"


def test_the_member_chooses_what_is_read(company: Company) -> None:
    """S16: deselecting purges."""
    company.google.put_calendar(address("ada"), {"id": SIDE, "summary": "Side", "selected": False})
    insert_aside(company, "Aside")
    company.sync("ada")
    assert titles(company) == []
    row = calendars(company)["Side"]
    with company.inside():
        calendar_list.choose(company.ids["ada"], [row.pk], among=[row.pk])
    company.sync("ada")
    assert titles(company) == ["Aside"]
    with company.acting():
        tasks.tend_channels(str(company.connection("ada").pk))

    with company.inside():
        calendar_list.choose(company.ids["ada"], [], among=[row.pk])
    company.google.log.clear()
    company.sync("ada")
    with company.acting():
        tasks.tend_channels(str(company.connection("ada").pk))
    assert titles(company) == []
    assert not [entry for entry in company.google.log if SIDE in entry["path"]]
    with company.inside():
        assert Channel.objects.filter(member=company.ids["ada"]).count() == 2
    assert len([entry for entry in company.google.log if entry["path"].endswith("channels/stop")]) == 1


def test_a_list_that_fails_is_put_off_for_longer_than_a_sweep(company: Company) -> None:
    company.google.faults.add({"match": {"path_regex": "calendarList$"}, "fault": "503"})
    with company.acting(), pytest.raises(GoogleUnavailable):
        calendar_list.sync(company.connection("ada").pk)
    later = company.connection("ada").next_list_at
    assert later is not None
    assert later >= SUNDAY_NOON + timedelta(minutes=2)


def test_one_calendar_that_fails_keeps_no_other_from_being_read(company: Company) -> None:
    side(company)
    insert_aside(company, "Aside")
    company.google.faults.add({"match": {"path_regex": f"{address('ada')}/events$"}, "fault": "500"})
    with company.acting():
        tasks.sync_connection(str(company.connection("ada").pk))
    assert titles(company) == ["Aside"]


def test_the_list_is_read_anew_each_day(company: Company) -> None:
    company.sync("ada")
    with clock.stopped(SUNDAY_NOON + timedelta(days=1.2)), company.inside():
        assert company.connection("ada").next_list_at <= clock.now()  # type: ignore[operator]


def test_an_organization_is_where_its_first_calendar_is_until_an_admin_says_otherwise(company: Company) -> None:
    with company.inside():
        organization = Organization.objects.get(pk=company.organization_id)
        assert organization.time_zone == "UTC"
    company.sync("chie")
    company.sync("ada")
    with company.inside():
        organization.refresh_from_db()
        assert organization.time_zone == "Asia/Tokyo"


def test_the_time_zone_that_an_admin_has_saved_stays(company: Company) -> None:
    with company.inside():
        OrganizationRules.objects.create(keywords=Keywords(), changed_at=SUNDAY_NOON)
    company.sync("ada")
    with company.inside():
        assert Organization.objects.get(pk=company.organization_id).time_zone == "UTC"
