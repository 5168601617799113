"""What a sync makes of Google's calendar."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partialmethod
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from calendars import changes, delivery, locks, outbox
from calendars.changes import Change
from calendars.models import Calendar, Event, GoogleConnection, SetAsideEvent
from calendars.sync import calendar as one_calendar
from clockwise import clock
from clockwise.encryption.errors import EncryptionError
from clockwise.google import transport
from clockwise.google.client import CalendarClient
from clockwise.google.errors import GoogleUnavailable
from clockwise.google.event import GoogleEvent, UnreadableEvent, parse_event
from clockwise.organizations import access
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current
from privacy.models import ProcessingSettings
from scheduling import flexibility
from scheduling.pages.sync import sync_state
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


def test_a_calendar_is_left_alone_for_as_long_as_google_asks(company: Company) -> None:
    company.sync("ada")
    company.google.faults.add({"match": {"path_regex": "/events$"}, "fault": {"503": 3600}})
    with pytest.raises(GoogleUnavailable):
        company.sync("ada")
    with company.inside():
        again = company.calendar("ada").next_sync_at
    assert again is not None
    assert again >= SUNDAY_NOON + timedelta(hours=1)


def test_a_listing_that_takes_too_long_changes_nothing(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    company.sync("ada")
    company.insert("ada", meeting("New", MONDAY, 12, 60, "ada"))
    with monkeypatch.context() as impatient:
        impatient.setattr(transport, "READ_SECONDS", 0.5)
        transport._pool.cache_clear()
        company.google.faults.add({"match": {"path_regex": "/events$"}, "fault": {"slow": 2}})
        with pytest.raises(GoogleUnavailable, match="timeout"):
            company.sync("ada")
    transport._pool.cache_clear()
    assert titles(company, "ada") == ["Plan"]
    company.sync("ada")
    assert titles(company, "ada") == ["Plan", "New"]


def test_a_revoked_grant_turns_the_connection_off_and_forgets_its_tokens(company: Company) -> None:
    company.sync()
    company.google.revoke(address("ben"))
    company.sync("ben")

    ended = company.connection("ben")
    assert ended.state == GoogleConnection.State.REVOKED
    assert ended.credentials is None
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

    assert listings(company)
    assert all("description" not in entry["query"]["fields"] for entry in listings(company))
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
        access.end(company.member("ada"), reason=Reason.ADMIN)
    company.sync("ada")

    assert titles(company, "ada") == []
    assert company.connection("ada").credentials is None


def listings(company: Company) -> list[dict[str, Any]]:
    return [entry for entry in company.google.log if entry["path"].endswith("/events")]


def test_a_calendar_of_many_pages_is_read_to_the_last(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in range(9, 14):
        company.insert("ada", meeting(f"At {hour}", MONDAY, hour, 30, "ada"))
    page = CalendarClient.events_page
    monkeypatch.setattr(CalendarClient, "events_page", partialmethod(page, max_results=2))
    company.google.log.clear()
    company.sync("ada")

    assert titles(company, "ada") == [f"At {hour}" for hour in range(9, 14)]
    assert len(listings(company)) == 3


def test_a_page_that_fails_leaves_the_rows_and_the_token_of_before(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.insert("ada", meeting("Old", MONDAY, 9, 30, "ada"))
    company.sync("ada")
    with company.inside():
        token = company.calendar("ada").details.sync_token
    for hour in range(10, 14):
        company.insert("ada", meeting(f"At {hour}", MONDAY, hour, 30, "ada"))
    page = CalendarClient.events_page

    def second_page_fails(client: CalendarClient, *args: Any, page_token: str | None = None, **kwargs: Any) -> Any:
        if page_token:
            raise GoogleUnavailable("http_503")
        return page(client, *args, page_token=page_token, max_results=2, **kwargs)

    monkeypatch.setattr(CalendarClient, "events_page", second_page_fails)
    with pytest.raises(GoogleUnavailable):
        company.sync("ada")

    assert titles(company, "ada") == ["Old"]
    with company.inside():
        assert company.calendar("ada").details.sync_token == token


def test_only_the_horizon_is_kept(company: Company) -> None:
    for days in (-36, -34, 27, 40):
        company.insert("ada", meeting(f"{days}", SUNDAY_NOON.date() + timedelta(days=days), 10, 30, "ada"))
    company.sync("ada")
    assert titles(company, "ada") == ["-34", "27"]


def test_an_event_that_moves_out_of_the_horizon_leaves(company: Company) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    company.sync("ada")
    far = meeting("Plan", MONDAY + timedelta(days=90), 10, 60)
    company.google.as_person(address("ada"), "patch", google_id, {k: far[k] for k in ("start", "end")})
    company.sync("ada")
    assert titles(company, "ada") == []


def test_the_horizon_moves_on_with_the_days(company: Company) -> None:
    company.insert("ada", meeting("Then", SUNDAY_NOON.date() + timedelta(days=38), 10, 30, "ada"))
    company.sync("ada")
    assert titles(company, "ada") == []
    with clock.stopped(SUNDAY_NOON + timedelta(days=7)):
        company.google.state.clock = SUNDAY_NOON + timedelta(days=7)
        company.sync("ada")
    assert titles(company, "ada") == ["Then"]


def test_one_event_that_nobody_can_read_is_set_aside(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = company.insert("ada", meeting("Broken", MONDAY, 9, 30, "ada"))
    company.insert("ada", meeting("Plan", MONDAY, 10, 30, "ada"))
    page = CalendarClient.events_page

    def with_a_broken_item(client: CalendarClient, *args: Any, **kwargs: Any) -> Any:
        answer = page(client, *args, **kwargs)
        for item in answer.get("items", ()):
            if item.get("summary") == "Broken":
                item["start"] = {"dateTime": "soon"}
        return answer

    monkeypatch.setattr(CalendarClient, "events_page", with_a_broken_item)
    company.sync("ada")
    assert titles(company, "ada") == ["Plan"]
    with company.inside():
        assert [row.reason for row in SetAsideEvent.objects.filter(member=company.ids["ada"])] == ["time"]
        shown = sync_state(company.member("ada"), company.calendar("ada"), now=clock.now())
    assert (shown.state, shown.set_aside) == ("done", 1)

    monkeypatch.undo()
    company.google.as_person(address("ada"), "patch", broken, {"summary": "Mended"})
    company.sync("ada")
    assert titles(company, "ada") == ["Mended", "Plan"]
    with company.inside():
        assert not SetAsideEvent.objects.exists()


def test_our_own_write_that_comes_back_is_nobodys_edit(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """S14: the answer's etag is stored with the write."""
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 30, "ada"))
    company.sync("ada")
    with company.inside():
        event = company.event("ada", google_id)
        start, end = event.start + timedelta(hours=2), event.end + timedelta(hours=2)
        outbox.add([outbox.patch(event, start=start, end=end, purpose="test", purpose_id=uuid4())])
    heard: list[Sequence[Change]] = []
    with company.acting():
        delivery.deliver()
        monkeypatch.setattr(changes, "_listeners", [lambda _, changed, removed: heard.append(changed)])
        company.sync("ada")
    assert heard == []
    with company.inside():
        assert company.event("ada", google_id).start == start


def test_guests_that_google_hides_are_counted_as_one_more(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """S13: `attendeesOmitted`"""
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 30, "ada", "ben"))
    page = CalendarClient.events_page

    def hidden(client: CalendarClient, *args: Any, **kwargs: Any) -> Any:
        answer = page(client, *args, **kwargs)
        for item in answer.get("items", ()):
            item["attendees"] = [guest for guest in item["attendees"] if guest.get("self")]
            item["attendeesOmitted"] = True
        return answer

    monkeypatch.setattr(CalendarClient, "events_page", hidden)
    company.sync("ben")
    with company.inside():
        event = company.event("ben", google_id)
        assert (event.attendee_count, len(event.details.attendees)) == (2, 1)


@pytest.mark.parametrize(
    ("extra", "busy"),
    [
        ({}, True),
        ({"transparency": "transparent"}, False),
        ({"eventType": "focusTime"}, True),
        ({"eventType": "outOfOffice"}, True),
        ({"eventType": "workingLocation"}, False),
        ({"eventType": "birthday", "transparency": "transparent"}, False),
        ({"eventType": "fromGmail"}, True),
        ({"eventType": "somethingNew"}, True),
        ({"visibility": "private"}, True),
    ],
)
def test_what_takes_time_by_type_and_transparency(extra: dict[str, str], busy: bool) -> None:
    """S11: concepts/events-calendars, "Event types" """
    times = {k: {"dateTime": f"2027-03-01T1{n}:00:00Z"} for k, n in (("start", 0), ("end", 1))}
    found = parse_event({"id": "x", **times, **extra}, calendar_time_zone="Europe/Berlin")
    assert isinstance(found, GoogleEvent)
    assert found.busy is busy
    assert found.event_type == extra.get("eventType", "default")


@pytest.mark.parametrize(
    ("item", "part"),
    [
        ({}, "id"),
        ({"id": "nul\0"}, "id"),
        ({"id": "x"}, "time"),
        ({"id": "x", "start": {"dateTime": "soon"}}, "time"),
        ({"id": "x", "start": {"date": "9999-12-31"}, "end": {"date": "9999-12-31"}}, "time"),
        ({"id": "x", "start": {"date": "2027-03-01"}, "summary": 7}, "content"),
        ({"id": "x", "start": {"date": "2027-03-01"}, "etag": "e" * 65}, "content"),
        ({"id": "x", "start": {"date": "2027-03-01"}, "eventType": "a\0b"}, "content"),
        ({"id": "x", "start": {"date": "2027-03-01"}, "attendees": ["ada"]}, "content"),
    ],
)
def test_what_cannot_be_read_says_which_part(item: dict[str, Any], part: str) -> None:
    with pytest.raises(UnreadableEvent) as refusal:
        parse_event(item, calendar_time_zone="UTC")
    assert refusal.value.part == part


def test_a_server_without_sync_tokens_is_listed_anew_each_time(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 30, "ada"))
    page = CalendarClient.events_page

    def without_token(client: CalendarClient, *args: Any, **kwargs: Any) -> Any:
        answer = page(client, *args, **kwargs)
        answer.pop("nextSyncToken", None)
        return answer

    monkeypatch.setattr(CalendarClient, "events_page", without_token)
    company.sync("ada")
    company.google.as_person(address("ada"), "delete", google_id)
    company.sync("ada")
    assert titles(company, "ada") == []


def test_a_series_cancelled_by_its_own_id_takes_its_instances_along(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}
    google_id = company.insert("ada", meeting("Weekly", MONDAY, 10, 30, "ada", **rule))
    company.insert("ada", meeting("Plan", MONDAY, 12, 30, "ada"))
    company.sync("ada")
    stub = {"items": [{"id": google_id, "status": "cancelled"}], "nextSyncToken": "next"}
    monkeypatch.setattr(CalendarClient, "events_page", lambda *_, **__: stub)
    company.sync("ada")
    assert titles(company, "ada") == ["Plan"]


def test_a_calendar_that_moves_to_another_zone_takes_its_whole_days_along(company: Company) -> None:
    day = {"start": {"date": "2027-03-02"}, "end": {"date": "2027-03-03"}}
    company.google.as_person(address("chie"), "insert", body={"summary": "Holiday", **day})
    company.sync("chie")
    with company.inside():
        assert Event.objects.get().start == datetime(2027, 3, 1, 15, tzinfo=UTC)

    company.google.state.calendars[address("chie")].time_zone = "Europe/Berlin"
    with company.acting():
        with current.transaction():
            calendar_id = company.calendar("chie").pk
        one_calendar.sync(calendar_id)  # learns of the zone
        one_calendar.sync(calendar_id)

    with company.inside():
        assert company.calendar("chie").time_zone == "Europe/Berlin"
        assert Event.objects.get().start == datetime(2027, 3, 1, 23, tzinfo=UTC)


def test_one_worker_at_a_time_has_a_calendar(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    company.sync("ada")
    with company.inside():
        calendar_id = company.calendar("ada").pk
    monkeypatch.setattr(one_calendar, "WAIT_SECONDS", 0)
    company.google.log.clear()
    held = locks.hold(f"calendar:{calendar_id}", lease_seconds=10, wait_seconds=0)
    with held, company.acting(), pytest.raises(locks.Busy):
        one_calendar.sync(calendar_id)
    assert company.google.log == []


def test_listeners_hear_what_changed_inside_the_transaction_that_changes_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[list[str], list[str], bool]] = []

    def listener(calendar: Calendar, changed: Sequence[Change], removed: Sequence[str]) -> None:
        heard.append(([change.event.google_id for change in changed], list(removed), connection.in_atomic_block))

    gone = company.insert("ada", meeting("Gone", MONDAY, 9, 30, "ada"))
    company.insert("ada", meeting("Same", MONDAY, 10, 30, "ada"))
    company.sync("ada")
    monkeypatch.setattr(changes, "_listeners", [listener])
    company.google.as_person(address("ada"), "delete", gone)
    new = company.insert("ada", meeting("New", MONDAY, 11, 30, "ada"))
    company.sync("ada")
    assert heard == [([new], [gone], True)]


def test_a_calendar_whose_zone_google_will_not_tell_is_synced_all_the_same(company: Company) -> None:
    company.google.faults.add({"match": {"path_regex": "/calendars/[^/]+$"}, "fault": "403_rate"})
    company.insert("chie", meeting("Plan", MONDAY, 10, 30, "chie"))
    company.sync("chie")
    assert titles(company, "chie") == ["Plan"]


def test_a_meeting_that_is_given_to_another_organizer_is_theirs_from_then_on(company: Company) -> None:
    """v3/reference/events/move: "moves an event to another calendar, i.e. changes an event's organizer"."""
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.google.put_calendar(address("ada"), {"id": address("ben"), "summary": "Ben", "role": "writer"})
    company.sync()
    with company.inside():
        before = company.event("ben", google_id)
    company.google.move(address("ada"), google_id, address("ben"))
    company.sync()

    with company.inside():
        ada, ben = company.event("ada", google_id), company.event("ben", google_id)
        assert (ada.is_organizer, ben.is_organizer) == (False, True)
        assert ben.pk == before.pk
        assert bytes(ben.meeting_index) == bytes(before.meeting_index)
        assert ben.details.organizer == address("ben")
        assert not flexibility.may_move(ada, by=company.member("ada"))
        assert flexibility.may_move(ben, by=company.member("ben"))
