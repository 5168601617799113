"""The page of personal calendars with one linked: all of it is in reach on a telephone too."""

import pytest
from playwright.sync_api import expect

from clockwise.organizations import lookups
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from scheduling.models import PersonalCalendar
from scheduling.models.personal import PersonalSource
from tests.browser.conftest import Site
from tests.browser.test_dashboard import axe_violations
from tests.browser.test_every_page import picture
from tests.company import DOMAIN, SUNDAY_NOON

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_a_linked_calendar_fits_the_page(site: Site, theme: str, width: int) -> None:
    site.sign_in("ada")
    organization_id = lookups.organization_by_domain(DOMAIN)
    assert organization_id is not None
    with current.organization(organization_id):
        PersonalCalendar.objects.create(
            member=Member.objects.get(),
            source=PersonalSource("https://cal.example/x.ics"),
            linked_at=SUNDAY_NOON,
            read_at=SUNDAY_NOON,
            next_read_at=SUNDAY_NOON,
        )
    site.page.set_viewport_size({"width": width, "height": 700})
    site.theme(theme)
    site.page.goto(f"{site.url}/personal-calendars/")
    expect(site.page.get_by_role("button", name="Take cal.example off")).to_be_in_viewport()
    picture(site, f"personal-calendars-{theme}-{width}")
    assert axe_violations(site) == []
    assert site.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert site.complaints == []
