"""Every page outside the week, as each role, in both themes, wide and narrow: accessible, quiet, and not too wide.

Set PICTURES to a folder to get a picture of each, for looking at.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from calendars.models import Calendar
from clockwise import clock
from clockwise.organizations import lookups, members, teams
from clockwise.organizations.models import BrowserSession, Member, Team
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from privacy import clocks, exclusions, export, legal, staff, staff_access
from privacy.models import CalendarExclusion, PrivacyRequest, Purge
from scim import tokens as scim_tokens
from tests.browser.conftest import Site
from tests.browser.test_dashboard import axe_violations
from tests.company import DOMAIN, MONDAY, SUNDAY_NOON, address, meeting

pytestmark = pytest.mark.browser

EVERYBODYS = [
    "privacy/",
    "account/sessions/",
    "account/google/confirm?ask=1",
    "personal-calendars/",
    "trust",
    "legal/privacy",
    "legal/dpa",
    "legal/subprocessors",
    "legal/disclosure",
    "legal/responsibility",
    "status",
    "not/there",
]
CONSOLE = [
    "organization/",
    "organization/members/",
    "organization/members/?q=nobody",
    "organization/members/{ben}/",
    "organization/teams/",
    "organization/teams/{team}/",
    "organization/domains/",
    "organization/rules/",
    "organization/plan/",
    "organization/provisioning/",
    "organization/provisioning/groups/",
    "organization/provisioning/log/",
    "organization/privacy/",
    "organization/privacy/processing/titles/",
    "organization/privacy/processing/descriptions/",
    "organization/privacy/proofs/{purge}/",
    "organization/privacy/exclusions/",
    "organization/privacy/retention/",
    "organization/privacy/requests/",
    "organization/privacy/people/{ben}/",
    "organization/audit/",
    "organization/evidence/",
    "organization/sync/",
    "organization/staff-access/",
]
STAFF = [
    "account/staff/",
    "staff/",
    "staff/{access}/",
    "staff/{access}/organizations.member/",
    "staff/{access}/calendars.event/",
]
EVERY_LOOK = tuple(product((1440, 390), ("light", "dark")))
# Each theme and each width once: what the quick round looks at.
TWO_LOOKS = ((1440, "light"), (390, "dark"))
Looks = tuple[tuple[int, str], ...]
ROLES = (Role.OWNER, Role.ADMIN, Role.ANALYST, Role.MEMBER)


@dataclass
class Filled:
    """An organization in which each page has something to show; the ids are those in the addresses above."""

    site: Site
    organization_id: UUID
    ids: dict[str, UUID]

    def sign_in(self, name: str, role: Role | None = None) -> None:
        """Signed in, and vouched for by Google just now."""
        with current.organization(self.organization_id):
            if role:
                Member.objects.filter(address_index=lookups.address_index(address(name))).update(role=role)
        self.site.sign_in(name)
        with current.organization(self.organization_id):
            BrowserSession.objects.update(confirmed_at=clock.now())


@pytest.fixture
def filled(site: Site, settings: Any) -> Iterator[Filled]:
    """Ada's company; Ben is a colleague, and works for the operator, so that there are staff pages too."""
    settings.CLOCKWISE_OPERATOR_DOMAIN = DOMAIN
    site.google.as_person(address("ben"), "insert", body=meeting("Review", MONDAY, 10, 60, "ada", "ben"))
    for name in ("ada", "ben"):
        site.sign_in(name)
        site.page.get_by_role("button", name="Sign out").click()
    organization_id = lookups.organization_by_domain(DOMAIN)
    assert organization_id is not None
    with current.organization(organization_id):
        ada, ben = (Member.objects.get(pk=members.find(address(name)).member_id) for name in ("ada", "ben"))
        ids = {"ben": ben.pk, "team": teams.create("Research and development", by=ada).pk}
        teams.change(Team.objects.get(), name="Research and development", member_ids=[ada.pk, ben.pk], by=ada)
        exclusions.add(CalendarExclusion.Kind.NAME_PATTERN, "Private*", by=ada)
        clocks.open_request(PrivacyRequest.Kind.ACCESS, subject="Somebody by mail", note="All of it.", by=ada.pk)
        late = SUNDAY_NOON - timedelta(days=40)
        clocks.open_request(PrivacyRequest.Kind.BREACH, subject="Lost laptop", received_at=late, by=ada.pk)
        purge = Purge.objects.create(cause=Purge.Cause.EXCLUSION, requested_at=clock.now(), finished_at=clock.now())
        purge.counts = {"events": 12, "calendars": 1}
        purge.save()
        export.request(ben, by=ada)
        scim_tokens.create("Okta", by=ada)
        person = staff.register(ben, checked_on=SUNDAY_NOON.date(), trained_on=SUNDAY_NOON.date())
        for policy in staff.POLICIES[:4]:
            staff.sign(person, policy, legal.digest(policy))
    with current.acting_for(organization_id):
        export.make_waiting()
    ids["purge"] = purge.pk
    yield Filled(site, organization_id, ids)


def problems(filled: Filled, pages: list[str], mark: str, looks: Looks = TWO_LOOKS) -> dict[str, list[str]]:
    """What is wrong, by page; each is loaded once. Refusals look all alike, so the first stands for all of them."""
    found, refusals = dict[str, list[str]](), 0
    for page in pages:
        answer = filled.site.page.goto(f"{filled.site.url}/{page.format(**filled.ids)}")
        assert answer is not None
        refusals += answer.status == 403
        if answer.status != 403 or refusals == 1:
            name = f"{mark}-{page.split('?')[0].strip('/').replace('/', '-')}"
            wrong = seen_wrong(filled.site, name, looks)
            if wrong:
                found[page] = wrong
    return found


def seen_wrong(site: Site, name: str, looks: Looks = TWO_LOOKS) -> list[str]:
    """Of the page that is open, in each width and theme."""
    wrong = [] if site.page.get_by_role("heading", level=1).count() == 1 else ["not one main heading"]
    for width, theme in looks:
        site.page.set_viewport_size({"width": width, "height": 900})
        site.page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        wrong += [f"{width} {theme} {violation}" for violation in axe_violations(site)]
        if not site.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wrong.append(f"{width} scrolls sideways")
        picture(site, f"{name}-{width}-{theme}")
    return wrong


def picture(site: Site, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        site.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def unexpected(site: Site) -> list[str]:
    """The browser tells of each answer that isn't a success, refusals among them; only these are expected."""
    return [text for text in site.complaints if "status of 403" not in text and "status of 404" not in text]


def look_as(filled: Filled, role: Role, pages: list[str], looks: Looks) -> None:
    filled.sign_in("ada" if role == Role.OWNER else "ben", role)
    assert problems(filled, pages, role, looks) == {}
    assert unexpected(filled.site) == []


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_the_console_is_accessible_and_quiet_to_each_role(filled: Filled, role: Role) -> None:
    look_as(filled, role, CONSOLE, TWO_LOOKS)


def test_every_page_for_everybody_is_accessible_and_quiet(filled: Filled) -> None:
    look_as(filled, Role.OWNER, EVERYBODYS, TWO_LOOKS)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_accessible_and_quiet_to_each_role_in_every_look(filled: Filled, role: Role) -> None:
    look_as(filled, role, [*CONSOLE, *EVERYBODYS], EVERY_LOOK)


def test_every_page_of_the_staff_and_of_their_consent_is_accessible_and_quiet(filled: Filled) -> None:
    ben = filled.ids["ben"]
    filled.sign_in("ben")
    assert problems(filled, ["account/staff/"], "unsigned") == {}
    with current.organization(filled.organization_id):
        member, last = Member.objects.get(pk=ben), staff.POLICIES[-1]
        person = staff.of(member)
        assert person is not None
        staff.sign(person, last, legal.digest(last))
        assert Calendar.objects.exists()
    reason = "Ticket 4711: calendars stopped to synchronize on Friday."
    wanted: dict[str, Any] = {"domain": DOMAIN, "reason": reason, "minutes": 60}
    asked, filled.ids["access"] = (staff_access.ask(member, wants_words=True, **wanted) for _ in range(2))
    with current.organization(filled.organization_id):
        ada = Member.objects.get(pk=members.find(address("ada")).member_id)
        staff_access.grant(filled.ids["access"], by=ada, words=True)
        assert asked
    assert problems(filled, STAFF, "staff") == {}
    filled.site.page.get_by_test_id("open").first.click()
    assert axe_violations(filled.site) == []
    picture(filled.site, "staff-row")
    filled.site.page.goto(filled.site.url)
    filled.site.page.get_by_role("button", name="Sign out").click()
    filled.sign_in("ada")
    assert problems(filled, ["organization/staff-access/", "privacy/", "organization/audit/"], "consent") == {}
    assert unexpected(filled.site) == []


def test_previews_before_something_goes_are_accessible_and_quiet(filled: Filled) -> None:
    """Pages that answer a form: each is looked at where the form leads."""
    page = filled.site.page
    filled.sign_in("ada")
    for path, fields, button in (
        ("organization/privacy/exclusions/", {"Address or pattern": address("ben")}, "preview"),
        ("organization/members/", {"Choose Ben": ""}, "deactivate"),
        ("organization/provisioning/", {"Name": "Entra"}, "make-token"),
    ):
        page.goto(f"{filled.site.url}/{path}")
        for label, text in fields.items():
            field = page.get_by_label(label)
            field.fill(text) if text else field.check()
        page.get_by_test_id(button).click()
        assert seen_wrong(filled.site, f"preview-{button}") == [], path
    assert unexpected(filled.site) == []
