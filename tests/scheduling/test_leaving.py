"""A10: what we placed on a calendar goes with the connection; what its person made theirs stays."""

import pytest

from calendars import connections, leftovers
from calendars.models import GoogleConnection
from clockwise.organizations import access
from clockwise.organizations.reasons import Reason
from privacy import erasure, exclusions
from privacy.models import CalendarExclusion, Erasure
from scheduling.models import Hold
from tests.company import Company, address
from tests.privacy.test_exclusions import requests_naming
from tests.scheduling.proposing import accepted_hold


def deactivate(company: Company) -> None:
    with company.inside():
        access.end(company.member("ada"), reason=Reason.ADMIN)
    with company.acting():
        connections.revoke(company.connection("ada").pk)


def is_there(company: Company, hold: Hold) -> bool:
    return bool(company.google.event(address("ada"), hold.google_id)["status"] != "cancelled")


def deletions(company: Company) -> int:
    return sum(entry["method"] == "DELETE" and "/events/" in entry["path"] for entry in company.google.log)


def state_of(company: Company, hold: Hold) -> str:
    with company.inside():
        return str(Hold.objects.get(pk=hold.pk).state)


def test_a10_deactivating_takes_holds_away_before_the_grant_is_forgotten(company: Company) -> None:
    hold = accepted_hold(company)
    assert is_there(company, hold)
    company.google.log.clear()
    deactivate(company)
    assert not is_there(company, hold)
    assert state_of(company, hold) == Hold.State.DELETED
    assert company.connection("ada").to_revoke is None
    paths = [entry["path"] for entry in company.google.log]
    assert paths.index("/revoke") > max(n for n, path in enumerate(paths) if "/events/" in path)


def test_a10_a_second_look_finds_nothing(company: Company) -> None:
    accepted_hold(company)
    deactivate(company)
    company.google.log.clear()
    with company.acting():
        client = connections.client_for(company.connection("ben").pk)
        assert leftovers.remove(company.ids["ada"], client) == 0
    assert deletions(company) == 0


def test_a10_a_hold_that_its_person_moved_stays(company: Company) -> None:
    hold = accepted_hold(company)
    with company.inside():
        Hold.objects.filter(pk=hold.pk).update(state=Hold.State.PINNED)
    deactivate(company)
    assert is_there(company, hold)


def test_a10_a_hold_that_was_edited_and_not_yet_synced_stays(company: Company) -> None:
    hold = accepted_hold(company)
    company.google.as_person(address("ada"), "patch", event_id=hold.google_id, body={"summary": "Write the paper"})
    deactivate(company)
    assert is_there(company, hold)
    assert company.connection("ada").to_revoke is None


def test_a10_a_calendar_that_is_left_out_is_named_in_no_request_for_it(company: Company) -> None:
    hold = accepted_hold(company)
    with company.inside():
        exclusions.add(CalendarExclusion.Kind.CALENDAR, address("ada"), by=company.member("ada"))
    company.google.log.clear()
    deactivate(company)
    assert requests_naming(company, "ada") == []
    assert company.connection("ada").state == GoogleConnection.State.DISCONNECTED
    assert is_there(company, hold)


def test_a10_erasing_somebody_leaves_nothing_of_ours_in_their_calendar(company: Company) -> None:
    hold = accepted_hold(company)
    with company.inside():
        request = erasure.begin(company.member("ada"), by=None)
    with company.acting():
        erasure.carry_out(request.pk)
    assert not is_there(company, hold)
    with company.inside():
        assert Erasure.objects.get().told_google


def test_a10_control_without_owners_it_stays(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = accepted_hold(company)
    monkeypatch.setattr(leftovers, "_owners", [])
    deactivate(company)
    assert is_there(company, hold)
