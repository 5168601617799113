"""Goal 16: no more scopes than are documented, asked for when they are needed; reading works without writing."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from calendars.models import Event, OutboxWrite
from clockwise.google import oauth
from scheduling import flexibility, run_requests, runs
from tests.browser_trip import sign_in, to_google
from tests.company import MONDAY, Company, address, meeting

API = "https://www.googleapis.com/auth/"
IDENTITY = {"openid", "email", "profile"}
READING = {
    f"{API}calendar.calendarlist.readonly",
    f"{API}calendar.freebusy",
    f"{API}calendar.calendars.readonly",
    f"{API}calendar.settings.readonly",
}
# As docs/decisions/0046 documents them.
DOCUMENTED = {
    "/accounts/google/login": IDENTITY,
    "/accounts/google/login?connect=calendar": IDENTITY | READING | {f"{API}calendar.events"},
    "/accounts/google/login?connect=calendar&access=read": IDENTITY | READING | {f"{API}calendar.events.readonly"},
    "/organization/directory/connect": IDENTITY | {f"{API}admin.directory.user.readonly"},
}


@pytest.mark.parametrize("path", DOCUMENTED)
def test_goal_16_a_trip_asks_for_the_documented_scopes_and_no_other(
    company: Company, client: Client, path: str
) -> None:
    if path.startswith("/organization/"):
        sign_in(client, address("ada"))
    query = parse_qs(urlsplit(to_google(client, path)).query)
    assert set(query["scope"][0].split()) == DOCUMENTED[path]


def test_goal_16_scopes_are_incremental_and_offline_access_is_for_calendars_alone(
    company: Company, client: Client
) -> None:
    signing_in = parse_qs(urlsplit(to_google(client, "/accounts/google/login")).query)
    connecting = parse_qs(urlsplit(to_google(client)).query)
    assert signing_in["access_type"] == ["online"]
    assert "include_granted_scopes" not in signing_in
    assert (connecting["access_type"], connecting["include_granted_scopes"]) == (["offline"], ["true"])
    assert "prompt" not in connecting


def test_goal_16_a_calendar_connected_for_reading_is_shown_counted_and_never_written_to(company: Company) -> None:
    company.google.revoke(address("ada"))
    company.sign_in("ada", oauth.IDENTITY_SCOPES + oauth.READ_ONLY_SCOPES)
    meeting_id = company.insert("ada", meeting("Plan", MONDAY, 9.5, 30, "ada", "ben"))
    company.sync()
    with company.inside():
        ada = company.member("ada")
        event = Event.objects.get(member=ada, google_id=meeting_id)
        assert event.details.title == "Plan"
        flexibility.make_flexible(event, by=ada)
        run = run_requests.create(by=ada, day=MONDAY)
    company.google.log.clear()
    with company.acting():
        proposal = runs.execute(run.pk)
    with company.inside():
        assert proposal is None or not proposal.moves.filter(event__member=ada).exists()
        assert not OutboxWrite.objects.filter(member=ada).exists()
        changes = proposal.hold_changes.all() if proposal is not None else []
        assert ada.pk not in {change.member_id for change in changes}


def test_goal_16_the_control_the_same_calendar_is_planned_once_it_may_be_written_to(company: Company) -> None:
    company.sync()
    with company.inside():
        run = run_requests.create(by=company.member("ada"), day=MONDAY)
    with company.acting():
        proposal = runs.execute(run.pk)
    assert proposal is not None
    with company.inside():
        assert company.ids["ada"] in {change.member_id for change in proposal.hold_changes.all()}


def test_goal_16_a_browser_connects_for_reading(company: Company, client: Client) -> None:
    company.google.revoke(address("ben"))
    sign_in(client, address("ben"), "/accounts/google/login?connect=calendar&access=read")
    assert not company.connection("ben").may_write
