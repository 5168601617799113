"""What a user of the identity provider means for a member, and a group for teams and roles."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.google.id_token import Identity
from clockwise.organizations import signin
from clockwise.organizations import tokens as api_tokens
from clockwise.organizations.models import Member, Team, TeamMembership
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from scim import journal, provisioning, rules, tokens
from scim.models import ProvisioningEntry, ProvisioningSettings, Resource, ScimToken
from tests.organizations import Pair
from tests.scim import idp
from tests.scim.idp import IdentityProvider, op
from tests.scim.test_protocol import assert_error
from tests.security.endpoints import sign_in


def member_of(provider: IdentityProvider, user_id: str) -> Member | None:
    with current.organization(provider.organization_id):
        member = Resource.objects.select_related("member").get(pk=user_id).member
        assert member is None or member.details.address
        return member


def identity(email: str, subject: str) -> Identity:
    domain = email.partition("@")[2]
    return Identity(subject, email=email, email_verified=True, name="Whoever", hosted_domain=domain, picture="")


def signed_in(member: Member) -> Client:
    """A browser in which the member is signed in."""
    client = Client()
    with current.organization(member.organization_id):
        sign_in(client, member)
    return client


def api_status(secret: str) -> int:
    return Client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code


def last_entry(provider: IdentityProvider) -> ProvisioningEntry:
    with current.organization(provider.organization_id):
        entry = ProvisioningEntry.objects.order_by("-at", "-id").first()
        assert entry is not None
        assert entry.body
        return entry


# Members


def test_a_user_becomes_a_member_who_is_linked_at_the_first_sign_in(provider: IdentityProvider) -> None:
    user = provider.user("Dora@Company.example", displayName="Dora D")
    member = member_of(provider, user.id)
    assert member is not None
    assert (member.details.address, member.details.name, member.is_active) == ("dora@company.example", "Dora D", True)
    reference = signin.reference_for(identity("dora@company.example", "3001"))
    assert reference.member_id == member.pk


@pytest.mark.parametrize(
    ("user_name", "emails", "address"),
    [
        ("eve@company.example", [{"value": "other@company.example", "primary": True}], "eve@company.example"),
        ("eve", [{"value": "a@x.example"}, {"value": "b@x.example", "primary": True}], "b@x.example"),
        ("eve", [{"value": "a@x.example", "type": "home"}, {"value": "b@x.example", "type": "work"}], "b@x.example"),
    ],
)
def test_the_address_is_the_user_name_or_the_primary_e_mail(
    provider: IdentityProvider, user_name: str, emails: list[dict[str, object]], address: str
) -> None:
    member = member_of(provider, provider.user(user_name, emails=emails).id)
    assert member is not None
    assert member.details.address == address


def test_a_user_without_an_address_has_no_member_until_it_gets_one(provider: IdentityProvider) -> None:
    user = provider.user("eve")
    assert member_of(provider, user.id) is None
    provider.patch(f"/Users/{user.id}", op("add", "emails", [{"value": "eve@company.example"}]))
    assert member_of(provider, user.id) is not None


def test_who_is_a_member_already_is_linked_and_keeps_everything(provider: IdentityProvider, pair: Pair) -> None:
    user = provider.user("BEN@company.example")
    member = member_of(provider, user.id)
    assert member is not None
    assert member.pk == pair.ben.pk
    assert member.details.subject == "1002"


def test_two_users_of_one_address_share_no_member(provider: IdentityProvider) -> None:
    first = provider.user("one", emails=[{"value": "same@company.example"}])
    second = provider.user("two", emails=[{"value": "same@company.example"}])
    assert member_of(provider, first.id) is not None
    assert member_of(provider, second.id) is None
    assert last_entry(provider).is_alert


def test_a_rename_reaches_the_member(provider: IdentityProvider) -> None:
    user = provider.user("dora@company.example", displayName="Dora")
    provider.patch(
        f"/Users/{user.id}", op("replace", None, {"userName": "dd@company.example", "displayName": "Dora D"})
    )
    member = member_of(provider, user.id)
    assert member is not None
    assert (member.details.address, member.details.name) == ("dd@company.example", "Dora D")
    assert signin.reference_for(identity("dd@company.example", "3002")).member_id == member.pk


def test_a_rename_onto_another_members_address_keeps_the_old_one(provider: IdentityProvider, pair: Pair) -> None:
    user = provider.user("dora@company.example")
    assert provider.patch(f"/Users/{user.id}", op("replace", "userName", "ben@company.example")).status == 200
    member = member_of(provider, user.id)
    assert member is not None
    assert member.details.address == "dora@company.example"
    assert last_entry(provider).is_alert


DEACTIVATIONS = {
    "Okta, without a path": [op("replace", None, {"active": False})],
    "Entra, as text": [{"op": "Replace", "path": "active", "value": "False"}],
    "with a path": [op("replace", "active", value=False)],
    "add": [op("add", "active", value=False)],
}


@pytest.mark.parametrize("operations", DEACTIVATIONS.values(), ids=DEACTIVATIONS.keys())
def test_inactive_means_no_session_no_token_no_sign_in(
    provider: IdentityProvider, pair: Pair, operations: list[dict[str, object]]
) -> None:
    user = provider.user("ben@company.example")
    with current.organization(pair.organization_id):
        secret = api_tokens.create(pair.ben, scopes={"read"})
    browser = signed_in(pair.ben)
    assert api_status(secret) == 200
    assert b"Sign out" in browser.get("/").content

    assert provider.patch(f"/Users/{user.id}", *operations)["active"] is False

    assert api_status(secret) == 401
    assert b"Sign out" not in browser.get("/").content
    with pytest.raises(signin.SignInRefused), current.organization(pair.organization_id):
        signin.open_session(browser.request().wsgi_request, Member.objects.get(pk=pair.ben.pk))
    assert provider.names("active eq false") == {"ben@company.example"}


def test_put_of_an_inactive_user_ends_access_and_says_so(provider: IdentityProvider, pair: Pair) -> None:
    user = provider.user("ben@company.example")
    provider.put(f"/Users/{user.id}", {"userName": "ben@company.example", "active": False})
    member = member_of(provider, user.id)
    assert member is not None
    assert not member.is_active
    with current.organization(pair.organization_id):
        actions = set(AuditEntry.objects.filter(target_id=pair.ben.pk).values_list("action", flat=True))
    assert {"access.ended", "scim.user_deactivated"} <= actions
    # What says nothing of `active` brings nobody back.
    provider.put(f"/Users/{user.id}", {"userName": "ben@company.example", "title": "x"})
    assert provider.get(f"/Users/{user.id}")["active"] is False


def test_delete_ends_access_and_a_sign_in_brings_nobody_back(provider: IdentityProvider, pair: Pair) -> None:
    user = provider.user("ben@company.example")
    browser = signed_in(pair.ben)
    provider.delete(f"/Users/{user.id}")
    assert b"Sign out" not in browser.get("/").content
    with current.organization(pair.organization_id):
        assert not Member.objects.get(pk=pair.ben.pk).is_active


def test_a_user_made_inactive_can_not_sign_in_either(provider: IdentityProvider) -> None:
    provider.user("late@company.example", active=False)
    with pytest.raises(signin.SignInRefused):
        signin.reference_for(identity("late@company.example", "3003"))


def test_activation_restores_and_so_does_a_new_user_of_the_same_address(provider: IdentityProvider, pair: Pair) -> None:
    user = provider.user("ben@company.example")
    provider.patch(f"/Users/{user.id}", op("replace", "active", value=False))
    provider.patch(f"/Users/{user.id}", op("replace", "active", value=True))
    member = member_of(provider, user.id)
    assert member is not None
    assert member.is_active
    provider.delete(f"/Users/{user.id}")
    again = member_of(provider, provider.user("ben@company.example").id)
    assert again is not None
    assert (again.pk, again.is_active) == (pair.ben.pk, True)


def test_the_last_owner_goes_but_not_silently(provider: IdentityProvider, pair: Pair) -> None:
    user = provider.user("ada@company.example")
    provider.patch(f"/Users/{user.id}", op("replace", "active", value=False))
    member = member_of(provider, user.id)
    assert member is not None
    assert not member.is_active
    entry = last_entry(provider)
    assert entry.is_alert
    assert any("no owner" in sentence for sentence in journal.sentences(entry))
    with current.organization(pair.organization_id):
        assert AuditEntry.objects.filter(action="scim.owner_lost", target_id=pair.ada.pk).count() == 1


def test_a_downgrade_makes_nothing_more_open(provider: IdentityProvider, pair: Pair) -> None:
    from clockwise.organizations.models import Organization

    user = provider.user("ben@company.example")
    provider.patch(f"/Users/{user.id}", op("replace", "active", value=False))
    with current.organization(pair.organization_id):
        Organization.objects.update(plan="free")
        assert not Member.objects.get(pk=pair.ben.pk).is_active
    assert_error(provider.patch(f"/Users/{user.id}", op("replace", "active", value=True)), 403)


def test_on_trial_nothing_changes_for_members_and_answers_are_the_same(provider: IdentityProvider, pair: Pair) -> None:
    with current.organization(pair.organization_id):
        ProvisioningSettings.objects.create(is_trial=True)
    ben = provider.user("ben@company.example", active=False)
    for at in range(provisioning.TRIAL_USERS - 1):
        provider.user(f"new{at}@company.example")
    assert_error(provider.post("/Users", {"userName": "one-too-many@company.example"}), 403)
    group = provider.group("Guides", ben.id)
    assert group.status == 201
    with current.organization(pair.organization_id):
        assert Member.objects.count() == 2
        assert Member.objects.get(pk=pair.ben.pk).is_active
        assert Team.objects.count() == 0
        entry = ProvisioningEntry.objects.filter(action="user.created").first()
        assert entry is not None
        assert any("Trial" in sentence for sentence in journal.sentences(entry))

        ProvisioningSettings.objects.update(is_trial=False)
        provisioning.settle_everybody()
        assert Member.objects.count() == 2 + provisioning.TRIAL_USERS - 1
        assert not Member.objects.get(pk=pair.ben.pk).is_active
        assert Team.objects.count() == 1


def test_who_is_not_listed_can_be_refused(provider: IdentityProvider, pair: Pair) -> None:
    with current.organization(pair.organization_id):
        ProvisioningSettings.objects.create(blocks_unlisted=True)
    provider.user("listed@company.example")
    assert signin.reference_for(identity("listed@company.example", "3004"))
    with pytest.raises(signin.SignInRefused) as refused:
        signin.reference_for(identity("stranger@company.example", "3005"))
    assert refused.value.reason == "unlisted"


# Teams and roles


def team_of(provider: IdentityProvider, group_id: str) -> set[str] | None:
    """Addresses in the group's team, None where it has none."""
    with current.organization(provider.organization_id):
        team = Resource.objects.select_related("team").get(pk=group_id).team
        if team is None:
            return None
        memberships = TeamMembership.objects.filter(team=team).select_related("member")
        return {membership.member.details.address for membership in memberships}


def test_a_group_becomes_a_team_and_its_members_follow(provider: IdentityProvider, pair: Pair) -> None:
    ben, dora = provider.user("ben@company.example"), provider.user("dora@company.example")
    guides = provider.group("Guides", ben.id)
    assert team_of(provider, guides.id) == {"ben@company.example"}
    provider.patch(f"/Groups/{guides.id}", op("add", "members", [{"value": dora.id}]))
    assert team_of(provider, guides.id) == {"ben@company.example", "dora@company.example"}
    provider.patch(f"/Groups/{guides.id}", op("remove", f'members[value eq "{ben.id}"]'))
    assert team_of(provider, guides.id) == {"dora@company.example"}
    provider.delete(f"/Users/{dora.id}")
    assert team_of(provider, guides.id) == set()
    provider.patch(f"/Groups/{guides.id}", op("replace", "displayName", "Tour guides"))
    with current.organization(pair.organization_id):
        assert [team.details.name for team in Team.objects.all()] == ["Tour guides"]
    provider.delete(f"/Groups/{guides.id}")
    with current.organization(pair.organization_id):
        assert Team.objects.count() == 0


def test_who_gets_a_member_later_joins_then(provider: IdentityProvider) -> None:
    eve = provider.user("eve")
    guides = provider.group("Guides", eve.id)
    assert team_of(provider, guides.id) == set()
    provider.patch(f"/Users/{eve.id}", op("add", "emails", [{"value": "eve@company.example"}]))
    assert team_of(provider, guides.id) == {"eve@company.example"}


def test_nothing_flows_through_groups_in_groups(provider: IdentityProvider, pair: Pair) -> None:
    with current.organization(pair.organization_id):
        rules.add("Outer", outcome="role", role=Role.ADMIN, by=pair.ada)
        rules.add("Plain", outcome="team", by=pair.ada)
    ben = provider.user("ben@company.example")
    inner = provider.group("Inner", ben.id)
    plain = provider.group("Plain", inner.id)
    provider.group("Outer", inner.id)
    assert team_of(provider, plain.id) == set()
    member = member_of(provider, ben.id)
    assert member is not None
    assert member.role == Role.MEMBER


def role_of(provider: IdentityProvider, user_id: str) -> str:
    member = member_of(provider, user_id)
    assert member is not None
    return member.role


def test_a_groups_role_comes_and_goes_with_membership(provider: IdentityProvider, pair: Pair) -> None:
    with current.organization(pair.organization_id):
        rules.add("clockwise-admin*", outcome="role", role=Role.ADMIN, by=pair.ada)
        rules.add("*analyst*", outcome="role", role=Role.ANALYST, by=pair.ada)
        rules.add("Contractors", outcome="nothing", by=pair.ada)
    ben = provider.user("ben@company.example")
    admins = provider.group("Clockwise-Admins", ben.id)
    analysts = provider.group("Analysts", ben.id)
    contractors = provider.group("contractors", ben.id)
    assert [team_of(provider, each.id) for each in (admins, analysts, contractors)] == [None] * 3
    assert role_of(provider, ben.id) == Role.ADMIN
    provider.patch(f"/Groups/{admins.id}", op("remove", f'members[value eq "{ben.id}"]'))
    assert role_of(provider, ben.id) == Role.ANALYST
    provider.delete(f"/Groups/{analysts.id}")
    assert role_of(provider, ben.id) == Role.MEMBER
    with current.organization(pair.organization_id):
        changes = AuditEntry.objects.filter(action="member.role_changed", target_id=pair.ben.pk)
        assert changes.count() == 3


def test_a_new_rule_reaches_the_groups_that_there_are(provider: IdentityProvider, pair: Pair) -> None:
    ben = provider.user("ben@company.example")
    admins = provider.group("Admins", ben.id)
    assert team_of(provider, admins.id) == {"ben@company.example"}
    with current.organization(pair.organization_id):
        rule = rules.add("admins", outcome="role", role=Role.ADMIN, by=pair.ada)
    assert team_of(provider, admins.id) is None
    assert role_of(provider, ben.id) == Role.ADMIN
    with current.organization(pair.organization_id):
        rules.remove(rule, by=pair.ada)
    assert team_of(provider, admins.id) == {"ben@company.example"}
    assert role_of(provider, ben.id) == Role.MEMBER


def test_a_role_given_by_hand_is_never_lowered(provider: IdentityProvider, pair: Pair) -> None:
    with current.organization(pair.organization_id):
        rules.add("Analysts", outcome="role", role=Role.ANALYST, by=pair.ada)
    ada = provider.user("ada@company.example")
    group = provider.group("Analysts", ada.id)
    assert role_of(provider, ada.id) == Role.OWNER
    provider.patch(f"/Groups/{group.id}", op("remove", "members"))
    assert role_of(provider, ada.id) == Role.OWNER


def test_the_last_owner_keeps_the_role_that_a_group_gave(provider: IdentityProvider, pair: Pair) -> None:
    with current.organization(pair.organization_id):
        rules.add("Owners", outcome="role", role=Role.OWNER, by=pair.ada)
    ben = provider.user("ben@company.example")
    owners = provider.group("Owners", ben.id)
    assert role_of(provider, ben.id) == Role.OWNER
    with current.organization(pair.organization_id):
        Member.objects.filter(pk=pair.ada.pk).update(role=Role.MEMBER)
    provider.patch(f"/Groups/{owners.id}", op("remove", "members"))
    assert role_of(provider, ben.id) == Role.OWNER
    assert last_entry(provider).is_alert


def test_only_an_owner_lets_a_group_make_owners(provider: IdentityProvider, pair: Pair) -> None:
    with current.organization(pair.organization_id):
        Member.objects.filter(pk=pair.ben.pk).update(role=Role.ADMIN)
        ben = Member.objects.get(pk=pair.ben.pk)
        with pytest.raises(ValueError, match="Only an owner"):
            rules.add("Owners", outcome="role", role=Role.OWNER, by=ben)


@pytest.mark.parametrize("people", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_groups_members_are_patched_without_being_loaded(provider: IdentityProvider, people: int) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from scim.models import Membership

    with current.organization(provider.organization_id):
        at = clock.now()
        users = [
            Resource(id=uuid4(), resource_type="User", document={"userName": f"u{n}"}, created_at=at, modified_at=at)
            for n in range(people)
        ]
        Resource.objects.bulk_create(users)
    group = provider.group("Everybody").id
    with current.organization(provider.organization_id):
        Membership.objects.bulk_create(Membership(group_id=group, member_id=user.pk) for user in users[:-1])
    newcomer = str(users[-1].pk)
    counts = []
    for change in (op("add", "members", [{"value": newcomer}]), op("remove", f'members[value eq "{newcomer}"]')):
        with CaptureQueriesContext(connection) as captured:
            assert provider.patch(f"/Groups/{group}", change).status == 204
        counts.append(len(captured))
        asked = [each["sql"] for each in captured if each["sql"].startswith('SELECT "scim_membership"')]
        assert asked
        assert all(newcomer in sql for sql in asked)
    assert max(counts) < 30


# Tokens


def test_a_token_is_kept_as_a_hash_and_says_when_it_was_used(provider: IdentityProvider) -> None:
    provider.get("/Users")
    with current.organization(provider.organization_id):
        token = ScimToken.objects.get()
    assert provider.token not in repr(vars(token))
    assert provider.token.startswith(token.prefix)
    assert len(token.prefix) == tokens.SHOWN_CHARACTERS
    assert token.last_used_at is not None


def test_two_tokens_live_side_by_side_for_a_rotation(provider: IdentityProvider) -> None:
    with current.organization(provider.organization_id):
        second = IdentityProvider(provider.organization_id, tokens.create("New"))
        with pytest.raises(tokens.TooManyTokens):
            tokens.create("Third")
    assert (provider.get("/Users").status, second.get("/Users").status) == (200, 200)
    with current.organization(provider.organization_id):
        old = ScimToken.objects.order_by("created_at").first()
        assert old is not None
        tokens.revoke(old)
    assert_error(provider.get("/Users"), 401)
    assert second.get("/Users").status == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_token_that_this_process_remembers_is_worth_nothing_once_revoked(
    provider: IdentityProvider, method: str
) -> None:
    assert provider.get("/Users").status == 200
    with current.organization(provider.organization_id):
        tokens.revoke(ScimToken.objects.get())
        entries = ProvisioningEntry.objects.count()
    for _ in range(2):
        answer = provider.send(method, "/Users", json.dumps({"userName": "x"}))
        assert_error(answer, 401)
        assert answer.headers["WWW-Authenticate"]
    with current.organization(provider.organization_id):
        assert ProvisioningEntry.objects.count() == entries


def test_a_token_expires(pair: Pair) -> None:
    start = datetime(2027, 3, 1, tzinfo=UTC)
    with clock.stopped(start):
        provider = idp.provider(pair.organization_id)
        assert provider.get("/Users").status == 200
    with clock.stopped(start + timedelta(days=tokens.DEFAULT_DAYS)):
        assert_error(provider.get("/Users"), 401)


@pytest.mark.parametrize(("name", "days"), [("", 1), ("x" * 101, 1), ("x", 0), ("x", 731)])
def test_a_token_that_makes_no_sense_is_refused(pair: Pair, name: str, days: int) -> None:
    with current.organization(pair.organization_id), pytest.raises(ValueError, match="token"):
        tokens.create(name, days=days)


def test_a_token_opens_its_own_organization_alone(provider: IdentityProvider, mallory: IdentityProvider) -> None:
    user, group = provider.user("ben@company.example"), provider.group("Guides")
    foreign_user, unknown = f"/Users/{user.id}", f"/Users/{uuid4()}"
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"userName": "x", "Operations": [op("add", "title", "x")]}
        answers = [mallory.send(method, path, body if method != "GET" else None) for path in (foreign_user, unknown)]
        assert answers[0].status == answers[1].status == 404
        assert answers[0].content == answers[1].content
    assert mallory.post("/Users", {"userName": "ben@company.example"}).status == 201
    assert mallory.post("/Groups", {"displayName": "Guides"}).status == 201
    assert provider.get(f"/Users/{user.id}").body == user.body
    assert provider.get(f"/Groups/{group.id}").status == 200


def test_the_log_tells_what_was_asked_and_done_without_anybodys_words(provider: IdentityProvider) -> None:
    user = provider.user("canary@company.example", name={"familyName": "Canary"}, title="Canary", password="Canary")
    provider.patch(f"/Users/{user.id}", op("replace", 'emails[value eq "canary@x.example"].value', "canary"))
    with current.organization(provider.organization_id):
        entries = list(ProvisioningEntry.objects.order_by("at", "id"))
        told = [repr(entry.body).lower() for entry in entries]
    assert all("canary" not in each for each in told)
    made, refused = entries
    assert (made.action, made.status, str(made.resource_id)) == ("user.created", 201, user.id)
    assert "Created the user." in journal.sentences(made)
    assert (refused.status, journal.sentences(refused)[0][:8]) == (400, "Refused:")
    again = journal.replay(made)
    assert provider.send(again["method"], again["path"].removeprefix("/scim/v2"), again["body"]).status == 201
