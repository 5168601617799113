"""An admin lets names and photos of the directory be read; a member sees them beside a meeting's guests."""

import struct
import zlib
from base64 import b64encode

import pytest
from playwright.sync_api import expect

from calendars import directory_people
from calendars.models import Event
from clockwise import clock
from clockwise.organizations import lookups
from clockwise.organizations.models import BrowserSession
from clockwise.tenancy import current
from tests.browser.conftest import Site
from tests.browser.test_dashboard import axe_violations
from tests.browser.test_every_page import picture
from tests.company import DOMAIN, MONDAY, address, meeting

pytestmark = pytest.mark.browser


def png(red: int, green: int, blue: int, size: int = 96) -> bytes:
    """A square of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + bytes((red, green, blue)) * size) * size
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
def test_names_and_photos_come_once_an_admin_says_so(site: Site, theme: str, width: int) -> None:
    people = site.google.state.people
    people[address("ada")].is_admin = True
    people[address("ben")].name = "Benjamin Okafor-Lindqvist"
    people[address("ben")].photo = b64encode(png(120, 90, 160)).decode()
    site.google.as_person(address("ben"), "insert", body=meeting("Review", MONDAY, 10, 60, "ada", "ben", "chie"))
    site.sign_in("ada")
    organization_id = lookups.organization_by_domain(DOMAIN)
    assert organization_id is not None
    with current.organization(organization_id):
        BrowserSession.objects.update(confirmed_at=clock.now())
        event_id = Event.objects.get().pk
    site.page.set_viewport_size({"width": width, "height": 900})
    site.theme(theme)

    site.page.goto(f"{site.url}/organization/domains/")
    site.page.get_by_role("link", name="Consent at Google").click()
    site.page.select_option("select[name=email]", address("ada"))
    site.page.get_by_role("button", name="Allow").click()
    picture(site, f"directory-off-{theme}-{width}")
    site.page.get_by_test_id("show-people").click()
    expect(site.page.get_by_test_id("hide-people")).to_be_visible()
    picture(site, f"directory-on-{theme}-{width}")
    assert axe_violations(site) == []
    with current.acting_for(organization_id):
        directory_people.refresh()

    site.page.goto(f"{site.url}/events/{event_id}/")
    photo = site.page.locator(".guests img")
    expect(photo).to_have_count(1)
    assert photo.evaluate("image => image.complete && image.naturalWidth") == 96
    expect(site.page.locator(".guests")).to_contain_text("Benjamin Okafor-Lindqvist")
    picture(site, f"event-people-{theme}-{width}")
    assert axe_violations(site) == []
    assert site.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert site.complaints == []
