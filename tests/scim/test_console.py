"""The console's provisioning pages: for admins of the organization alone."""

import re
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.organizations.models import BrowserSession, Member, Organization
from clockwise.organizations.sessions import FRESH
from clockwise.tenancy import current
from scim.models import GroupRule, ProvisioningEntry, ProvisioningSettings, ScimToken
from tests.organizations import Pair
from tests.scim.idp import IdentityProvider, op
from tests.scim.test_life_cycle import signed_in

HOME = "/organization/provisioning/"


@pytest.fixture
def ada(pair: Pair) -> Client:
    return signed_in(pair.ada)


def text(client: Client, path: str = HOME) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_token_is_shown_once_and_works(ada: Client, pair: Pair) -> None:
    shown = ada.post(HOME, {"name": "Okta", "days": "90", "scope": "write"}).content.decode()
    found = re.search(r"cws_[\w-]{40,}", shown)
    assert found is not None
    assert IdentityProvider(pair.organization_id, found[0]).get("/Users").status == 200
    again = text(ada)
    assert found[0] not in again
    assert found[0][:12] in again
    assert "Okta" in again


def test_a_token_is_revoked_from_the_page(ada: Client, provider: IdentityProvider) -> None:
    with current.organization(provider.organization_id):
        token = ScimToken.objects.get()
    ada.post(f"{HOME}tokens/{token.pk}/revoke")
    assert provider.get("/Users").status == 401
    assert "revoked" in text(ada)


@pytest.mark.parametrize("path", [HOME, f"{HOME}tokens/{{token}}/revoke", f"{HOME}groups/"])
def test_who_has_not_just_proved_who_they_are_is_asked_first(
    ada: Client, pair: Pair, provider: IdentityProvider, path: str
) -> None:
    with current.organization(pair.organization_id):
        BrowserSession.objects.update(confirmed_at=clock.now() - FRESH)
        token = ScimToken.objects.get()
    body = {"name": "Okta", "days": "90", "scope": "write", "pattern": "Admins", "becomes": "role:admin"}
    answer = ada.post(path.format(token=token.pk), body, headers={"Referer": f"{settings.CLOCKWISE_BASE_URL}{HOME}"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/")
    assert "provisioning" in answer.headers["Location"]
    with current.organization(pair.organization_id):
        assert ScimToken.objects.filter(revoked_at=None).count() == 1
        assert not GroupRule.objects.exists()
    assert provider.get("/Users").status == 200


def test_a_third_token_or_a_nameless_one_is_explained(ada: Client) -> None:
    assert ada.post(HOME, {"name": " ", "days": "90"}).status_code == 422
    assert ada.post(HOME, {"name": "x", "days": "ninety"}).status_code == 422
    for _ in range(2):
        ada.post(HOME, {"name": "x", "days": "90"})
    assert b"Revoke one first" in ada.post(HOME, {"name": "x", "days": "90"}).content


def test_choices_are_saved_and_in_the_audit_log(ada: Client, pair: Pair) -> None:
    ada.post(f"{HOME}choices", {"is_trial": "yes", "entra_tolerant": "yes"})
    with current.organization(pair.organization_id):
        saved = ProvisioningSettings.objects.get()
        assert (saved.is_trial, saved.entra_tolerant, saved.blocks_unlisted) == (True, True, False)
        assert AuditEntry.objects.filter(action="scim.settings_changed", actor_id=pair.ada.pk).count() == 1
    assert "on trial" in text(ada)
    ada.post(f"{HOME}choices", {})
    assert "on trial:" not in text(ada)


def test_a_rule_is_added_shown_and_removed(ada: Client, provider: IdentityProvider) -> None:
    provider.group("Clockwise admins")
    ada.post(f"{HOME}groups/", {"pattern": "clockwise*", "becomes": "role:admin"})
    page = text(ada, f"{HOME}groups/")
    assert "clockwise*" in page
    assert page.count("the role admin") >= 2
    with current.organization(provider.organization_id):
        rule = GroupRule.objects.get()
    ada.post(f"{HOME}groups/{rule.pk}/remove")
    assert "clockwise*" not in text(ada, f"{HOME}groups/")
    assert ada.post(f"{HOME}groups/", {"pattern": "x", "becomes": "role:emperor"}).status_code == 422


def test_the_log_is_filtered_and_its_entries_open(ada: Client, provider: IdentityProvider) -> None:
    user = provider.user("canary@company.example")
    provider.patch(f"/Users/{user.id}", op("replace", "id", "x"))
    provider.group("Canaries")
    assert text(ada, f"{HOME}log/").count("<tr>") == 4
    assert "User created" in text(ada, f"{HOME}log/?kind=user")
    assert "User created" not in text(ada, f"{HOME}log/?kind=group")
    refused = text(ada, f"{HOME}log/?outcome=refused")
    assert "Refused: id is read-only." in refused
    assert "Group created" not in text(ada, f"{HOME}log/?resource={user.id}")
    assert "Nothing here" in text(ada, f"{HOME}log/?resource=nonsense&page=9&outcome=alert")
    with current.organization(provider.organization_id):
        entry = ProvisioningEntry.objects.earliest("at")
    page = text(ada, f"{HOME}log/{entry.pk}/")
    assert "masked-" in page
    assert "canary" not in page.partition("The request")[2]


def test_an_entry_leads_to_the_person_while_they_are_here(ada: Client, provider: IdentityProvider, pair: Pair) -> None:
    provider.user("ben@company.example")
    with current.organization(pair.organization_id):
        entry = ProvisioningEntry.objects.get()
    assert f"/organization/members/{pair.ben.pk}/" in text(ada, f"{HOME}log/{entry.pk}/")


def test_the_first_page_says_what_needs_a_look(ada: Client, provider: IdentityProvider) -> None:
    provider.user("ben@company.example")
    provider.user("ben2", emails=[{"value": "ben@company.example", "primary": True}])
    assert "Another user has the same address already" in text(ada)


def test_mallory_and_members_see_nothing_of_it(ada: Client, provider: IdentityProvider, pair: Pair) -> None:
    provider.user("ben@company.example")
    ada.post(f"{HOME}groups/", {"pattern": "x*", "becomes": "team"})
    with current.organization(provider.organization_id):
        token, entry, rule = ScimToken.objects.get(), ProvisioningEntry.objects.get(), GroupRule.objects.get()
    mallory, ben = signed_in(pair.mallory), signed_in(pair.ben)
    paths = [f"tokens/{token.pk}/revoke", f"groups/{rule.pk}/remove"]
    for path in paths:
        unknown = re.sub(r"[0-9a-f-]{36}", str(uuid4()), path)
        foreign = mallory.post(HOME + path)
        assert foreign.status_code == 404
        assert foreign.content == mallory.post(HOME + unknown).content
        assert ben.post(HOME + path).status_code == 403
    assert mallory.get(f"{HOME}log/{entry.pk}/").status_code == 404
    assert b"User created" not in mallory.get(f"{HOME}log/").content
    for path in ("", "groups/", "log/", f"log/{entry.pk}/"):
        assert ben.get(HOME + path).status_code == 403
    assert provider.get("/Users").status == 200


def test_without_the_plan_the_page_says_so_and_makes_nothing(ada: Client, pair: Pair) -> None:
    with current.organization(pair.organization_id):
        Organization.objects.update(plan="free")
        assert Member.objects.count() == 2
    assert "Enterprise" in text(ada)
    assert ada.post(HOME, {"name": "x", "days": "90"}).status_code == 403
    with current.organization(pair.organization_id):
        assert ScimToken.objects.count() == 0
