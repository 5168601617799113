"""Goal 13: whom Google no longer lets in loses all access at once; a fault of Google's or ours takes nobody's."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from calendars import liveness, tasks
from calendars.models import GoogleConnection, OutboxWrite
from calendars.sync import calendar_list
from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.google import risc
from clockwise.organizations import access, tokens
from clockwise.organizations.models import ApiToken, BrowserSession, Member
from clockwise.organizations.reasons import Reason
from tests.browser_trip import answer, sign_in, to_google
from tests.company import SUNDAY_NOON, Company, address

RISC = "/integrations/google/risc"


@pytest.fixture
def browser(company: Company, client: Client) -> Client:
    """Ada's, signed in."""
    sign_in(client, address("ada"))
    assert is_in(client)
    return client


@pytest.fixture
def secret(company: Company) -> str:
    with company.inside():
        return tokens.create(company.member("ada"), scopes={"read", "write"})


@pytest.fixture(autouse=True)
def _fresh_configuration() -> Iterator[None]:
    risc._configurations.clear()
    yield


def is_in(client: Client) -> bool:
    return "Continue with Google" not in client.get("/").content.decode()


def api_status(client: Client, secret: str) -> int:
    return int(client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code)


def send(client: Client, token: str) -> int:
    return int(client.post(RISC, token, content_type="application/secevent+jwt").status_code)


def everything_ended(company: Company, client: Client, secret: str, name: str = "ada") -> None:
    assert not is_in(client)
    assert api_status(Client(), secret) == 401
    with company.inside():
        member = company.member(name)
        assert not BrowserSession.objects.filter(member=member, ended_at=None).exists()
        assert not ApiToken.objects.filter(member=member, revoked_at=None).exists()
        assert not OutboxWrite.objects.filter(member=member, state=OutboxWrite.State.PENDING).exists()
        connection = GoogleConnection.objects.get(member=member)
        assert connection.state != GoogleConnection.State.ACTIVE
        assert connection.credentials is None


def pass_time(company: Company, seconds: int) -> None:
    """The ticks of beat and the work that they send, one after the other, as far as the clock goes."""
    for _ in range(0, seconds, liveness.TICK_SECONDS):
        with company.acting():
            for connection_id in liveness.due():
                liveness.check(connection_id)


def calls_by(company: Company, name: str) -> int:
    return sum(entry.get("email") == address(name) for entry in company.google.log)


SIGNALS = {
    "account-disabled": Reason.ACCOUNT_DISABLED,
    "account-purged": Reason.ACCOUNT_PURGED,
    "account-credential-change-required": Reason.CREDENTIALS_AT_RISK,
    "sessions-revoked": Reason.SESSIONS_REVOKED,
    "tokens-revoked": Reason.TOKENS_REVOKED,
    "token-revoked": Reason.TOKENS_REVOKED,
}


@pytest.mark.parametrize("name", SIGNALS)
def test_goal_13_a_signal_of_googles_ends_everything_before_it_is_answered(
    company: Company, browser: Client, secret: str, name: str
) -> None:
    assert api_status(Client(), secret) == 200
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=2)):
        company.google.state.clock = clock.now()
        assert send(Client(), company.google.security_event(address("ada"), name)) == 202
        everything_ended(company, browser, secret)
    with company.inside():
        assert company.member("ada").access_ended_reason == SIGNALS[name]
        entry = AuditEntry.objects.get(action="access.ended")
        assert (entry.channel, entry.target_id) == ("signal", company.ids["ada"])


def test_goal_13_after_a_signal_google_is_asked_for_nothing_more(
    company: Company, browser: Client, secret: str
) -> None:
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=2)):
        company.google.state.clock = clock.now()
        company.google.suspend(address("ada"))
        send(Client(), company.google.security_event(address("ada"), "account-disabled"))
        company.google.log.clear()
        company.sync("ada")
        pass_time(company, 60)
        with company.acting():
            tasks.perform_writes()
    assert calls_by(company, "ada") == 0


def test_goal_13_a_colleague_keeps_access(company: Company, browser: Client) -> None:
    colleague = Client()
    sign_in(colleague, address("ben"))
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=2)):
        company.google.state.clock = clock.now()
        send(Client(), company.google.security_event(address("ada"), "account-disabled"))
        assert not is_in(browser)
        assert is_in(colleague)


def test_goal_13_an_active_browser_is_out_within_a_minute_without_any_signal(
    company: Company, browser: Client, secret: str
) -> None:
    company.google.suspend(address("ada"))
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=60)):
        pass_time(company, liveness.TICK_SECONDS)
        everything_ended(company, browser, secret)
    with company.inside():
        assert company.member("ada").access_ended_reason in (Reason.GRANT_REVOKED, Reason.ACCOUNT_REFUSED)


def test_goal_13_ticks_leave_no_minute_without_a_look_at_who_is_active() -> None:
    assert liveness.ACTIVE_AFTER.total_seconds() + liveness.TICK_SECONDS < 60
    assert liveness.IDLE_AFTER.total_seconds() + liveness.TICK_SECONDS < 300


def test_goal_13_who_is_active_is_asked_about_each_minute_and_who_rests_each_five(
    company: Company, browser: Client
) -> None:
    def looked(after: timedelta) -> bool:
        with clock.stopped(SUNDAY_NOON + after), company.acting():
            return company.connection("ada").pk in liveness.due()

    assert looked(timedelta(seconds=0))
    assert not looked(timedelta(seconds=30))
    assert looked(timedelta(seconds=45))
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=61)):
        is_in(browser)
    assert looked(timedelta(seconds=90))
    assert not looked(timedelta(minutes=5))  # nobody has clicked for three minutes, and one and a half are asked for
    assert looked(timedelta(minutes=6, seconds=5))


def test_goal_13_who_isnt_signed_in_is_not_asked_about(company: Company) -> None:
    assert liveness.organizations() == []
    with company.acting():
        assert liveness.due() == []


def test_goal_13_a_refused_refresh_ends_everything(company: Company, browser: Client, secret: str) -> None:
    company.google.revoke(address("ada"))
    with clock.stopped(SUNDAY_NOON + timedelta(hours=2)):
        with company.acting():
            calendar_list.sync(company.connection("ada").pk)
        everything_ended(company, browser, secret)


FAULTS: dict[str, tuple[str, str]] = {
    "the token endpoint is down": ("503", "/token"),
    "the token endpoint fails": ("500", "/token"),
    "the token endpoint sends a page": ("html", "/token"),
    "the token endpoint is slow": ("drop", "/token"),
    "the client is unknown to Google": ("invalid_client", "/token"),
    "the client was deleted or isn't allowed": ("unauthorized_client", "/token"),
    "an admin's policy stands in the way": ("admin_policy_enforced", "/token"),
    "userinfo is down": ("503", "/v1/userinfo"),
    "userinfo asks for patience": ("429", "/v1/userinfo"),
    "userinfo drops the connection": ("drop", "/v1/userinfo"),
    "the quota is used up": ("403_quota", "/v1/userinfo"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_goal_13_a_fault_ends_nobodys_access(company: Company, browser: Client, secret: str, case: str) -> None:
    kind, path = FAULTS[case]
    later = SUNDAY_NOON + (timedelta(hours=1) if path == "/token" else timedelta(seconds=60))
    with clock.stopped(later):
        company.google.state.clock = later
        is_in(browser)
        company.google.faults.add({"match": {"path_regex": path}, "fault": kind, "times": 50})
        pass_time(company, liveness.TICK_SECONDS)
        company.google.faults.clear()
        with company.inside():
            assert GoogleConnection.objects.get(member=company.ids["ada"]).state == GoogleConnection.State.ACTIVE
            assert company.member("ada").access_ended_reason == ""
        assert api_status(Client(), secret) == 200


def test_goal_13_after_a_fault_google_is_asked_again_at_the_next_look(company: Company, browser: Client) -> None:
    company.google.suspend(address("ada"))
    company.google.faults.add({"match": {"path_regex": "/token"}, "fault": "503"})
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=30)):
        pass_time(company, liveness.TICK_SECONDS)
        assert is_in(browser)
        pass_time(company, liveness.TICK_SECONDS)
        assert not is_in(browser)


def test_goal_13_a_forged_or_foreign_signal_is_refused_and_ends_nothing(
    company: Company, browser: Client, settings: Settings
) -> None:
    good = company.google.security_event(address("ada"), "account-disabled")
    header, content, signature = good.split(".")
    forged = {
        "another signature": f"{header}.{content}.{signature[:-8]}AAAAAAAA",
        "no signature": f"{header}.{content}.",
        "no token": "hello",
        "bytes": "é".encode("latin-1").decode("latin-1"),
        "empty": "",
    }
    for case, token in forged.items():
        assert send(Client(), token) == 400, case
    settings.GOOGLE = {**settings.GOOGLE, "GOOGLE_CLIENT_ID": "somebody-elses-client"}
    assert send(Client(), good) == 400
    assert send(Client(), "x" * (65 * 1024)) == 400
    assert Client().get(RISC).status_code == 405
    settings.GOOGLE = company.google.endpoints()
    assert is_in(browser)


def test_goal_13_a_signal_is_heard_once(company: Company, browser: Client) -> None:
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=2)):
        company.google.state.clock = clock.now()
        token = company.google.security_event(address("ada"), "account-disabled", jti="one")
        assert send(Client(), token) == 202
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=1)):
        company.google.state.clock = clock.now()
        sign_in(browser, address("ada"))
        assert is_in(browser)
        assert send(Client(), token) == 202
        assert is_in(browser)
        with company.inside():
            assert AuditEntry.objects.filter(action="access.signal_received").count() == 1


def test_goal_13_a_late_signal_does_not_end_what_google_allowed_after_it(company: Company, browser: Client) -> None:
    company.google.state.clock = SUNDAY_NOON - timedelta(hours=1)
    token = company.google.security_event(address("ada"), "sessions-revoked")
    assert send(Client(), token) == 202
    assert is_in(browser)


def test_goal_13_a_verification_is_taken(company: Company) -> None:
    assert send(Client(), company.google.security_event(address("ada"), "verification", state="x")) == 202


def test_goal_13_an_unreachable_google_makes_a_signal_come_again(company: Company, settings: Settings) -> None:
    token = company.google.security_event(address("ada"), "account-disabled")
    settings.GOOGLE = {**settings.GOOGLE, "GOOGLE_RISC_CONFIGURATION_URI": "http://127.0.0.1:9/risc"}
    assert send(Client(), token) == 503


def test_goal_13_the_person_sees_why_and_the_way_back(company: Company, browser: Client) -> None:
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=2)):
        company.google.state.clock = clock.now()
        send(Client(), company.google.security_event(address("ada"), "account-credential-change-required"))
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=2)):
        company.google.state.clock = clock.now()
        sign_in(browser, address("ada"), "/accounts/google/login")
        page = browser.get("/account/sessions/").content.decode()
    assert 'data-testid="access-ended"' in page
    assert "Secure the Google account first" in page
    assert "connect=calendar" in page

    with clock.stopped(SUNDAY_NOON + timedelta(minutes=3)):
        company.google.state.clock = clock.now()
        company.google.revoke(address("ada"))
        sign_in(browser, address("ada"))
        assert 'data-testid="access-ended"' not in browser.get("/account/sessions/").content.decode()


def test_goal_13_ending_twice_is_ending_once(company: Company) -> None:
    with company.inside():
        for _ in range(2):
            assert access.end(company.member("ada"), reason=Reason.ADMIN)
    with company.inside():
        assert AuditEntry.objects.filter(action="access.ended").count() == 1
        assert access.restore(company.member("ada"), reason=Reason.ADMIN)
        assert not access.restore(company.member("ada"), reason=Reason.ADMIN)
        assert company.member("ada").is_active


def test_goal_13_google_does_not_restore_what_an_admin_ended(company: Company) -> None:
    with company.inside():
        access.end(company.member("ada"), reason=Reason.ADMIN)
    assert send(Client(), company.google.security_event(address("ada"), "account-enabled")) == 202
    with company.inside():
        assert not Member.objects.get(pk=company.ids["ada"]).is_active


def test_goal_13_who_was_vouched_for_before_access_ended_does_not_get_in(company: Company) -> None:
    late = Client()
    company.google.state.clock = SUNDAY_NOON
    returned = answer(to_google(late), address("ada"))
    with company.inside(), clock.stopped(SUNDAY_NOON + timedelta(seconds=5)):
        access.end(company.member("ada"), reason=Reason.SESSIONS_REVOKED)
    response = late.get("/accounts/google/callback", returned)
    assert 'data-reason="ended_meanwhile"' in response.content.decode()
    assert not is_in(late)


def test_goal_13_the_control_nothing_ended_when_nothing_happened(
    company: Company, browser: Client, secret: str
) -> None:
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=60)):
        pass_time(company, 60)
        assert is_in(browser)
        assert api_status(Client(), secret) == 200
