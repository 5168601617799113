"""The organization's pages in a real browser: every one, in both themes, wide and narrow."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site
from tests.browser.test_dashboard import axe_violations
from tests.company import MONDAY, address, meeting

pytestmark = pytest.mark.browser


def two_people(site: Site) -> None:
    """The first of a domain owns the organization: Ada."""
    for name in ("ada", "ben"):
        site.sign_in(name)
        site.page.get_by_role("button", name="Sign out").click()
    site.sign_in("ada")


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


def test_a_calendar_is_left_out_after_a_preview_and_the_proof_counts_it(site: Site) -> None:
    site.google.as_person(address("ben"), "insert", body=meeting("Secret", MONDAY, 10, 60, "ben"))
    two_people(site)
    site.page.goto(f"{site.url}/organization/privacy/exclusions/")
    site.page.get_by_label("Address or pattern").fill(address("ben"))
    site.page.get_by_test_id("preview").click()
    expect(site.page.get_by_test_id("affected")).to_have_text("1")
    assert axe_violations(site) == []
    site.page.get_by_test_id("confirm").click()
    expect(site.page.get_by_test_id("proof")).to_contain_text("Events")
    assert axe_violations(site) == []
    site.page.goto(f"{site.url}/organization/privacy/exclusions/")
    expect(site.page.get_by_test_id("rules")).to_contain_text(address("ben"))
    assert axe_violations(site) == []
    assert site.complaints == []


def test_a_part_is_shut_out_only_once_the_word_is_typed(site: Site) -> None:
    site.google.as_person(address("ada"), "insert", body=meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    two_people(site)
    site.page.goto(f"{site.url}/organization/privacy/processing/titles/")
    site.confirm("ada")
    expect(site.page.get_by_test_id("stored")).to_have_text("2")
    site.page.get_by_label("Type erase to confirm").fill("yes")
    site.page.get_by_test_id("confirm").click()
    expect(site.page.get_by_role("alert")).to_contain_text("Nothing is changed")
    site.page.get_by_label("Type erase to confirm").fill("erase")
    site.page.get_by_test_id("confirm").click()
    expect(site.page.get_by_test_id("proof")).to_contain_text("Titles")
    site.page.goto(f"{site.url}/organization/privacy/")
    expect(site.page.get_by_test_id("part").filter(has_text="Titles")).to_contain_text("Never asked for")
    # The browser tells of every answer that isn't a success, the refusal above among them.
    assert [text for text in site.complaints if "422" not in text] == []


def test_a_person_exports_leaves_out_and_leaves(site: Site) -> None:
    site.google.as_person(address("ben"), "insert", body=meeting("Plan", MONDAY, 10, 60, "ben"))
    site.sign_in("ada")
    site.page.get_by_role("button", name="Sign out").click()
    site.sign_in("ben")
    site.page.get_by_role("link", name="My privacy").click()
    site.page.get_by_test_id("export").click()
    site.confirm("ben")
    site.page.get_by_test_id("export").click()
    with site.page.expect_download() as download:
        site.page.get_by_test_id("fetch").click()
    assert download.value.suggested_filename == "clockwise-2027-02-28.zip"
    site.page.get_by_test_id("leave-out").click()
    expect(site.page.get_by_test_id("left-out")).to_be_visible()
    assert axe_violations(site) == []
    # The proof from before the export still counts.
    site.page.get_by_label(f"Type {address('ben')} to confirm").fill(address("ben"))
    site.page.get_by_test_id("leave").click()
    site.page.wait_for_url(f"{site.url}/")
    expect(site.page.get_by_role("link", name="Continue with Google")).to_be_visible()
    assert site.complaints == []
