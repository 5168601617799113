"""The picture in the README: taken by a test, so that it shows what is. PICTURES=1 renews it."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site
from tests.browser.test_dashboard import WEEK, make_flexible
from tests.company import MONDAY, address, meeting

pytestmark = pytest.mark.browser
DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "images"
# (title, day of the week, hour in Berlin, minutes, guests beside Ada)
BUSY_WEEK = (
    ("Platform stand-up", 0, 9.5, 15, ("ben",)),
    ("Roadmap review", 0, 11, 45, ("ben",)),
    ("Ada / Ben 1:1", 0, 14, 30, ("ben",)),
    ("Pricing working session", 0, 15.5, 60, ("ben",)),
    ("Platform stand-up", 1, 9.5, 15, ("ben",)),
    ("Hiring debrief", 1, 10.5, 30, ("ben",)),
    ("Customer call: Acme", 1, 13.5, 60, ("guest@outside.example",)),
    ("Metrics check-in", 1, 14, 30, ("ben",)),
    ("Docs review", 2, 10, 30, ("ben",)),
    ("Architecture forum", 2, 12, 60, ("ben",)),
    ("Billing sync", 2, 15, 45, ("ben",)),
    ("Launch planning", 3, 11, 60, ("ben",)),
    ("Security questionnaire", 3, 14.5, 30, ("ben",)),
    ("Search quality review", 4, 10.5, 45, ("ben",)),
    ("Demo for the team", 4, 14, 60, ("ben",)),
)
FLEXIBLE = (
    "Roadmap review", "Ada / Ben 1:1", "Hiring debrief", "Metrics check-in", "Docs review", "Billing sync",
    "Security questionnaire", "Search quality review",
)  # fmt: skip


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_the_dashboard_with_a_proposal(site: Site, tmp_path: Path, theme: str, width: int) -> None:
    for title, day, hour, minutes, guests in BUSY_WEEK:
        body = meeting(title, MONDAY + timedelta(days=day), hour, minutes, "ada", *guests)
        site.google.as_person(address("ada"), "insert", body=body)
    site.sign_in("ben")
    site.page.get_by_role("button", name="Sign out").click()
    site.sign_in("ada")
    site.page.goto(f"{site.url}/{WEEK}")
    for title in FLEXIBLE:
        make_flexible(site, title)
    site.page.get_by_test_id("optimize").click()
    expect(site.page.get_by_test_id("proposal")).to_have_attribute("data-status", "open", timeout=60_000)
    site.page.set_viewport_size({"width": width, "height": 900})
    site.theme(theme)

    name = "dashboard" + ("-dark" if theme == "dark" else "") + ("-phone" if width == 390 else "") + ".png"
    folder = DOCS if os.environ.get("PICTURES") == "1" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    picture = site.page.screenshot(path=folder / name)
    assert picture.startswith(b"\x89PNG")
    assert site.complaints == []
