"""Names and photos from the Workspace directory: of whom, by whose leave, for whose eyes."""

from base64 import b64encode
from typing import Any

import pytest
from django.test import Client

from calendars import directory_people, tasks
from calendars.models import DirectoryPerson
from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.organizations import directory
from clockwise.organizations.models import BrowserSession, DirectoryWatch
from clockwise.tenancy import messages
from privacy import choices, exclusions
from privacy.models import CalendarExclusion
from tests.browser_trip import answer, sign_in, to_google
from tests.calendars.test_colleagues import add_people
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

# What a PNG begins with, and bytes whose Base64 has Google's odd letters in it.
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(240, 256)) * 5
SWITCH = "/organization/directory/people"


@pytest.fixture
def met(company: Company) -> Company:
    """Ada, an admin of the Workspace, has let it be looked into; she meets Ben and Dora, who never signed in."""
    add_people(company, "dora", "emil")
    people = company.google.state.people
    people[address("ada")].is_admin = True
    people[address("dora")].name = "Dora Diaz"
    for name in ("ben", "dora", "emil"):
        people[address(name)].photo = b64encode(PHOTO).decode()
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben", "dora", "guest@outside.example"))
    company.sync()
    browser = signed_in("ada")
    browser.get(
        "/accounts/google/callback", answer(to_google(browser, "/organization/directory/connect"), address("ada"))
    )
    return company


def signed_in(name: str) -> Client:
    browser = Client()
    sign_in(browser, address(name))
    return browser


def shown(company: Company) -> Company:
    with company.inside():
        assert directory_people.show(by=company.member("ada"))
    return refreshed(company)


def refreshed(company: Company) -> Company:
    with company.acting():
        directory_people.refresh()
    return company


def kept(company: Company) -> dict[str, DirectoryPerson]:
    with company.inside():
        return {row.details.address.partition("@")[0]: row for row in DirectoryPerson.objects.all()}


def asked(company: Company) -> list[str]:
    return [entry["path"] for entry in company.google.log if "/photos/" in entry["path"]]


def sheet(company: Company, name: str) -> str:
    with company.inside():
        event = company.calendar(name).events.get()
    return signed_in(name).get(f"/events/{event.pk}/").content.decode()


def test_nothing_is_read_until_an_admin_says_so(met: Company) -> None:
    before = len(met.google.log)

    refreshed(met)

    assert kept(met) == {}
    assert len(met.google.log) == before


def test_whom_members_meet_is_kept_with_a_photo_and_nobody_else(met: Company) -> None:
    rows = kept(shown(met))

    assert {name: row.details.name for name, row in rows.items()} == {
        "ada": "Ada",
        "ben": "Ben",
        "dora": "Dora Diaz",
    }
    assert rows["ada"].photo is None
    with met.inside():
        image = directory_people.photo(met.member("ben"), rows["dora"].pk)
    assert image == directory_people.Image("image/png", PHOTO)


def test_a_photo_is_asked_for_again_only_when_it_is_another(met: Company) -> None:
    shown(met)
    assert len(asked(met)) == 2
    refreshed(met)
    assert len(asked(met)) == 2

    people = met.google.state.people
    people[address("dora")].photo = b64encode(PHOTO + b"new").decode()
    people[address("ben")].photo = ""
    rows = kept(refreshed(met))

    assert len(asked(met)) == 3
    assert rows["ben"].photo is None
    with met.inside():
        image = directory_people.photo(met.member("ben"), rows["dora"].pk)
    assert image is not None and image.content.endswith(b"new")


def test_many_photos_come_in_lots(met: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(messages, "wake", lambda task, *arguments, **_: woken.append(task.name))
    monkeypatch.setattr(directory_people, "MOST_PHOTOS", 1)
    with met.inside():
        directory_people.show(by=met.member("ada"))
    for photos in (1, 2, 2):
        with met.acting():
            tasks.refresh_directory_people()
        assert len(asked(met)) == photos
    assert woken == ["calendars.refresh_directory_people"]


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", PHOTO[:8] + bytes(300_000)])
def test_what_is_no_picture_or_too_large_is_neither_kept_nor_asked_for_again(met: Company, content: bytes) -> None:
    for name in ("ben", "dora"):
        met.google.state.people[address(name)].photo = b64encode(content).decode()

    rows = kept(refreshed(shown(met)))

    assert [row.photo for row in rows.values()] == [None] * 3
    assert len(asked(met)) == 2


def test_who_meets_nobody_any_more_and_who_left_the_directory_is_forgotten(met: Company) -> None:
    shown(met)
    met.google.delete_account(address("dora"))
    assert set(kept(refreshed(met))) == {"ada", "ben"}

    with clock.stopped(SUNDAY_NOON.replace(month=4)):
        refreshed(met)
    assert kept(met) == {}


def test_a_meetings_page_shows_names_and_photos_from_our_own_address(met: Company) -> None:
    rows = kept(shown(met))
    with clock.stopped(SUNDAY_NOON):
        page = sheet(met, "ben")
        assert "Dora Diaz" in page
        assert f'src="/people/{rows["dora"].pk}/photo"' in page
        assert "googleusercontent" not in page
        picture = signed_in("ben").get(f"/people/{rows['dora'].pk}/photo")

    assert (picture.content, picture["Content-Type"]) == (PHOTO, "image/png")
    assert picture["X-Content-Type-Options"] == "nosniff"
    assert picture["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


def test_another_organization_sees_no_photo(met: Company) -> None:
    rows = kept(shown(met))
    assert signed_in("mallory").get(f"/people/{rows['dora'].pk}/photo").status_code == 404
    assert Client().get(f"/people/{rows['dora'].pk}/photo").status_code != 200


def test_who_objects_is_shown_to_nobody_else_at_once_and_forgotten_at_the_next_reading(met: Company) -> None:
    rows = kept(shown(met))
    with met.inside():
        ada, ben = met.member("ada"), met.member("ben")
        choices.choose(ben, choices.Use.COLLEAGUES, allowed=False)

        assert directory_people.photo(ada, rows["ben"].pk) is None
        assert address("ben") not in directory_people.cards(ada, [address("ben")])
        assert directory_people.photo(ben, rows["ben"].pk) is not None

    assert set(kept(refreshed(met))) == {"ada", "dora"}


def test_an_objection_outlasts_a_deactivation(met: Company) -> None:
    with met.inside():
        ben = met.member("ben")
        choices.choose(ben, choices.Use.COLLEAGUES, allowed=False)
        ben.is_active = False
        ben.save()

    assert set(kept(shown(met))) == {"ada", "dora"}


def test_whose_calendar_a_rule_leaves_out_is_not_asked_for(met: Company) -> None:
    with met.inside():
        exclusions.add(CalendarExclusion.Kind.OWNER, address("dora"), by=met.member("ada"))

    assert set(kept(shown(met))) == {"ada", "ben"}
    assert not any("dora" in path for path in asked(met))


def test_a_colleague_who_joins_keeps_their_card_under_their_own_key(met: Company) -> None:
    assert kept(shown(met))["dora"].member_id is None
    met.sign_in("dora")

    row = kept(refreshed(met))["dora"]

    assert row.member_id == met.ids["dora"]
    assert row.photo is not None


def test_an_admin_switches_it_on_and_off_and_off_erases(met: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(messages, "wake", lambda task, *arguments, **_: woken.append(task.name))
    ada = signed_in("ada")
    assert "/accounts/google/confirm" in ada.post(SWITCH, {"show": "yes"}).headers["Location"]
    with met.inside():
        assert not DirectoryWatch.objects.get().shows_people
        BrowserSession.objects.update(confirmed_at=clock.now())
    assert ada.post(SWITCH, {"show": "yes"}).headers["Location"] == "/organization/domains/"
    assert woken[-1] == "calendars.refresh_directory_people"
    assert len(kept(refreshed(met))) == 3
    assert "erase them" in ada.get("/organization/domains/").content.decode()

    ada.post(SWITCH, {"show": "no"})

    assert kept(refreshed(met)) == {}
    with met.inside():
        told = AuditEntry.objects.filter(action__startswith="directory_people.").order_by("at")
        assert [entry.action for entry in told] == ["directory_people.shown", "directory_people.hidden"]


def test_the_end_of_the_consent_erases_what_was_read_by_it(met: Company) -> None:
    shown(met)
    with met.inside():
        directory.stop(by=met.member("ada"), reason="admin")

    assert kept(met) == {}


def test_a_no_while_google_answers_holds(met: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from clockwise.google import directory as google_directory

    people = google_directory.people

    def slow(*arguments: Any) -> Any:
        found = list(people(*arguments))
        with met.inside():
            directory_people.hide(by=met.member("ada"))
        return found

    monkeypatch.setattr(google_directory, "people", slow)

    assert kept(shown(met)) == {}


def test_a_google_that_does_not_answer_takes_nothing_away(met: Company) -> None:
    shown(met)
    met.google.state.people[address("ada")].is_admin = False

    assert set(kept(refreshed(met))) == {"ada", "ben", "dora"}
    with met.inside():
        assert DirectoryWatch.objects.exists()
