"""Series, instances and exceptions, by google-api-python-client.

Pages are named from developers.google.com/workspace/calendar/api/ on.
"""

from typing import Any

import pytest

from tests.conformance.google import ADA, BEN, Accounts, Json, guests, refused, starts, timed

MARCH = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-04-15T00:00:00Z"}


def weekly(accounts: Accounts, *lines: str, **extra: Any) -> Json:
    rule = ["RRULE:FREQ=WEEKLY;COUNT=3", *lines]
    return accounts.insert(ADA, timed("2027-03-15T10:00", "2027-03-15T11:00", recurrence=rule, **extra))


def edit(accounts: Accounts, event_id: str, body: Json, email: str = ADA) -> Json:
    found: Json = accounts.calendar(email).events().patch(calendarId="primary", eventId=event_id, body=body).execute()
    return found


def instances(accounts: Accounts, email: str = ADA, **query: Any) -> list[Json]:
    found: list[Json] = accounts.list(email, singleEvents=True, **MARCH, **query)["items"]
    return found


def times(start: str, end: str) -> Json:
    body = timed(start, end)
    return {"start": body["start"], "end": body["end"]}


def test_instances_keep_the_local_time_when_the_clocks_change(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/concepts/events-calendars#recurring_events"""
    series = weekly(accounts)
    found = instances(accounts)

    assert starts(found) == ["2027-03-15T10:00:00+01:00", "2027-03-22T10:00:00+01:00", "2027-03-29T10:00:00+02:00"]
    utc = ("20270315T090000Z", "20270322T090000Z", "20270329T080000Z")
    assert [item["id"] for item in found] == [f"{series['id']}_{at}" for at in utc]
    assert {item["recurringEventId"] for item in found} == {series["id"]}
    assert [item["originalStartTime"] for item in found] == [item["start"] for item in found]
    assert all("recurrence" not in item for item in found)


def test_without_single_events_the_series_comes_as_one(accounts: Accounts) -> None:
    """v3/reference/events/list: `singleEvents`"""
    series = weekly(accounts)
    [item] = accounts.list(ADA, **MARCH)["items"]
    assert (item["id"], item["recurrence"]) == (series["id"], ["RRULE:FREQ=WEEKLY;COUNT=3"])
    assert accounts.list(ADA, timeMin="2027-05-01T00:00:00Z")["items"] == []


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("RRULE:FREQ=DAILY;UNTIL=20270303T090000Z", ["01", "02", "03"]),
        ("RRULE:FREQ=DAILY;UNTIL=20270302", ["01", "02"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", ["01", "03", "08", "10"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=2", ["01", "05"]),
        ("RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3\nEXDATE;TZID=Europe/Berlin:20270303T100000", ["01", "05"]),
        ("RRULE:FREQ=DAILY;COUNT=2\nRDATE:20270310T090000Z", ["01", "02", "10"]),
    ],
)
def test_rules_are_expanded(accounts: Accounts, rule: str, days: list[str]) -> None:
    """v3/reference/events: `recurrence`; RFC 5545, section 3.8.5"""
    accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00", recurrence=rule.split("\n")))
    assert [start[8:10] for start in starts(instances(accounts))] == days


def test_an_all_day_series_has_dates_in_its_ids(accounts: Accounts) -> None:
    """v3/reference/events: `date`, exclusive `end`"""
    days = {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}, "recurrence": ["RRULE:FREQ=DAILY;COUNT=2"]}
    series = accounts.insert(ADA, days)
    found = instances(accounts)
    assert [item["id"] for item in found] == [f"{series['id']}_20270301", f"{series['id']}_20270302"]
    assert found[1]["end"] == {"date": "2027-03-03"}


def test_a_moved_instance_is_an_exception_that_remembers_its_original_start(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/recurringevents#modifying_or_deleting_instances"""
    series = weekly(accounts, attendees=guests(ADA, BEN))
    instance = f"{series['id']}_20270322T090000Z"
    token = accounts.list(BEN, singleEvents=True, showDeleted=True, **MARCH)["nextSyncToken"]
    edit(accounts, instance, times("2027-03-23T15:00", "2027-03-23T16:00"))

    [seen] = accounts.list(BEN, singleEvents=True, showDeleted=True, syncToken=token)["items"]
    assert seen["id"] == instance
    assert seen["start"]["dateTime"] == "2027-03-23T15:00:00+01:00"
    assert seen["originalStartTime"]["dateTime"] == "2027-03-22T10:00:00+01:00"
    assert len(instances(accounts)) == 3
    ids = {item["id"] for item in accounts.list(ADA)["items"]}
    assert ids == {series["id"], instance}


def test_an_instance_moved_into_the_window_is_found_there(accounts: Accounts) -> None:
    """v3/reference/events/list: the window counts where the instance is now"""
    series = weekly(accounts)
    edit(accounts, f"{series['id']}_20270329T080000Z", times("2027-03-02T10:00", "2027-03-02T11:00"))
    window = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-03-08T00:00:00Z"}
    found = accounts.list(ADA, singleEvents=True, **window)["items"]
    assert starts(found) == ["2027-03-02T10:00:00+01:00"]


def test_a_cancelled_instance_leaves_a_cancelled_exception(accounts: Accounts) -> None:
    """guides/recurringevents#modifying_or_deleting_instances; v3/reference/events: `status`"""
    series = weekly(accounts)
    instance = f"{series['id']}_20270322T090000Z"
    accounts.calendar(ADA).events().delete(calendarId="primary", eventId=instance).execute()

    assert len(instances(accounts)) == 2
    exception = next(item for item in accounts.list(ADA)["items"] if item["id"] == instance)
    assert (exception["status"], exception["recurringEventId"]) == ("cancelled", series["id"])
    assert exception["originalStartTime"]["dateTime"] == "2027-03-22T10:00:00+01:00"
    assert refused(accounts.calendar(ADA).events().delete(calendarId="primary", eventId=instance)) == (410, "deleted")


def test_an_edit_of_the_series_leaves_what_an_exception_changed(accounts: Accounts) -> None:
    """guides/recurringevents: exceptions keep their differences"""
    series = weekly(accounts)
    instance = f"{series['id']}_20270322T090000Z"
    edit(accounts, instance, {"summary": "Special"})
    edit(accounts, series["id"], {"summary": "Renamed", "location": "There"})
    assert [(item["summary"], item["location"]) for item in instances(accounts)] == [
        ("Renamed", "There"),
        ("Special", "There"),
        ("Renamed", "There"),
    ]


def test_a_series_that_is_cut_or_moved_brings_what_it_lost_as_cancelled(accounts: Accounts) -> None:
    """guides/sync: deleted entries are always in the result; guides/recurringevents: cutting a series with UNTIL"""
    series = weekly(accounts)
    token = accounts.list(ADA, singleEvents=True, **MARCH)["nextSyncToken"]
    edit(accounts, series["id"], {"recurrence": ["RRULE:FREQ=WEEKLY;UNTIL=20270322T225959Z"]})
    cut = accounts.list(ADA, singleEvents=True, syncToken=token)
    gone = [item["id"] for item in cut["items"] if item["status"] == "cancelled"]
    assert gone == [f"{series['id']}_20270329T080000Z"]

    edit(accounts, series["id"], times("2027-03-15T14:00", "2027-03-15T15:00"))
    moved = accounts.list(ADA, singleEvents=True, syncToken=cut["nextSyncToken"])["items"]
    by_status = {
        status: [i["id"][-16:] for i in moved if i["status"] == status] for status in ("confirmed", "cancelled")
    }
    assert by_status["confirmed"] == ["20270315T130000Z", "20270322T130000Z"]
    assert sorted(by_status["cancelled"]) == ["20270315T090000Z", "20270322T090000Z"]


def test_instances_of_a_series_are_listed_and_others_have_none(accounts: Accounts) -> None:
    """v3/reference/events/instances"""
    series = weekly(accounts)
    events = accounts.calendar(ADA).events()
    page = events.instances(calendarId="primary", eventId=series["id"], maxResults=2).execute()
    rest = events.instances(calendarId="primary", eventId=series["id"], pageToken=page["nextPageToken"]).execute()
    assert len(page["items"] + rest["items"]) == 3
    instance = events.get(calendarId="primary", eventId=page["items"][0]["id"]).execute()
    assert instance["recurringEventId"] == series["id"]
    unknown = f"{series['id']}_20270316T090000Z"
    assert refused(events.get(calendarId="primary", eventId=unknown)) == (404, "notFound")


def test_a_guest_of_one_instance_gets_that_one_alone(accounts: Accounts) -> None:
    """v3/reference/events: attendees of an exception"""
    series = weekly(accounts)
    instance = f"{series['id']}_20270322T090000Z"
    edit(accounts, instance, {"attendees": guests(ADA, BEN)})
    assert [item["id"] for item in instances(accounts, BEN)] == [instance]


def test_a_recurring_event_needs_a_time_zone(accounts: Accounts) -> None:
    """v3/reference/events: `start.timeZone` is required for recurring events"""
    at = {"start": {"dateTime": "2027-03-01T10:00:00Z"}, "end": {"dateTime": "2027-03-01T11:00:00Z"}}
    body = {**at, "recurrence": ["RRULE:FREQ=DAILY"]}
    assert refused(accounts.calendar(ADA).events().insert(calendarId="primary", body=body)) == (400, "required")
