"""What a sync makes of Google's calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest

from calendars.models import Event, GoogleConnection
from clockwise import clock
from clockwise.encryption.errors import EncryptionError
from clockwise.google.errors import GoogleUnavailable
from clockwise.tenancy import current
from privacy.models import ProcessingSettings
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting


def titles(company: Company, name: str) -> list[str]:
    with company.inside():
        return [event.details.title for event in Event.objects.filter(member=company.ids[name]).order_by("start")]


def test_a_first_sync_brings_the_meeting_to_each_guests_calendar_with_one_index(company: Company) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben", "guest@outside.example"))
    company.sync()

    with company.inside():
        ada, ben = company.event("ada", google_id), company.event("ben", google_id)
        assert (ada.is_organizer, ben.is_organizer) == (True, False)
        assert bytes(ada.meeting_index) == bytes(ben.meeting_index)
        assert ada.start == datetime(2027, 3, 1, 9, tzinfo=UTC)
        assert ada.attendee_count == 3
        assert ada.details.organizer == address("ada")
        assert company.calendar("chie").time_zone == "Asia/Tokyo"


def test_an_edit_reaches_us_by_the_sync_token_alone(company: Company) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.insert("ada", meeting("Other", MONDAY, 14, 30, "ada"))
    company.sync()
    later = meeting("Plan, later", MONDAY, 11, 60)
    company.google.as_person(address("ada"), "patch", google_id, {k: later[k] for k in ("start", "end", "summary")})
    company.google.log.clear()
    company.sync("ben")

    assert titles(company, "ben") == ["Plan, later"]
    [listing] = [entry for entry in company.google.log if entry["path"].endswith("/events")]
    assert "syncToken" in listing["query"]


def test_a_deleted_event_leaves(company: Company) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.sync()
    company.google.as_person(address("ada"), "delete", google_id)
    company.sync()

    assert titles(company, "ada") == titles(company, "ben") == []


def test_one_instance_of_a_series_moves_alone(company: Company) -> None:
    rule = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}
    google_id = company.insert("ada", meeting("Weekly", MONDAY, 10, 30, "ada", "ben", **rule))
    company.sync()
    instance = f"{google_id}_20270308T090000Z"
    moved = meeting("", MONDAY + timedelta(days=8), 15, 30)
    company.google.as_person(address("ada"), "patch", instance, {k: moved[k] for k in ("start", "end")})
    company.sync()

    with company.inside():
        starts = {e.google_id: e.start for e in Event.objects.filter(member=company.ids["ben"])}
        event = company.event("ben", instance)
        assert event.original_start == datetime(2027, 3, 8, 9, tzinfo=UTC)
        assert event.series_id == google_id
    assert starts[instance] == datetime(2027, 3, 9, 14, tzinfo=UTC)
    assert len(starts) == 3


def test_a_series_keeps_its_local_time_when_the_clocks_change(company: Company) -> None:
    rule = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]}
    company.insert("ada", meeting("Weekly", date(2027, 3, 22), 10, 30, "ada", **rule))
    with clock.stopped(SUNDAY_NOON + timedelta(days=14)):
        company.google.state.clock = SUNDAY_NOON + timedelta(days=14)
        company.sync("ada")

    with company.inside():
        starts = [event.start for event in Event.objects.filter(member=company.ids["ada"]).order_by("start")]
    assert starts == [datetime(2027, 3, 22, 9, tzinfo=UTC), datetime(2027, 3, 29, 8, tzinfo=UTC)]


def test_an_expired_token_lists_anew_and_loses_and_doubles_nothing(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.sync()
    company.google.expire_sync_tokens()
    company.insert("ada", meeting("New", MONDAY, 12, 60, "ada"))
    company.sync()

    assert titles(company, "ada") == ["Plan", "New"]


def test_nothing_is_kept_of_a_listing_that_broke_off(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    company.sync()
    company.google.expire_sync_tokens()
    company.google.faults.add({"match": {"path_regex": "/events$"}, "fault": "503", "times": 2})
    with pytest.raises(GoogleUnavailable):
        company.sync("ada")

    assert titles(company, "ada") == ["Plan"]
    with company.inside():
        assert company.calendar("ada").problem == "unavailable"


def test_a_revoked_grant_turns_the_connection_off_and_forgets_its_tokens(company: Company) -> None:
    company.sync()
    company.google.revoke(address("ben"))
    company.sync("ben")

    connection = company.connection("ben")
    assert connection.state == GoogleConnection.State.REVOKED
    assert connection.credentials is None
    assert company.connection("ada").state == GoogleConnection.State.ACTIVE


def test_a_google_that_is_down_ends_nobodys_connection(company: Company) -> None:
    company.google.faults.add({"match": {}, "fault": "500", "times": 50})
    with pytest.raises(GoogleUnavailable):
        company.sync("ada")

    assert company.connection("ada").state == GoogleConnection.State.ACTIVE


def test_descriptions_are_never_asked_for_until_an_admin_lets_them_in(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", description="the canary"))
    company.google.log.clear()
    company.sync("ada")
    listings = [entry for entry in company.google.log if entry["path"].endswith("/events")]

    assert listings
    assert all("description" not in entry["query"]["fields"] for entry in listings)
    with company.inside():
        assert Event.objects.get().details.description == ""
        ProcessingSettings.objects.create(descriptions=True)
    company.sync("ada")
    with company.inside():
        assert Event.objects.get().details.description == "the canary"


def test_another_organization_sees_nothing_of_it(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    company.sync()

    with current.organization(company.other_organization_id):
        assert Event.objects.count() == 0
        assert not GoogleConnection.objects.filter(member=company.ids["ada"]).exists()


def test_words_are_sealed_under_their_members_key(company: Company) -> None:
    from clockwise.encryption import keys

    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.sync()
    keys.shred_member(company.organization_id, company.ids["ada"])

    with company.inside():
        with pytest.raises(EncryptionError):
            _ = Event.objects.get(member=company.ids["ada"]).details
        assert Event.objects.get(member=company.ids["ben"]).details.title == "Plan"


def test_a_sync_that_was_stopped_by_the_end_of_access_stores_nothing(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    with company.inside():
        from clockwise.organizations import access

        access.end(company.member("ada"), reason="test")
    company.sync("ada")

    assert titles(company, "ada") == []
    assert company.connection("ada").credentials is None
