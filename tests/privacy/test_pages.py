"""Privacy's pages: who may, what is asked first, and what they never show."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from calendars.models import Event
from clockwise import clock
from clockwise.organizations import teams
from clockwise.organizations.models import BrowserSession, Member, Organization, Team
from clockwise.organizations.plans import Plan
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from privacy import exclusions, processing, purges
from privacy.models import (
    CalendarExclusion,
    DataExport,
    Erasure,
    PrivacyChoice,
    PrivacyRequest,
    Purge,
    StaffAccess,
    StaffAccessDetails,
)
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.security.endpoints import sign_in

Kind = CalendarExclusion.Kind


def browser(company: Company, name: str, role: Role | None = None) -> Client:
    client = Client()
    organization_id = company.other_organization_id if name == "mallory" else company.organization_id
    with current.organization(organization_id):
        if role:
            Member.objects.filter(pk=company.ids[name]).update(role=role)
        sign_in(client, company.member(name))
    return client


def work(company: Company) -> None:
    from privacy import erasure, export

    with company.acting():
        purges.carry_out_all()
        export.make_waiting()
        erasure.carry_out_all()


def test_a_rule_is_previewed_before_anything_is_made(company: Company) -> None:
    company.insert("ben", meeting("Secret", MONDAY, 10, 60, "ben"))
    company.sync()
    ada = browser(company, "ada")
    body = {"kind": Kind.CALENDAR, "text": address("ben")}
    page = ada.post("/organization/privacy/exclusions/", body).content.decode()
    assert 'data-testid="affected">1<' in page
    assert "Secret" not in page
    with company.inside():
        assert not CalendarExclusion.objects.exists()

    answer = ada.post("/organization/privacy/exclusions/", {**body, "confirmed": "yes"})
    work(company)
    proof = ada.get(answer.headers["Location"]).content.decode()
    assert "<dd>1</dd>" in proof
    assert "Secret" not in proof
    assert address("ben") not in proof


def test_a_member_cannot_let_in_what_an_admin_leaves_out(company: Company) -> None:
    company.sync()
    with company.inside():
        rule = exclusions.add(Kind.CALENDAR, address("ben"), by=company.member("ada"))
    assert browser(company, "ben").post(f"/privacy/left-out/{rule.pk}/let-in").status_code == 404
    with company.inside():
        assert CalendarExclusion.objects.exists()


def test_nobody_touches_another_members_own_rule(company: Company) -> None:
    company.sync()
    bens = browser(company, "ben")
    with company.inside():
        calendar, foreign = company.calendar("ben").pk, company.calendar("ada").pk
    assert bens.post("/privacy/leave-out", {"calendar": foreign}).status_code == 422
    bens.post("/privacy/leave-out", {"calendar": calendar})
    with company.inside():
        rule = CalendarExclusion.objects.get()
        assert rule.member_id == company.ids["ben"]
    for name in ("ada", "mallory"):
        other = browser(company, name)
        assert other.post(f"/privacy/left-out/{rule.pk}/let-in").status_code == 404
        if name == "ada":
            assert other.post(f"/organization/privacy/exclusions/{rule.pk}/remove").status_code == 404
    assert bens.post(f"/privacy/left-out/{rule.pk}/let-in").status_code == 302


@pytest.mark.parametrize("role", [Role.MEMBER, Role.TEAM_LEAD, Role.ANALYST])
def test_the_organizations_privacy_is_for_admins(company: Company, role: Role) -> None:
    client = browser(company, "ben", role)
    for path in ("", "exclusions/", "retention/", "requests/", "processing/titles/"):
        assert client.get(f"/organization/privacy/{path}").status_code == 403
    assert client.get("/privacy/").status_code == 200


def test_a_switch_asks_for_its_word_in_both_directions(company: Company) -> None:
    ada = browser(company, "ada")
    page = "/organization/privacy/processing/locations/"
    assert ada.post(page, {"confirm": "fetch"}).status_code == 422
    assert ada.post(page, {"confirm": " ERASE "}).status_code == 302
    with company.inside():
        assert not processing.wanted()["locations"]
        assert Purge.objects.count() == 1
    assert ada.post(page, {"confirm": "erase"}).status_code == 422
    assert ada.post(page, {"confirm": "fetch"}).status_code == 302
    with company.inside():
        assert processing.wanted()["locations"]
    assert ada.get("/organization/privacy/processing/attachments/").status_code == 404


def test_on_a_lower_plan_privacy_can_be_read_and_not_edited(company: Company) -> None:
    company.sync()
    ada = browser(company, "ada")
    with company.inside():
        rule = exclusions.add(Kind.NAME_PATTERN, "x*", by=company.member("ada"))
        Organization.objects.filter(pk=company.organization_id).update(plan=Plan.BUSINESS)
        calendar = company.calendar("ada").pk
    for path, body in [
        ("organization/privacy/exclusions/", {"kind": Kind.NAME_PATTERN, "text": "y*", "confirmed": "yes"}),
        (f"organization/privacy/exclusions/{rule.pk}/remove", {}),
        ("organization/privacy/processing/titles/", {"confirm": "erase"}),
        ("organization/privacy/retention/", {"name": "proposals", "days": "30", "confirmed": "yes"}),
        ("privacy/leave-out", {"calendar": calendar}),
    ]:
        assert ada.post(f"/{path}", body).status_code == 403, path
    for path in ("", "exclusions/", "retention/", "processing/titles/"):
        page = ada.get(f"/organization/privacy/{path}")
        assert page.status_code == 200
        assert b'data-testid="locked"' in page.content, path
    with company.inside():
        assert CalendarExclusion.objects.count() == 1
    # What people are entitled to by law is in every plan.
    assert ada.post("/privacy/export").status_code == 302


def test_retention_is_previewed_and_then_counts(company: Company) -> None:
    ada = browser(company, "ada")
    for days in ("", "x", "1", "99999", "-5", "\N{SUPERSCRIPT TWO}"):
        assert ada.post("/organization/privacy/retention/", {"name": "proposals", "days": days}).status_code == 422
    body = {"name": "proposals", "days": "30"}
    assert b'data-testid="gone">0<' in ada.post("/organization/privacy/retention/", body).content
    assert ada.post("/organization/privacy/retention/", {**body, "confirmed": "yes"}).status_code == 302
    assert b"30 days" in ada.get("/organization/privacy/retention/").content


def test_requests_are_written_down_and_answered(company: Company) -> None:
    ada = browser(company, "ada")
    body = {"kind": "breach", "subject": "Lost laptop", "note": "Encrypted.", "received": "2027-02-25T11:00"}
    assert ada.post("/organization/privacy/requests/", {**body, "subject": ""}).status_code == 422
    ada.post("/organization/privacy/requests/", body)
    page = ada.get("/organization/privacy/requests/").content.decode()
    assert "Lost laptop" in page
    assert "overdue" in page
    with company.inside():
        row = PrivacyRequest.objects.get()
        assert row.due_at == SUNDAY_NOON - timedelta(hours=1)
    ada.post(f"/organization/privacy/requests/{row.pk}/close")
    assert b"answered" in ada.get("/organization/privacy/requests/").content


def test_an_export_reaches_the_one_who_asked_and_nobody_else(company: Company) -> None:
    ada, ben = browser(company, "ada"), browser(company, "ben")
    ada.post(f"/organization/privacy/people/{company.ids['ben']}/", {"act": "export"})
    work(company)
    with company.inside():
        made = DataExport.objects.get()
    from privacy import export

    link = f"/privacy/exports/{export.link_token(made)}/"
    assert ada.get(link)["Content-Type"] == "application/zip"
    for other in (ben, browser(company, "mallory")):
        assert other.get(link).status_code == 404
    assert b"An export of somebody&#x27;s data was asked for" in ben.get("/privacy/").content
    with clock.stopped(SUNDAY_NOON + timedelta(hours=25)):
        fresh = browser(company, "ada")
        assert fresh.get(link).status_code == 404


def test_an_admin_erases_somebody_by_typing_their_address(company: Company) -> None:
    ada = browser(company, "ada")
    page = f"/organization/privacy/people/{company.ids['ben']}/"
    assert ada.post(page, {"act": "erase", "confirm": "ben"}).status_code == 422
    bens = browser(company, "ben")
    assert ada.post(page, {"act": "erase", "confirm": address("ben")}).status_code == 302
    assert bens.get("/privacy/").headers["Location"] == "/"
    work(company)
    with company.inside():
        assert not Member.objects.filter(pk=company.ids["ben"]).exists()
        assert Erasure.objects.get().finished_at


def test_leaving_signs_out_and_erases(company: Company) -> None:
    bens = browser(company, "ben")
    assert bens.post("/privacy/leave", {"confirm": "x"}).status_code == 422
    assert bens.post("/privacy/leave", {"confirm": address("ben")}).status_code == 302
    work(company)
    with company.inside():
        assert not Member.objects.filter(pk=company.ids["ben"]).exists()
        assert not Event.objects.filter(member=company.ids["ben"]).exists()
    assert browser(company, "ada").post("/privacy/leave", {"confirm": address("ada")}).status_code == 422


def test_choices_are_kept_as_a_record(company: Company) -> None:
    bens = browser(company, "ben")
    bens.post("/privacy/choices", {"allow": ["colleagues", "suggestions", "nonsense"]})
    with company.inside():
        assert [(c.use, c.objects_to_it) for c in PrivacyChoice.objects.all()] == [("team figures", True)]


@pytest.mark.parametrize(
    ("page", "body"),
    [
        ("/privacy/export", {}),
        ("/privacy/leave", {"confirm": address("ada")}),
        ("/organization/privacy/people/{ben}/", {"act": "export"}),
        ("/organization/privacy/people/{ben}/", {"act": "erase", "confirm": address("ben")}),
        ("/organization/privacy/processing/titles/", {"confirm": "erase"}),
        ("/organization/privacy/retention/", {"name": "proposals", "days": "30", "confirmed": "yes"}),
        ("/organization/teams/{team}/delete", {"confirm": "Research"}),
        ("/organization/staff-access/{access}/grant", {}),
    ],
)
def test_what_has_no_way_back_needs_a_fresh_proof(company: Company, page: str, body: dict[str, str]) -> None:
    """Ten minutes after Google has vouched for Ada the same form only leads to Google."""
    ada = browser(company, "ada")
    with company.inside():
        ids = {
            "ben": company.ids["ben"],
            "team": teams.create("Research", by=company.member("ada")).pk,
            "access": asked_by_staff().pk,
        }
        Member.objects.filter(pk=ids["ben"]).update(role=Role.OWNER)
        BrowserSession.objects.update(confirmed_at=SUNDAY_NOON - timedelta(minutes=10))
    path = page.format(**ids)
    answer = ada.post(path, body)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/google/confirm?ask=1")
    with company.inside():
        assert not Erasure.objects.exists()
        assert not DataExport.objects.exists()
        assert Team.objects.exists()
        BrowserSession.objects.update(confirmed_at=SUNDAY_NOON)
    again = ada.post(path, body)
    assert again.status_code == 302
    assert "confirm" not in again.headers["Location"]


def asked_by_staff() -> StaffAccess:
    return StaffAccess.objects.create(
        staff_id=uuid4(),
        details=StaffAccessDetails("Olga", "olga@operator.example", "A reason"),
        wants_words=False,
        minutes=60,
        asked_at=SUNDAY_NOON,
        lapses_at=SUNDAY_NOON + timedelta(days=7),
    )
