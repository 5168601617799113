"""The organization's pages in a real browser: every one, in both themes, wide and narrow."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site
from tests.browser.test_dashboard import axe_violations

pytestmark = pytest.mark.browser

PAGES = [
    "members/",
    "teams/",
    "domains/",
    "rules/",
    "plan/",
]


def two_people(site: Site) -> None:
    """The first of a domain owns the organization: Ada."""
    for name in ("ada", "ben"):
        site.sign_in(name)
        site.page.get_by_role("button", name="Sign out").click()
    site.sign_in("ada")


def picture(site: Site, name: str) -> None:
    """For looking at: set PICTURES to a folder."""
    if folder := os.environ.get("PICTURES"):
        site.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_of_the_console_is_accessible_and_quiet(site: Site, theme: str, width: int) -> None:
    two_people(site)
    site.page.set_viewport_size({"width": width, "height": 900})
    site.theme(theme)
    found: dict[str, object] = {}
    for path in PAGES:
        site.page.goto(f"{site.url}/organization/{path}")
        expect(site.page.get_by_role("heading", level=1)).to_have_count(1)
        picture(site, f"{path.strip('/').replace('/', '-')}-{theme}-{width}")
        problems = axe_violations(site)
        if not site.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            problems.append("scrolls sideways")
        if problems:
            found[path] = problems
    assert found == {}
    assert site.complaints == []


def test_an_admin_deactivates_somebody_and_lets_them_in_again(site: Site) -> None:
    two_people(site)
    site.page.get_by_role("link", name="People").click()
    site.page.get_by_label("Name or address").fill("ben")
    site.page.get_by_role("button", name="Search").click()
    expect(site.page.get_by_test_id("person")).to_have_count(1)
    site.page.get_by_label("Choose Ben").check()
    site.page.get_by_test_id("deactivate").click()
    site.page.get_by_test_id("confirm-deactivate").click()
    expect(site.page.get_by_test_id("note")).to_contain_text("1 person is deactivated")
    site.page.get_by_role("link", name="Ben").click()
    site.page.get_by_test_id("reactivate").click()
    expect(site.page.get_by_test_id("note")).to_contain_text("may sign in again")
    assert site.complaints == []


def test_a_title_is_tried_without_leaving_the_page(site: Site) -> None:
    site.sign_in("ada")
    site.page.goto(f"{site.url}/organization/rules/")
    site.page.get_by_label("Try a title").fill("PTO report")
    site.page.get_by_test_id("try").click()
    expect(site.page.get_by_test_id("verdict")).to_contain_text("meeting")
    assert site.complaints == []
