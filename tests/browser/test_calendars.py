"""The page of one's Google calendars in a real browser, with everything wrong that can be."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from calendars.models import Calendar, GoogleConnection, SetAsideEvent
from clockwise.organizations import lookups
from clockwise.tenancy import current
from tests.browser.conftest import Site
from tests.browser.test_dashboard import axe_violations
from tests.browser.test_every_page import picture
from tests.company import DOMAIN, SUNDAY_NOON, address

pytestmark = pytest.mark.browser


def with_a_second_calendar(site: Site) -> None:
    site.google.put_calendar(address("ada"), {"id": "side@group.example", "summary": "Side project", "selected": False})
    site.google.put_calendar(
        address("ada"), {"id": "boss@group.example", "summary": "Somebody's", "role": "freeBusyReader"}
    )
    site.sign_in("ada")


def with_everything_wrong() -> None:
    organization_id = lookups.organization_by_domain(DOMAIN)
    assert organization_id is not None
    with current.organization(organization_id):
        calendar = Calendar.objects.get(is_primary=True)
        calendar.problem = "quota"
        calendar.save()
        GoogleConnection.objects.update(
            problem="blocked_by_admin", writes_parked_until=SUNDAY_NOON + timedelta(hours=1)
        )
        for google_id, reason in (("odd", "time"), ("odder", "content"), ("", "id")):
            SetAsideEvent.objects.create(
                calendar=calendar, member_id=calendar.member_id, google_id=google_id, reason=reason, since=SUNDAY_NOON
            )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_is_accessible_with_and_without_trouble(site: Site, theme: str, width: int) -> None:
    with_a_second_calendar(site)
    site.page.set_viewport_size({"width": width, "height": 900})
    site.theme(theme)
    for trouble in (False, True):
        if trouble:
            with_everything_wrong()
        site.page.goto(f"{site.url}/calendars/")
        expect(site.page.get_by_role("heading", level=1)).to_have_text("Google Calendar")
        expect(site.page.get_by_test_id("left-out-events")).to_have_count(int(trouble))
        picture(site, f"calendars-{'trouble' if trouble else 'well'}-{theme}-{width}")
        assert axe_violations(site) == []
        assert site.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert site.complaints == []


def test_a_member_ticks_a_calendar_and_chooses_whom_google_mails(site: Site) -> None:
    with_a_second_calendar(site)
    site.page.get_by_role("link", name="Google Calendar", exact=True).first.click()
    expect(site.page.get_by_label("Somebody's")).to_be_disabled()
    site.page.get_by_label("Side project").check()
    site.page.get_by_test_id("save-calendars").click()
    expect(site.page.get_by_test_id("note")).to_contain_text("Saved")
    expect(site.page.get_by_label("Side project")).to_be_checked()
    site.page.get_by_label("Nobody").check()
    site.page.get_by_test_id("save-notices").click()
    expect(site.page.get_by_label("Nobody")).to_be_checked()
    site.page.get_by_test_id("disconnect").click()
    expect(site.page.get_by_role("link", name="Reconnect Google Calendar")).to_be_visible()
    assert site.complaints == []


def test_it_all_works_without_javascript(site: Site, browser: Browser) -> None:
    with_a_second_calendar(site)
    cookies = [{"name": c["name"], "value": c["value"], "url": site.url} for c in site.page.context.cookies()]
    plain = browser.new_context(java_script_enabled=False)
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto(f"{site.url}/calendars/")
    page.get_by_label("Side project").check()
    page.get_by_test_id("save-calendars").click()
    expect(page.get_by_label("Side project")).to_be_checked()
    plain.close()
