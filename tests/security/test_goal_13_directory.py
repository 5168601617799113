"""Goal 13, by the directory: whom Google calls suspended or deleted is out within a minute, signed in or not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.google import directory as google_directory
from clockwise.google.errors import GrantRevoked
from clockwise.google.oauth import Grant
from clockwise.organizations import access, directory, sessions, tasks
from clockwise.organizations.models import BrowserSession, DirectoryWatch, Member
from clockwise.organizations.reasons import Reason
from clockwise.organizations.roles import Role
from clockwise.settings import CELERY_BEAT_SCHEDULE
from clockwise.tenancy import current, messages
from tests.browser_trip import answer, sign_in, to_google
from tests.company import SUNDAY_NOON, Company, address
from tests.security.test_goal_13_suspension import calls_by, is_in

CONNECT = "/organization/directory/connect"
CALLBACK = "/accounts/google/callback"


@pytest.fixture
def watched(company: Company) -> Company:
    """Ada, an admin of the Workspace, has consented in her browser."""
    company.google.state.people[address("ada")].is_admin = True
    with clock.stopped(SUNDAY_NOON):
        browser = Client()
        sign_in(browser, address("ada"))
        returned = browser.get(CALLBACK, answer(to_google(browser, CONNECT), address("ada")))
    assert returned.headers["Location"] == "/organization/domains/"
    return company


def look(company: Company, *, seconds: int = 60) -> int:
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=seconds)), company.acting():
        return directory.look()


def reason_of(company: Company, name: str) -> str:
    with company.inside():
        return company.member(name).access_ended_reason


def test_goal_13_who_is_suspended_at_google_is_out_at_the_next_look(watched: Company) -> None:
    with clock.stopped(SUNDAY_NOON):
        browser = Client()
        sign_in(browser, address("ben"), "/accounts/google/login")
        assert is_in(browser)
    assert look(watched) == 0
    watched.google.suspend(address("ben"))

    assert look(watched) == 1

    with clock.stopped(SUNDAY_NOON + timedelta(seconds=61)):
        assert not is_in(browser)
    assert reason_of(watched, "ben") == Reason.ACCOUNT_DISABLED
    assert reason_of(watched, "chie") == ""


def test_goal_13_who_is_deleted_at_google_is_out_and_told_so(watched: Company) -> None:
    watched.google.delete_account(address("chie"))

    assert look(watched) == 1
    assert reason_of(watched, "chie") == Reason.ACCOUNT_PURGED


def test_goal_13_one_whose_access_cant_be_ended_keeps_nobody_elses(
    watched: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ben", "chie"):
        watched.google.suspend(address(name))
    end, first = access.end, watched.ids["ben"]

    def failing(member: Member, **said: Any) -> bool:
        if member.pk == first:
            raise RuntimeError("no key")
        return end(member, **said)

    monkeypatch.setattr(access, "end", failing)
    assert look(watched) == 1
    assert reason_of(watched, "chie") == Reason.ACCOUNT_DISABLED
    monkeypatch.undo()
    assert look(watched) == 1
    assert reason_of(watched, "ben") == Reason.ACCOUNT_DISABLED


def test_goal_13_who_connected_no_calendar_and_is_nowhere_signed_in_is_out_too(watched: Company) -> None:
    with watched.inside():
        ben = watched.member("ben")
        sessions.end_all(ben)
        assert not BrowserSession.objects.filter(member=ben, ended_at=None).exists()
    watched.google.suspend(address("ben"))

    assert look(watched) == 1


def test_goal_13_ending_is_said_once_however_often_google_says_it(watched: Company) -> None:
    watched.google.suspend(address("ben"))

    assert [look(watched, seconds=30 * n) for n in range(1, 5)] == [1, 0, 0, 0]
    with watched.inside():
        assert AuditEntry.objects.filter(action="access.ended").count() == 1


def test_goal_13_a_look_that_began_before_google_let_somebody_in_ends_nothing(
    watched: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = watched.google.state.people[address("ben")].subject

    def slow(*_: object) -> dict[str, str]:
        with current.transaction():
            Member.objects.filter(pk=watched.ids["ben"]).update(signed_in_at=SUNDAY_NOON + timedelta(seconds=90))
        return {subject: "suspended"}

    monkeypatch.setattr(google_directory, "shut_out", slow)

    assert look(watched, seconds=60) == 0
    assert reason_of(watched, "ben") == ""


@pytest.mark.parametrize("fault", ["503", "html", "drop", "429", "slow:0.01", "500"])
def test_goal_13_a_fault_of_googles_ends_nobodys_access_and_not_the_watch(watched: Company, fault: str) -> None:
    watched.google.faults.add({"match": {"path_regex": "/admin/directory"}, "fault": fault})

    assert look(watched) == 0
    with watched.inside():
        assert DirectoryWatch.objects.count() == 1
        assert not Member.objects.exclude(access_ended_reason="").exists()


def test_goal_13_an_admin_who_is_none_any_more_is_shown_and_ends_nobody(watched: Company, client: Client) -> None:
    watched.google.state.people[address("ada")].is_admin = False
    watched.google.suspend(address("ben"))

    assert look(watched) == 0
    assert reason_of(watched, "ben") == ""
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=61)):
        sign_in(client, address("ada"), "/accounts/google/login")
        assert "let this account look" in client.get("/organization/domains/").content.decode()


@pytest.mark.parametrize("how", ["taken back at Google", "access ended", "stopped on the page"])
def test_goal_13_the_watch_ends_with_its_consent_and_google_is_asked_no_more(
    watched: Company, client: Client, how: str
) -> None:
    if how == "taken back at Google":
        watched.google.revoke(address("ada"))
        look(watched)
    elif how == "access ended":
        with watched.inside():
            access.end(watched.member("ada"), reason=Reason.ADMIN)
    else:
        with clock.stopped(SUNDAY_NOON):
            sign_in(client, address("ada"), "/accounts/google/login")
            client.post("/organization/directory/stop")

    watched.google.log.clear()
    watched.google.suspend(address("ben"))
    assert look(watched) == 0
    assert calls_by(watched, "ada") == 0
    with watched.inside():
        assert not DirectoryWatch.objects.exists()
        assert AuditEntry.objects.filter(action="directory_watch.stopped").count() == 1


def test_a_consent_that_replaces_another_one_is_written_down(watched: Company) -> None:
    with clock.stopped(SUNDAY_NOON):
        browser = Client()
        sign_in(browser, address("ada"))
        browser.get(CALLBACK, answer(to_google(browser, CONNECT), address("ada")))
    with watched.inside():
        assert DirectoryWatch.objects.count() == 1
        [stopped] = AuditEntry.objects.filter(action="directory_watch.stopped")
        assert (stopped.actor_id, stopped.body.facts) == (watched.ids["ada"], {"reason": "replaced"})


def test_a_consent_that_ends_while_google_is_asked_leaves_a_newer_one(
    watched: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> dict[str, str]:
        with current.transaction():
            old = DirectoryWatch.objects.get()
            directory.start(watched.member("ada"), Grant("a", SUNDAY_NOON, old.credentials.refresh_token, frozenset()))
        raise GrantRevoked("invalid_grant")

    monkeypatch.setattr(google_directory, "shut_out", slow)
    look(watched)
    with watched.inside():
        assert DirectoryWatch.objects.count() == 1


def test_a_pause_of_googles_is_not_blamed_on_the_admin(watched: Company, client: Client) -> None:
    watched.google.faults.add({"match": {"path_regex": "/admin/directory"}, "fault": "503"})
    look(watched)
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=61)):
        sign_in(client, address("ada"))
        page = client.get("/organization/domains/").content.decode()
    assert "answer the last look" in page
    assert "still a Workspace admin" not in page


def test_goal_13_one_organizations_directory_says_nothing_of_another(watched: Company) -> None:
    watched.google.suspend(address("mallory"))

    assert look(watched) == 0
    with current.organization(watched.other_organization_id):
        assert not Member.objects.exclude(access_ended_reason="").exists()
        assert not DirectoryWatch.objects.exists()


@pytest.mark.parametrize(("who", "without"), [("ben", ()), ("ada", ("admin.directory.user.readonly",))])
def test_goal_13_another_account_or_an_unticked_scope_is_no_consent(
    company: Company, client: Client, who: str, without: tuple[str, ...]
) -> None:
    with clock.stopped(SUNDAY_NOON):
        sign_in(client, address("ada"))
        returned = client.get(CALLBACK, answer(to_google(client, CONNECT), address(who), without=without))

    assert returned.status_code == 403
    with company.inside():
        assert not DirectoryWatch.objects.exists()


def test_goal_13_who_is_no_admin_here_gives_no_consent(company: Company, client: Client) -> None:
    with clock.stopped(SUNDAY_NOON):
        sign_in(client, address("ada"))
        url = to_google(client, CONNECT)
        with company.inside():
            Member.objects.filter(pk=company.ids["ada"]).update(role=Role.MEMBER)

        assert client.get(CALLBACK, answer(url, address("ada"))).status_code == 403
        assert client.get(CONNECT).status_code == 403


def test_goal_13_looks_come_twice_a_minute_and_only_where_somebody_consented(
    watched: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []
    monkeypatch.setattr(messages, "wake", lambda _: sent.append(current.require_organization_id()))

    tasks.look_into_directories()

    assert sent == [watched.organization_id]
    assert CELERY_BEAT_SCHEDULE["directories"]["schedule"] == directory.LOOK_SECONDS == 30


def test_goal_13_a_broker_that_is_away_ends_no_sweep(watched: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[UUID] = []

    def away(*_: object, **__: object) -> None:
        asked.append(current.require_organization_id())
        raise OperationalError

    monkeypatch.setattr(tasks.look_into_directory, "apply_async", away)
    tasks.look_into_directories()
    assert asked == [watched.organization_id]


def test_goal_13_the_control_nobody_ended_when_nobody_was_suspended(watched: Company) -> None:
    assert look(watched) == 0
    with watched.inside():
        assert not Member.objects.exclude(access_ended_reason="").exists()
