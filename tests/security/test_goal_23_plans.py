"""Goal 23: plan by feature by channel: what the table gives works, what it doesn't is refused, and privacy stays."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from calendars.models import Event
from clockwise import clock
from clockwise.organizations import plans, tokens
from clockwise.organizations.models import Organization, OrganizationRules
from clockwise.organizations.plans import FEATURES, Feature, Plan
from clockwise.organizations.roles import ENDPOINTS, MEMBERS
from privacy import exclusions, purges
from privacy.models import CalendarExclusion
from scheduling import daily_runs
from scim import tokens as scim_tokens
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.privacy.test_exclusions import requests_naming
from tests.security.endpoints import sign_in

Kind = CalendarExclusion.Kind
# 16:00 on Monday, where the organization is (UTC).
RUN_TIME = SUNDAY_NOON + timedelta(hours=28)
EXPIRED = "enterprise that has ended"
STATES = [*Plan.values, EXPIRED]


@dataclass
class Callers:
    """Ada with a browser and a program, and an identity provider, as they were when the plan was the highest."""

    company: Company
    browser: Client
    program: Client
    provider: Client
    event: Event

    def post(self, path: str, body: dict[str, Any]) -> bool:
        return _worked(self.browser.post(path, body).status_code)

    def scim(self, method: str, path: str, body: dict[str, Any] | None = None) -> bool:
        content = json.dumps(body) if body else ""
        answer = self.provider.generic(method, f"/scim/v2/{path}", content, content_type="application/scim+json")
        return _worked(answer.status_code)

    def api(self, path: str) -> bool:
        return _worked(self.program.get(f"/api/v1/{path}").status_code)


def _worked(status: int) -> bool:
    assert status in {200, 201, 302, 403}, status
    return status != 403


def daily_run(callers: Callers) -> bool:
    with clock.stopped(RUN_TIME), callers.company.inside():
        return daily_runs.start_due() is not None


RULE = {"kind": Kind.NAME_PATTERN, "confirmed": "yes"}
Act = Callable[[Callers], bool]
# Feature, channel and what is done; a feature of None is in every plan.
ACTS: list[tuple[Feature | None, str, Act]] = [
    (Feature.FLEXIBLE_MEETINGS, "page", lambda c: c.post(f"/events/{c.event.pk}/flexible", {"scope": "event"})),
    (Feature.TEAMS, "page", lambda c: c.post("/organization/teams/", {"name": uuid4().hex})),
    (Feature.PROVISIONING, "page", lambda c: c.post("/organization/provisioning/", {"name": "Okta"})),
    (
        Feature.CALENDAR_EXCLUSIONS,
        "page",
        lambda c: c.post("/organization/privacy/exclusions/", {**RULE, "text": f"{uuid4().hex}*"}),
    ),
    (
        Feature.PROCESSING_SETTINGS,
        "page",
        lambda c: c.post("/organization/privacy/processing/locations/", {"confirm": "erase"}),
    ),
    (
        Feature.RETENTION_SETTINGS,
        "page",
        lambda c: c.post("/organization/privacy/retention/", {"name": "proposals", "days": "30", "confirmed": "yes"}),
    ),
    (Feature.AUDIT_EXPORT, "page", lambda c: c.post("/organization/audit/csv", {})),
    (Feature.AUDIT_EXPORT, "page", lambda c: c.post("/organization/audit/json", {})),
    (None, "page", lambda c: c.post("/privacy/export", {})),
    (None, "page", lambda c: c.post("/privacy/choices", {"allow": "suggestions"})),
    (None, "page", lambda c: c.post("/organization/audit/verify", {})),
    (None, "API", lambda c: c.api("me")),
    (None, "API", lambda c: c.api("events")),
    (None, "API", lambda c: c.api("proposals/current")),
    (Feature.PROVISIONING, "SCIM", lambda c: c.scim("GET", "Users")),
    (Feature.PROVISIONING, "SCIM", lambda c: c.scim("POST", "Users", user())),
    (Feature.PROVISIONING, "SCIM", lambda c: c.scim("GET", "Groups")),
    (Feature.PROVISIONING, "SCIM", lambda c: c.scim("POST", "Groups", group())),
    (Feature.ORGANIZATION_RUN, "task", daily_run),
]


def user() -> dict[str, Any]:
    name = f"{uuid4().hex}@company.example"
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": True}


def group() -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": uuid4().hex}


@pytest.fixture
def callers(company: Company) -> Callers:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 11, 30, "ada", "ben"))
    company.sync()
    browser = Client()
    with company.inside():
        Organization.objects.filter(pk=company.organization_id).update(time_zone="UTC")
        ada = company.member("ada")
        sign_in(browser, ada)
        program = f"Bearer {tokens.create(ada, scopes={'read', 'write'})}"
        provider = f"Bearer {scim_tokens.create('Okta')}"
        event = company.event("ada", google_id)
    return Callers(
        company, browser, Client(headers={"Authorization": program}), Client(headers={"Authorization": provider}), event
    )


def in_state(callers: Callers, state: str) -> Plan:
    """Give the organization the plan, and say which is then in force."""
    ends_at = SUNDAY_NOON - timedelta(days=1) if state == EXPIRED else None
    plan = Plan.ENTERPRISE if state == EXPIRED else Plan(state)
    with callers.company.inside():
        Organization.objects.filter(pk=callers.company.organization_id).update(plan=plan, plan_ends_at=ends_at)
    return Plan.FREE if state == EXPIRED else plan


def wrong_answers(callers: Callers, state: str) -> list[str]:
    plan = in_state(callers, state)
    return [
        f"{feature} on {channel} under {state}"
        for feature, channel, act in ACTS
        if act(callers) != (feature is None or feature in FEATURES[plan])
    ]


@pytest.mark.parametrize("state", STATES)
def test_goal_23_plan_by_feature_by_channel_has_no_wrong_answer(callers: Callers, state: str) -> None:
    assert wrong_answers(callers, state) == []


def test_goal_23_each_feature_that_exists_is_in_the_matrix(callers: Callers) -> None:
    """Figures of teams have no page, no address of the API and no task yet."""
    assert {feature for feature, _, _ in ACTS if feature} == set(Feature) - {Feature.ANALYTICS}
    assert not [name for name in ENDPOINTS if "analytics" in name]


def test_goal_23_the_api_offers_what_every_plan_has_and_nothing_more(callers: Callers) -> None:
    known = {"api-me", "api-events", "api-proposal-current", "api-proposal-accept"}
    assert {name for name in ENDPOINTS if name.startswith("api-")} == known
    assert all(ENDPOINTS[name].callers[method] == MEMBERS for name in known for method in ENDPOINTS[name].callers)


@pytest.mark.parametrize("state", STATES)
def test_goal_23_what_was_shut_out_stays_so_in_every_task_and_plan(callers: Callers, state: str) -> None:
    company = callers.company
    with company.inside():
        exclusions.add(Kind.CALENDAR, address("ben"), by=company.member("ada"))
    in_state(callers, state)
    with company.acting():
        purges.carry_out_all()
    company.insert("ben", meeting("Secret", MONDAY, 15, 30, "ben"))
    company.google.log.clear()
    company.sync()
    assert requests_naming(company, "ben") == []
    with company.inside():
        assert not Event.objects.filter(member=company.ids["ben"]).exists()


@pytest.mark.parametrize("state", STATES)
def test_goal_23_the_daily_run_is_kept_in_the_rules_and_comes_back_with_the_plan(callers: Callers, state: str) -> None:
    in_state(callers, state)
    body = {
        "time_zone": "UTC", "run_enabled": "yes", "run_time": "16:00", "run_days": ["0"], "freeze_hours": "24",
        "weeks_ahead": "2", "away": "", "holiday": "", "not_away": "", "lunch": "",
    }  # fmt: skip
    assert callers.post("/organization/rules/", body)
    with callers.company.inside():
        assert OrganizationRules.objects.get().freeze_hours == 24
    in_state(callers, Plan.ENTERPRISE)
    assert daily_run(callers)


def test_goal_23_control_with_every_plan_allowed_the_matrix_is_wrong(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "allows", lambda plan, feature: True)
    assert len(wrong_answers(callers, Plan.FREE)) == sum(
        feature is not None and feature not in FEATURES[Plan.FREE] for feature, _, _ in ACTS
    )
