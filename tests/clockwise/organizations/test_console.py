"""The organization's pages: people, teams, domains, rules, plan."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.organizations import members, plans, rules, standing, titles
from clockwise.organizations.models import Domain, Keywords, Member, Organization, OrganizationRules, Team
from clockwise.organizations.plans import FEATURES, Feature, Plan
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from tests.organizations import Pair
from tests.security.endpoints import sign_in

Browser = Callable[..., Client]


@pytest.fixture
def as_member(pair: Pair) -> Browser:
    """A browser in which this member is signed in, under a role."""

    def make(member: Member, role: Role | None = None) -> Client:
        client = Client()
        with current.organization(member.organization_id):
            if role:
                Member.objects.filter(pk=member.pk).update(role=role)
            sign_in(client, Member.objects.get(pk=member.pk))
        return client

    return make


def facts(pair: Pair, action: str) -> list[dict[str, object]]:
    with current.organization(pair.organization_id):
        return [entry.body.facts for entry in AuditEntry.objects.filter(action=action).order_by("at", "id")]


def reloaded(pair: Pair, member: Member) -> Member:
    with current.organization(pair.organization_id):
        return Member.objects.get(pk=member.pk)


def test_people_are_found_by_name_address_status_and_role(pair: Pair, as_member: Browser) -> None:
    browser = as_member(pair.ada)
    for query, expected in [
        ("", {"Ada", "Ben"}),
        ("q=BEN", {"Ben"}),
        ("q=company.example ada", {"Ada"}),
        ("role=owner", {"Ada"}),
        ("status=invited", {"Ben"}),
        ("status=inactive", set()),
        ("q=mallory", set()),
    ]:
        page = browser.get(f"/organization/members/?{query}").content.decode()
        assert {name for name in ("Ada", "Ben", "Mallory") if f">{name}</a>" in page} == expected, query


def test_a_persons_page_says_in_which_zone_its_times_are(pair: Pair, as_member: Browser) -> None:
    at = clock.now().replace(hour=14, minute=5)
    with current.organization(pair.organization_id):
        Member.objects.filter(pk=pair.ben.pk).update(signed_in_at=at)
    page = as_member(pair.ada).get(f"/organization/members/{pair.ben.pk}/").content.decode()
    assert f"{at:%Y}, 14:05 UTC</dd>" in page
    assert '<dd class="num">never</dd>' in page  # synchronized


def test_a_role_is_changed_and_written_down(pair: Pair, as_member: Browser) -> None:
    as_member(pair.ada).post(f"/organization/members/{pair.ben.pk}/role", {"role": "admin"})
    assert reloaded(pair, pair.ben).role == Role.ADMIN
    assert facts(pair, "member.role_changed") == [{"before": "member", "after": "admin"}]


def test_only_an_owner_makes_owners_or_touches_one(pair: Pair, as_member: Browser) -> None:
    admin = as_member(pair.ben, Role.ADMIN)
    for member, role in ((pair.ben, "owner"), (pair.ada, "member")):
        response = admin.post(f"/organization/members/{member.pk}/role", {"role": role})
        assert response.status_code == 422
    answer = admin.post("/organization/members/deactivate", {"member": pair.ada.pk, "confirmed": "yes"})
    assert answer.status_code == 422
    assert reloaded(pair, pair.ada).role == Role.OWNER
    assert reloaded(pair, pair.ada).is_active


def test_the_last_owner_stays(pair: Pair, as_member: Browser) -> None:
    browser = as_member(pair.ada)
    assert browser.post(f"/organization/members/{pair.ada.pk}/role", {"role": "admin"}).status_code == 422
    body = {"member": [pair.ada.pk, pair.ben.pk], "confirmed": "yes"}
    assert browser.post("/organization/members/deactivate", body).status_code == 422
    assert reloaded(pair, pair.ben).is_active


def test_deactivation_is_previewed_then_ends_access_at_once(pair: Pair, as_member: Browser) -> None:
    bens = as_member(pair.ben)
    adas = as_member(pair.ada)
    preview = adas.post("/organization/members/deactivate", {"member": [pair.ben.pk]})
    assert b"ben@company.example" in preview.content
    assert reloaded(pair, pair.ben).is_active

    adas.post("/organization/members/deactivate", {"member": [pair.ben.pk], "confirmed": "yes"})
    assert not reloaded(pair, pair.ben).is_active
    assert bens.get("/organization/").headers.get("Location") == "/"
    adas.post(f"/organization/members/{pair.ben.pk}/reactivate")
    assert reloaded(pair, pair.ben).is_active


def test_mallorys_people_teams_and_domains_do_not_exist_here(pair: Pair, as_member: Browser) -> None:
    browser = as_member(pair.ada)
    browser.post("/organization/members/deactivate", {"member": [pair.mallory.pk], "confirmed": "yes"})
    with current.organization(pair.other_organization_id):
        assert Member.objects.get(pk=pair.mallory.pk).is_active
    browser.post("/organization/teams/", {"name": "Research"})
    with current.organization(pair.organization_id):
        team = Team.objects.get()
    browser.post(
        f"/organization/teams/{team.pk}/change", {"name": "Research", "member": [pair.ben.pk, pair.mallory.pk, "x"]}
    )
    with current.organization(pair.organization_id):
        assert list(team.memberships.values_list("member_id", flat=True)) == [pair.ben.pk]


def test_a_team_is_deleted_by_typing_its_name_and_its_people_stay(pair: Pair, as_member: Browser) -> None:
    browser = as_member(pair.ada)
    browser.post("/organization/teams/", {"name": "Research"})
    assert browser.post("/organization/teams/", {"name": " research "}).status_code == 422
    with current.organization(pair.organization_id):
        team = Team.objects.get()
    assert browser.post(f"/organization/teams/{team.pk}/delete", {"confirm": "no"}).status_code == 422
    browser.post(f"/organization/teams/{team.pk}/delete", {"confirm": "research"})
    with current.organization(pair.organization_id):
        assert not Team.objects.exists()
        assert Member.objects.count() == 2


def test_a_domain_is_added_only_by_somebody_who_has_an_address_in_it(pair: Pair, as_member: Browser) -> None:
    browser = as_member(pair.ada)
    for domain in ("mallory.example", "other.example", "gmail.com", "nonsense", ""):
        assert browser.post("/organization/domains/", {"domain": domain}).status_code == 422, domain
    with current.organization(pair.organization_id):
        new = members.add(address="cleo@second.example", name="Cleo", role=Role.ADMIN)
    assert as_member(new).post("/organization/domains/", {"domain": "second.example"}).status_code == 302
    with current.organization(pair.organization_id):
        added = next(domain for domain in Domain.objects.all() if domain.details.domain == "second.example")
    address = f"/organization/domains/{added.pk}/remove"
    assert as_member(new).post(address, {"confirm": "second.example"}).status_code == 403  # an owner's to do
    assert browser.post(address, {"confirm": "typo"}).status_code == 422
    browser.post(address, {"confirm": "second.example"})
    with current.organization(pair.organization_id):
        [last] = Domain.objects.all()
    assert browser.post(f"/organization/domains/{last.pk}/remove", {"confirm": "company.example"}).status_code == 422


RULES = {
    "time_zone": "Europe/Berlin",
    "run_enabled": "yes",
    "run_time": "15:30",
    "run_days": ["0", "4"],
    "freeze_hours": "12",
    "weeks_ahead": "3",
    "away": "PTO\n  Out   of office ",
    "holiday": "bank holiday",
    "not_away": "pto report",
    "lunch": "lunch",
}


def test_rules_are_saved_and_the_change_is_written_down_without_its_words(pair: Pair, as_member: Browser) -> None:
    as_member(pair.ada).post("/organization/rules/", RULES)
    with current.organization(pair.organization_id):
        saved = rules.current()
        assert (saved.run_minute, saved.run_days, saved.freeze_hours, saved.weeks_ahead) == (930, [0, 4], 12, 3)
        assert saved.keywords.away == ("pto", "out of office")
        assert Organization.objects.get(pk=pair.organization_id).time_zone == "Europe/Berlin"
    [entry] = facts(pair, "organization.settings_changed")
    assert entry == {"settings": ["freeze_hours", "keywords", "run_days", "run_minute", "time_zone", "weeks_ahead"]}
    with current.organization(pair.other_organization_id):
        assert not OrganizationRules.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("run_time", "25:00"),
        ("run_days", []),
        ("freeze_hours", "73"),
        ("freeze_hours", "-1"),
        ("weeks_ahead", "4"),
        ("away", "x" * 81),
        ("lunch", "\n".join(map(str, range(201)))),
    ],
)
def test_a_rule_that_makes_no_sense_saves_nothing(pair: Pair, as_member: Browser, field: str, value: object) -> None:
    response = as_member(pair.ada).post("/organization/rules/", {**RULES, field: value})
    assert response.status_code == 422
    with current.organization(pair.organization_id):
        assert not OrganizationRules.objects.exists()


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("PTO", titles.AWAY),
        ("Ben: out  of OFFICE", titles.AWAY),
        ("PTO report", titles.MEETING),
        ("Optometrist", titles.MEETING),
        ("Bank holiday", titles.HOLIDAY),
        ("Team lunch", titles.LUNCH),
        ("Lunchtime talk", titles.MEETING),
        ("Roadmap", titles.MEETING),
        ("", titles.MEETING),
    ],
)
def test_words_of_a_title_decide_whole_and_the_negating_list_wins(title: str, kind: str) -> None:
    assert titles.Reader(Keywords()).read(title, all_day=kind == "holiday").kind == kind


def test_lists_are_tried_before_they_are_saved(pair: Pair, as_member: Browser) -> None:
    body = {**RULES, "away": "sabbatical", "title": "My sabbatical"}
    answer = as_member(pair.ada).post("/organization/rules/try", body, headers={"HX-Request": "true"})
    assert b"out of office" in answer.content
    with current.organization(pair.organization_id):
        assert not OrganizationRules.objects.exists()


def test_members_and_analysts_find_the_console_closed(pair: Pair, as_member: Browser) -> None:
    for role in (Role.MEMBER, Role.TEAM_LEAD, Role.ANALYST):
        browser = as_member(pair.ben, role)
        for path in ("members/", "teams/", "domains/", "rules/", "plan/"):
            response = browser.get(f"/organization/{path}")
            assert response.status_code == 403
            assert b"This is not yours to see" in response.content
        assert b'aria-label="Organization"' not in browser.get("/").content


def test_the_plan_page_says_when_a_plan_has_run_out(pair: Pair, as_member: Browser) -> None:
    browser = as_member(pair.ada)
    assert b"ended on" not in browser.get("/organization/plan/").content
    with current.organization(pair.organization_id):
        Organization.objects.filter(pk=pair.organization_id).update(plan_ends_at=clock.now() - timedelta(days=1))
    page = browser.get("/organization/plan/").content.decode()
    assert "ended on" in page
    assert "The plan Free is in force" in page


@pytest.mark.parametrize("plan", Plan)
@pytest.mark.parametrize("feature", Feature)
def test_a_feature_is_had_by_its_least_plan_and_all_above(pair: Pair, plan: Plan, feature: Feature) -> None:
    order = list(Plan)
    with current.organization(pair.organization_id):
        Organization.objects.filter(pk=pair.organization_id).update(plan=plan)
        assert plans.has(feature) == (order.index(plan) >= order.index(plans.least_plan(feature)))
        Organization.objects.filter(pk=pair.organization_id).update(plan_ends_at=clock.now())
        assert plans.has(feature) == (feature in FEATURES[Plan.FREE])


def test_a_team_needs_its_plan_on_the_page(pair: Pair, as_member: Browser) -> None:
    with current.organization(pair.organization_id):
        Organization.objects.filter(pk=pair.organization_id).update(plan=Plan.FREE)
    browser = as_member(pair.ada)
    assert browser.post("/organization/teams/", {"name": "Research"}).status_code == 403
    assert b'data-testid="locked"' in browser.get("/organization/teams/").content


def test_nobody_is_left_without_an_owner_when_two_owners_step_down_at_once(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        standing.change_role(pair.ben, Role.OWNER, by=pair.ada)
        standing.change_role(pair.ada, Role.MEMBER, by=pair.ada)
        with pytest.raises(standing.LastOwner):
            standing.change_role(pair.ben, Role.MEMBER, by=Member.objects.get(pk=pair.ben.pk))


def test_the_audit_log_is_searched_by_person_event_and_day(pair: Pair, as_member: Browser) -> None:
    browser = as_member(pair.ada)
    browser.post(f"/organization/members/{pair.ben.pk}/role", {"role": "admin"})
    today = clock.now().date()
    for query, is_there in [
        ("", True),
        (f"actor={pair.ada.pk}&action=member.", True),
        (f"since={today}&until={today}", True),
        (f"until={today - timedelta(days=2)}", False),
        (f"actor={pair.ben.pk}", False),
        ("actor=nonsense&since=never", True),
    ]:
        page = browser.get(f"/organization/audit/?{query}").content.decode()
        assert ("<small>member.role_changed</small>" in page) == is_there, query
    assert "Mallory" not in browser.get("/organization/audit/").content.decode()


def test_the_audit_log_is_verified_and_exported_from_its_page(pair: Pair, as_member: Browser) -> None:
    browser = as_member(pair.ada)
    page = browser.post("/organization/audit/verify").content.decode()
    assert "entries verified" in page
    lines = browser.post("/organization/audit/csv", {"action": "session."}).content.decode().splitlines()
    assert lines[0] == "at,who,event,what,target,where"
    assert all(",session." in line for line in lines[1:])
    whole = browser.post("/organization/audit/json").content.decode().splitlines()
    assert "public_key" in whole[0]
    assert "receipt" in whole[-1]
    with current.organization(pair.organization_id):
        assert AuditEntry.objects.filter(action="audit.exported").count() == 2
        Organization.objects.filter(pk=pair.organization_id).update(plan=Plan.BUSINESS)
    for form in ("csv", "json"):
        assert browser.post(f"/organization/audit/{form}").status_code == 403


def test_sync_health_names_calendars_that_stand_still(pair: Pair, as_member: Browser) -> None:
    page = as_member(pair.ada).get("/organization/sync/").content.decode()
    assert "Every calendar is up to date" in page
