"""The API under a member's token: what that member may see and do, nothing more."""

from uuid import uuid4

import pytest
from django.test import Client, RequestFactory

from clockwise import clock
from clockwise.organizations import tokens
from clockwise.organizations.models import ApiToken, Member
from clockwise.tenancy import current
from tests.company import MONDAY, Company, meeting
from tests.scheduling.proposing import NEW, propose


def bearer(company: Company, name: str, *scopes: str) -> dict[str, str]:
    organization_id = company.other_organization_id if name == "mallory" else company.organization_id
    with current.organization(organization_id):
        secret = tokens.create(Member.objects.get(pk=company.ids[name]), scopes=set(scopes or ("read",)))
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def planned(company: Company) -> str:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.sync()
    return google_id


def test_a_program_sees_its_members_own_events(company: Company, planned: str, client: Client) -> None:
    headers = bearer(company, "ada")
    found = client.get("/api/v1/events?start=2027-03-01T00:00:00Z", headers=headers).json()["events"]
    assert [event["title"] for event in found] == ["Plan"]
    assert client.get("/api/v1/events", headers=bearer(company, "chie")).json()["events"] == []


def test_another_organizations_proposal_does_not_exist(company: Company, planned: str, client: Client) -> None:
    proposal = propose(company, (planned, NEW))
    headers = bearer(company, "mallory", "read", "write")
    foreign = client.post(f"/api/v1/proposals/{proposal.pk}/accept", headers=headers)
    unknown = client.post(f"/api/v1/proposals/{uuid4()}/accept", headers=headers)
    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    assert client.get("/api/v1/proposals/current", headers=headers).json() == {"proposal": None}


def test_a_program_accepts_what_its_member_may(company: Company, planned: str, client: Client) -> None:
    proposal = propose(company, (planned, NEW))
    path = f"/api/v1/proposals/{proposal.pk}/accept"
    assert client.post(path, headers=bearer(company, "ada", "read")).status_code == 401
    assert client.post(path, headers=bearer(company, "ben", "read", "write")).json()["accepted"] == 0
    assert client.post(path, headers=bearer(company, "ada", "read", "write")).json()["accepted"] == 1


@pytest.mark.parametrize("header", ["", "Bearer cwk_wrong", "Basic YTpi", "Bearer"])
def test_without_a_good_token_there_is_nothing(company: Company, client: Client, header: str) -> None:
    assert client.get("/api/v1/me", headers={"Authorization": header} if header else {}).status_code == 401


def test_a_revoked_token_is_worth_nothing(company: Company, client: Client) -> None:
    headers = bearer(company, "ada")
    with company.inside():
        tokens.revoke_all(company.member("ada"))
    assert client.get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.parametrize("change", ["revoked", "inactive"])
def test_a_tokens_own_row_and_its_members_decide_too(company: Company, change: str) -> None:
    """The look-up before the organization is known knows nothing of who is active, and isn't the only wall."""
    request = RequestFactory().get("/api/v1/me", headers=bearer(company, "ada"))
    with company.inside():
        if change == "revoked":
            ApiToken.objects.update(revoked_at=clock.now())
        else:
            Member.objects.filter(pk=company.ids["ada"]).update(is_active=False)

        assert tokens.token_of(request) is None


@pytest.mark.parametrize("query", ["start=yesterday", "start=2027-03-02T00:00:00Z&end=2027-03-01T00:00:00Z"])
def test_a_range_that_makes_no_sense_is_explained(company: Company, client: Client, query: str) -> None:
    answer = client.get(f"/api/v1/events?{query}", headers=bearer(company, "ada"))
    assert answer.status_code == 400
    assert answer.json()


def test_an_expired_token_is_worth_nothing(company: Company, client: Client) -> None:
    headers = bearer(company, "ada")
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    with clock.stopped(clock.now() + tokens.LIFETIME):
        assert client.get("/api/v1/me", headers=headers).status_code == 401
