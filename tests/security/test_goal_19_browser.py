"""Goal 19, and part 6 of the security promises: sessions that end, acts that need a fresh proof, closed headers."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.organizations import housekeeping, sessions
from clockwise.organizations.models import BrowserSession, Member
from clockwise.organizations.requests import confirmed_recently, own_path
from clockwise.organizations.roles import Role
from tests.browser_trip import answer, sign_in
from tests.company import SUNDAY_NOON, Company, address

SESSIONS = "/account/sessions/"
CONFIRM = "/accounts/google/confirm"


def signed_in(company: Company, name: str) -> Client:
    client = Client()
    sign_in(client, address(name))
    return client


def is_in(client: Client) -> bool:
    return "Continue with Google" not in client.get("/").content.decode()


def actions(company: Company) -> list[str]:
    with company.inside():
        return list(AuditEntry.objects.order_by("position").values_list("action", flat=True))


@pytest.mark.parametrize(
    ("name", "idle"), [("ada", timedelta(minutes=30)), ("ben", timedelta(hours=12))], ids=["owner", "member"]
)
def test_goal_19_a_browser_that_rests_is_signed_out(company: Company, name: str, idle: timedelta) -> None:
    client = signed_in(company, name)
    with clock.stopped(SUNDAY_NOON + idle - timedelta(seconds=1)):
        assert is_in(client)
    rested = SUNDAY_NOON + 2 * idle - timedelta(seconds=1)
    with clock.stopped(rested):
        assert not is_in(client)
    with clock.stopped(SUNDAY_NOON + idle):
        assert not is_in(client)  # its session is gone, not asleep
    assert "session.expired" in actions(company)


def test_goal_19_a_browser_is_signed_out_after_a_week_however_busy(company: Company) -> None:
    client = signed_in(company, "ben")
    at = SUNDAY_NOON
    while at < SUNDAY_NOON + timedelta(days=7) - timedelta(hours=11):
        at += timedelta(hours=11)
        with clock.stopped(at):
            assert is_in(client)
    with clock.stopped(SUNDAY_NOON + timedelta(days=7)):
        assert not is_in(client)


def test_goal_19_a_member_who_becomes_an_admin_has_an_admins_limit_at_once(company: Company) -> None:
    client = signed_in(company, "ben")
    with company.inside():
        Member.objects.filter(pk=company.ids["ben"]).update(role=Role.ADMIN)
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=31)):
        assert not is_in(client)


def test_goal_19_people_see_their_browsers_and_end_them(company: Company) -> None:
    here, there = signed_in(company, "ben"), signed_in(company, "ben")
    page = here.get(SESSIONS).content.decode()
    assert page.count('data-testid="session"') == 2
    assert page.count("(this one)") == 1
    [other] = re.findall(r"/account/sessions/([0-9a-f-]{36})/end", page)

    assert here.post(f"/account/sessions/{other}/end").status_code == 302

    assert is_in(here)
    assert not is_in(there)
    assert "session.revoked" in actions(company)


def test_goal_19_signing_out_everywhere_else_spares_this_browser(company: Company) -> None:
    here, others = signed_in(company, "ben"), [signed_in(company, "ben") for _ in range(5)]
    here.post("/account/sessions/end-others")
    assert is_in(here)
    assert [is_in(other) for other in others] == [False] * 5


def test_goal_19_nobody_ends_a_colleagues_browser(company: Company) -> None:
    ben, ada = signed_in(company, "ben"), signed_in(company, "ada")
    with company.inside():
        target = BrowserSession.objects.get(member=company.ids["ada"]).pk
    assert ben.post(f"/account/sessions/{target}/end").status_code == 404
    assert is_in(ada)


def test_goal_19_a_session_without_its_row_opens_nothing(company: Company) -> None:
    """The control: the cookie's session alone is not enough."""
    client = signed_in(company, "ben")
    with company.inside():
        BrowserSession.objects.all().delete()
    assert not is_in(client)


def test_goal_19_a_stolen_row_of_a_colleague_opens_nothing(company: Company) -> None:
    client = signed_in(company, "ben")
    signed_in(company, "ada")
    with company.inside():
        adas = BrowserSession.objects.get(member=company.ids["ada"])
    session = client.session
    session[sessions.BROWSER] = str(adas.pk)
    session.save()
    assert not is_in(client)


def test_goal_19_signing_out_clears_what_the_browser_keeps(company: Company) -> None:
    client = signed_in(company, "ben")
    response = client.post("/accounts/sign-out")
    assert '"cache"' in response["Clear-Site-Data"]
    assert not is_in(client)
    assert "session.closed" in actions(company)


def test_goal_19_old_sessions_are_forgotten(company: Company) -> None:
    signed_in(company, "ben")
    with clock.stopped(SUNDAY_NOON + timedelta(days=60)):
        housekeeping.forget_old()
    with company.inside():
        assert not BrowserSession.objects.exists()
    assert not Session.objects.exists()


# Step-up


@confirmed_recently
def dangerous(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


def dare(company: Company, client: Client, **headers: str) -> HttpResponse:
    request = RequestFactory().post("/organization/members/", headers=headers)
    request.session = client.session
    with company.inside():
        return dangerous(request)


def confirm(client: Client, email: str, path: str = "/organization/") -> HttpResponse:
    url = str(client.get(CONFIRM, {"next": path}).headers["Location"])
    assert "max_age=" in url
    return client.get("/accounts/google/callback", answer(url, email))  # type: ignore[return-value]


def test_goal_19_a_dangerous_act_asks_for_a_fresh_proof_and_then_happens(company: Company) -> None:
    client = signed_in(company, "ada")
    came_from = "http://127.0.0.1:8000/organization/members/?page=2"
    asked = dare(company, client, Referer=came_from)
    assert asked.status_code == 302
    assert asked["Location"].startswith(CONFIRM)
    # A form's answer stays on our origin; the way to Google is a link.
    assert b"Continue with Google" in client.get(asked["Location"]).content

    assert confirm(client, address("ada"), "/organization/members/")["Location"] == "/organization/members/"

    assert dare(company, client).content == b"done"
    assert "session.confirmed" in actions(company)


def test_goal_19_a_proof_is_fresh_for_ten_minutes_and_in_one_browser(company: Company) -> None:
    client, other = signed_in(company, "ada"), signed_in(company, "ada")
    confirm(client, address("ada"))
    assert dare(company, other).status_code == 302
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=10)):
        assert dare(company, client).status_code == 302


def test_goal_19_htmx_is_sent_there_as_a_whole_page(company: Company) -> None:
    asked = dare(company, signed_in(company, "ada"), **{"HX-Request": "true"})
    assert asked["HX-Redirect"].startswith(CONFIRM)


def test_goal_19_another_account_is_no_proof(company: Company) -> None:
    client = signed_in(company, "ada")
    refused = confirm(client, address("ben"))
    assert 'data-reason="other_account"' in refused.content.decode()
    assert dare(company, client).status_code == 302
    assert "session.confirmation_refused" in actions(company)


def test_goal_19_a_google_that_did_not_ask_is_no_proof(company: Company) -> None:
    """An answer of an ordinary trip carries no `auth_time`."""
    client = signed_in(company, "ada")
    url = str(client.get(CONFIRM).headers["Location"])
    unasked = re.sub(r"&max_age=\d+", "", url)
    refused = client.get("/accounts/google/callback", answer(unasked, address("ada")))
    assert 'data-reason="not_confirmed"' in refused.content.decode()
    assert dare(company, client).status_code == 302


def test_goal_19_signing_in_alone_is_no_fresh_proof(company: Company) -> None:
    assert dare(company, signed_in(company, "ada")).status_code == 302


def test_goal_19_giving_somebody_a_role_asks_for_a_fresh_proof(company: Company) -> None:
    client = signed_in(company, "ada")
    address_of_role = f"/organization/members/{company.ids['ben']}/role"
    assert client.post(address_of_role, {"role": "admin"})["Location"].startswith(CONFIRM)
    with company.inside():
        assert company.member("ben").role == Role.MEMBER

    confirm(client, address("ada"))
    client.post(address_of_role, {"role": "admin"})
    with company.inside():
        assert company.member("ben").role == Role.ADMIN


# Redirects and headers

HOSTILE_TARGETS = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://127.0.0.1:8000@evil.example/",
    "http://127.0.0.1:8000.evil.example/",
    "/\t/evil.example",
    " //evil.example",
    "",
)


@pytest.mark.parametrize("target", HOSTILE_TARGETS)
def test_goal_19_a_browser_is_never_sent_to_a_stranger(target: str, settings: Settings) -> None:
    settings.CLOCKWISE_BASE_URL = "http://127.0.0.1:8000"
    assert own_path(target) == "/"


def test_goal_19_paths_of_ours_stay(settings: Settings) -> None:
    settings.CLOCKWISE_BASE_URL = "http://127.0.0.1:8000"
    assert own_path("/organization/?page=2") == "/organization/?page=2"
    assert own_path("http://127.0.0.1:8000/organization/?page=2#x") == "/organization/?page=2"


@pytest.mark.parametrize("path", ["/", "/account/sessions/", "/organization/", "/nowhere", "/healthz", "/api/v1/me"])
def test_goal_19_each_kind_of_page_has_closed_headers(company: Company, path: str) -> None:
    response = signed_in(company, "ada").get(path)
    parts = [part.strip() for part in response["Content-Security-Policy"].split(";")]
    policy = {part.partition(" ")[0]: part.partition(" ")[2] for part in parts}
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["Cross-Origin-Opener-Policy"] == response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_goal_19_session_ids_are_not_guessable_from_rows(company: Company) -> None:
    client = signed_in(company, "ada")
    with company.inside():
        row = BrowserSession.objects.get(member=company.ids["ada"])
    assert isinstance(row.pk, UUID)
    assert str(row.pk) not in client.cookies["sessionid"].value
