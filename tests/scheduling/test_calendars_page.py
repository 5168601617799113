"""The page of one's Google calendars: what is wrong, which are read, whom Google mails, the end of the connection."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from calendars.models import Calendar, Event, GoogleConnection, OutboxWrite, SetAsideEvent
from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.tenancy import messages
from scheduling.models import Preferences
from tests.browser_trip import sign_in
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

SIDE = "side@group.example"
SHARED = "busy@group.example"


def browser(name: str) -> Client:
    found = Client()
    sign_in(found, address(name))
    return found


def page(client: Client) -> str:
    return client.get("/calendars/").content.decode()


def tick(client: Client, *ids: object) -> int:
    """Submit the page's form as it stands, with these calendars ticked and no other."""
    shown = re.findall(r'name="shown" value="([^"]+)"', page(client))
    answer = client.post("/calendars/choose", {"calendar": [str(each) for each in ids], "shown": shown})
    return answer.status_code


def with_side_calendars(company: Company) -> dict[str, Calendar]:
    """Ada's second calendar, which she doesn't look at, and one of which she sees busy times alone."""
    company.google.put_calendar(address("ada"), {"id": SIDE, "summary": "Side", "selected": False})
    company.google.put_calendar(address("ada"), {"id": SHARED, "summary": "Boss", "role": "freeBusyReader"})
    company.google.as_person(address("ada"), "insert", body=meeting("Aside", MONDAY, 12, 30), calendar=SIDE)
    company.sync("ada")
    with company.inside():
        return {c.details.title: c for c in Calendar.objects.filter(member=company.ids["ada"])}


def titles(company: Company) -> list[str]:
    with company.inside():
        return [event.details.title for event in Event.objects.filter(member=company.ids["ada"]).order_by("start")]


def test_a_calendar_is_read_once_it_is_ticked_and_erased_once_it_is_not(company: Company) -> None:
    side = with_side_calendars(company)["Side"]
    company.insert("ada", meeting("Plan", MONDAY, 14, 30, "ada"))
    ada = browser("ada")
    assert tick(ada, side.pk) == 302
    assert "Saved." in page(ada)
    company.sync("ada")
    assert titles(company) == ["Aside", "Plan"]

    tick(ada)
    assert "is gone" in page(ada)
    company.sync("ada")
    assert titles(company) == ["Plan"]
    with company.inside():
        told = AuditEntry.objects.filter(action="calendar.chosen").count()
    assert told == 2


def test_a_calendar_that_has_come_since_the_page_was_opened_stays_as_it_is(company: Company) -> None:
    with_side_calendars(company)
    ada = browser("ada")
    shown = re.findall(r'name="shown" value="([^"]+)"', page(ada))
    company.google.put_calendar(address("ada"), {"id": "new@group.example", "summary": "New", "selected": True})
    company.sync("ada")
    ada.post("/calendars/choose", {"shown": shown})
    with company.inside():
        read = {c.details.title for c in Calendar.objects.filter(member=company.ids["ada"], is_read=True)}
    assert read == {address("ada"), "New"}


def test_the_main_calendar_stays_and_one_of_busy_times_alone_is_never_read(company: Company) -> None:
    found = with_side_calendars(company)
    every = [str(row.pk) for row in found.values()]
    browser("ada").post("/calendars/choose", {"calendar": [str(found["Boss"].pk), "no id"], "shown": every})
    with company.inside():
        read = {c.details.title for c in Calendar.objects.filter(member=company.ids["ada"], is_read=True)}
    assert read == {address("ada")}


def test_nobody_chooses_among_anothers_calendars(company: Company) -> None:
    side = with_side_calendars(company)["Side"]
    for name in ("ben", "mallory"):
        browser(name).post("/calendars/choose", {"calendar": [str(side.pk)], "shown": [str(side.pk)]})
    with company.inside():
        assert not Calendar.objects.get(pk=side.pk).is_read
    assert "Side" not in page(browser("ben"))
    assert "Side" not in page(browser("mallory"))


@pytest.mark.parametrize(
    ("word", "told"), [("misconfigured", "its operator has to repair"), ("blocked_by_admin", "Workspace admin")]
)
def test_what_keeps_a_connection_from_working_is_told_and_by_whom_it_can_be_repaired(
    company: Company, word: str, told: str
) -> None:
    company.sync("ada")
    ada = browser("ada")
    with company.inside():
        GoogleConnection.objects.filter(member=company.ids["ada"]).update(problem=word)
    assert told in page(ada)
    assert told in ada.get("/").content.decode()


def test_a_lost_grant_is_explained_with_the_way_back(company: Company) -> None:
    company.sync("ada")
    ada = browser("ada")
    with company.inside():
        GoogleConnection.objects.filter(member=company.ids["ada"]).update(state="revoked", credentials=None)
    shown = page(ada)
    assert "access was taken back" in shown
    assert "Reconnect" in shown


def test_parked_changes_say_until_when_they_wait(company: Company) -> None:
    company.sync("ada")
    ada = browser("ada")
    with company.inside():
        connection = GoogleConnection.objects.filter(member=company.ids["ada"])
        connection.update(writes_parked_until=SUNDAY_NOON + timedelta(hours=1))
    assert "28 Feb, 14:00" in page(ada)
    with company.inside():
        connection.update(writes_parked_until=SUNDAY_NOON)
    assert "had enough" not in page(ada)


def test_times_are_in_the_members_zone(company: Company) -> None:
    with clock.stopped(SUNDAY_NOON):
        company.sync("ada", "chie")
        for name, told in (("ada", "28 Feb, 13:00"), ("chie", "28 Feb, 21:00")):
            assert told in page(browser(name))
        with company.inside():
            Preferences.objects.create(member=company.member("chie"), time_zone="America/New_York")
        shown = page(browser("chie"))
    assert "28 Feb, 07:00" in shown
    assert "Times are in America/New_York" in shown


def test_each_event_that_cannot_be_read_is_listed_with_why_and_a_link(company: Company) -> None:
    company.sync("ada")
    with company.inside():
        for member, google_id, reason in (("ada", "odd", "time"), ("ada", "", "id"), ("ben", "bens", "content")):
            SetAsideEvent.objects.create(
                calendar=company.calendar("ada"),
                member=company.member(member),
                google_id=google_id,
                reason=reason,
                since=SUNDAY_NOON,
            )
    shown = page(browser("ada"))
    assert "2 events are left out" in shown
    assert "start or end can" in shown
    assert shown.count("https://www.google.com/calendar/event?eid=") == 1
    assert "as Google describes" not in shown


def test_whom_google_mails_is_the_organizers_choice(company: Company) -> None:
    ada = browser("ada")
    ada.post("/calendars/notices", {"notices": "externalOnly"})
    ada.post("/calendars/notices", {"notices": "everybody and their dog"})
    with company.inside():
        assert Preferences.objects.get().guest_notices == OutboxWrite.Notices.EXTERNAL_ONLY
    assert 'value="externalOnly" checked' in page(ada)


def test_disconnecting_ends_the_grant_here_and_at_google(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from calendars import tasks

    woken: list[str] = []
    company.sync("ada")
    ada = browser("ada")
    monkeypatch.setattr(messages, "wake", lambda task, *arguments, **_: woken.append(task.name))
    assert ada.post("/calendars/disconnect").status_code == 302
    assert company.connection("ada").state == GoogleConnection.State.DISCONNECTED
    assert company.connection("ben").state == GoogleConnection.State.ACTIVE
    assert woken == ["calendars.revoke_grant"]
    assert ada.post("/calendars/disconnect").status_code == 302
    with company.acting():
        tasks.revoke_grant(str(company.connection("ada").pk))
    assert company.connection("ada").to_revoke is None
    assert "Reconnect" in page(ada)
