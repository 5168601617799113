"""The main job in a real browser, under the strict content security policy."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from clockwise.organizations import lookups
from clockwise.tenancy import current
from scheduling.models import Hold
from tests.browser.conftest import Site
from tests.company import DOMAIN, MONDAY, address, meeting

pytestmark = pytest.mark.browser
WEEK = f"?week={MONDAY.isoformat()}"


def fill_week(site: Site) -> dict[str, str]:
    """Ada's fragmented Monday and Tuesday, with a double booking."""
    insert = site.google.as_person
    tuesday = MONDAY + timedelta(days=1)
    bodies = {
        "stand-up": meeting("Stand-up", MONDAY, 9, 15, "ada", "ben"),
        "plan": meeting("Roadmap review", MONDAY, 10.5, 30, "ada", "ben"),
        "clash": meeting("Hiring check-in", MONDAY, 10.5, 30, "ada"),
        "talk": meeting("Ada / Ben 1:1", MONDAY, 14, 30, "ada", "ben"),
        "call": meeting("Customer call", tuesday, 11, 60, "ada", "guest@outside.example"),
        "review": meeting("Design review", tuesday, 15, 45, "ada", "ben"),
    }
    return {key: str(insert(address("ada"), "insert", body=body)["id"]) for key, body in bodies.items()}


def axe_violations(site: Site) -> list[str]:
    # What passes is not told: thousands of nodes on a long page.
    found = Axe().run(site.page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


def make_flexible(site: Site, title: str) -> None:
    site.page.get_by_test_id("event").filter(has_text=title).get_by_role("link").click()
    sheet = site.page.get_by_test_id("event-sheet")
    sheet.get_by_test_id("make-flexible").click()
    expect(sheet.get_by_test_id("make-fixed")).to_be_visible()
    site.page.keyboard.press("Escape")


def test_the_landing_page_says_what_it_is_and_has_one_way_in(site: Site) -> None:
    site.page.goto(site.url)
    expect(site.page.get_by_role("heading", level=1)).to_have_count(1)
    expect(site.page.get_by_role("link", name="Continue with Google")).to_be_visible()
    assert axe_violations(site) == []
    assert site.complaints == []


def test_a_person_signs_in_and_sees_this_week_at_once(site: Site) -> None:
    fill_week(site)
    site.sign_in("ben")
    site.page.goto(f"{site.url}/{WEEK}")
    expect(site.page.get_by_test_id("event").filter(has_text="Roadmap review")).to_be_visible()
    assert site.complaints == []


def test_the_main_job_from_flexible_to_undo(site: Site) -> None:
    ids = fill_week(site)
    site.sign_in("ben")
    site.page.get_by_role("button", name="Sign out").click()
    site.sign_in("ada")
    site.page.goto(f"{site.url}/{WEEK}")
    make_flexible(site, "Roadmap review")
    make_flexible(site, "Ada / Ben 1:1")

    site.page.get_by_test_id("optimize").click()
    proposal = site.page.get_by_test_id("proposal")
    expect(proposal).to_have_attribute("data-status", "open", timeout=60_000)
    expect(proposal.get_by_test_id("move").first).to_be_visible()
    site.page.get_by_test_id("view-after").click()
    expect(site.page.get_by_test_id("view-after")).to_have_attribute("aria-current", "true")
    site.page.get_by_test_id("view-changes").click()
    expect(site.page.get_by_test_id("ghost").first).to_be_attached()
    before = site.google.event(address("ada"), ids["plan"])["start"]

    proposal.get_by_test_id("accept").click()
    expect(proposal).to_have_attribute("data-status", "applied")
    moved = site.google.event(address("ben"), ids["plan"])["start"]
    assert moved != before

    proposal.get_by_test_id("undo").click()
    expect(proposal).to_have_attribute("data-status", "undone")
    back = site.google.event(address("ada"), ids["plan"])["start"]["dateTime"]
    assert back == "2027-03-01T10:30:00+01:00"
    assert site.complaints == []


def test_the_owner_accepts_for_everybody_and_takes_it_back(site: Site) -> None:
    ids = fill_week(site)
    for name in ("ada", "ben"):  # the first to sign in owns the organization
        site.sign_in(name)
        site.page.get_by_role("button", name="Sign out").click()
    site.sign_in("ada")
    site.page.goto(f"{site.url}/{WEEK}")
    make_flexible(site, "Roadmap review")
    site.page.get_by_test_id("optimize").click()
    proposal = site.page.get_by_test_id("proposal")
    expect(proposal).to_have_attribute("data-status", "open", timeout=60_000)

    everybody = proposal.get_by_test_id("everybody")
    everybody.get_by_text("The whole organization").click()
    everybody.get_by_test_id("decide-for-everybody").click()
    expect(proposal).to_have_attribute("data-status", "applied")
    assert people_with_holds() == {"Ada", "Ben"}

    everybody.get_by_text("The whole organization").click()
    everybody.get_by_test_id("decide-for-everybody").click()
    expect(proposal).to_have_attribute("data-status", "undone")
    assert people_with_holds() == set()
    assert site.google.event(address("ben"), ids["plan"])["start"]["dateTime"] == "2027-03-01T10:30:00+01:00"
    assert site.complaints == []


def people_with_holds() -> set[str]:
    organization_id = lookups.organization_by_domain(DOMAIN)
    assert organization_id is not None
    with current.organization(organization_id):
        placed = Hold.objects.filter(state=Hold.State.PLACED).select_related("member")
        return {hold.member.details.name for hold in placed}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_proposal_is_accessible_in_both_themes_wide_and_narrow(site: Site, theme: str, width: int) -> None:
    fill_week(site)
    site.sign_in("ben")
    site.page.get_by_role("button", name="Sign out").click()
    site.sign_in("ada")
    site.page.goto(f"{site.url}/{WEEK}")
    make_flexible(site, "Roadmap review")
    site.page.get_by_test_id("optimize").click()
    expect(site.page.get_by_test_id("proposal")).to_have_attribute("data-status", "open", timeout=60_000)
    site.page.set_viewport_size({"width": width, "height": 900 if width > 600 else 844})
    site.theme(theme)

    assert axe_violations(site) == []
    assert site.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert site.complaints == []


def test_a_fixed_meeting_of_somebody_else_says_why_it_cannot_be_made_flexible(site: Site) -> None:
    fill_week(site)
    site.sign_in("ben")
    site.page.goto(f"{site.url}/{WEEK}")
    site.page.get_by_test_id("event").filter(has_text="Roadmap review").get_by_role("link").click()
    sheet = site.page.get_by_test_id("event-sheet")
    expect(sheet).to_contain_text("Only the organizer")
    expect(sheet.get_by_test_id("make-flexible")).to_have_count(0)


def test_everything_comes_from_one_origin_under_the_strict_policy(site: Site) -> None:
    fill_week(site)
    hosts: set[str] = set()
    site.page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    site.sign_in("ada")
    response = site.page.goto(f"{site.url}/{WEEK}")
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert hosts <= {site.url.split("/")[2], site.google.url.split("/")[2]}
