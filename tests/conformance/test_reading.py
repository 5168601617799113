"""events.list, events.get, calendars and settings, by google-api-python-client.

Pages are named from developers.google.com/workspace/calendar/api/ on.
"""

import gzip
import json
from typing import Any

import pytest
import requests

from calendars.emulator.server import Emulator
from tests.conformance.google import (
    ADA,
    API,
    BEN,
    CHIE,
    DAN,
    IDENTITY,
    ROOM,
    Accounts,
    guests,
    refused,
    starts,
    timed,
)


def test_a_page_has_a_token_for_the_next_and_the_last_one_for_the_sync(accounts: Accounts) -> None:
    """v3/reference/events/list: `maxResults`, `nextPageToken`, `nextSyncToken`"""
    ids = [accounts.insert(ADA, timed(f"2027-03-0{day}T10:00", f"2027-03-0{day}T11:00"))["id"] for day in range(1, 6)]
    first = accounts.list(ADA, maxResults=2)
    second = accounts.list(ADA, maxResults=2, pageToken=first["nextPageToken"])
    third = accounts.list(ADA, maxResults=2, pageToken=second["nextPageToken"])

    assert [item["id"] for page in (first, second, third) for item in page["items"]] == ids
    assert "nextSyncToken" not in first
    assert "nextPageToken" not in third
    assert third["nextSyncToken"]


def test_an_edit_between_two_pages_neither_repeats_nor_skips_an_event(accounts: Accounts) -> None:
    """v3/reference/events/list: "unspecified, stable order" """
    ids = [accounts.insert(ADA, timed(f"2027-03-0{day}T10:00", f"2027-03-0{day}T11:00"))["id"] for day in range(1, 5)]
    first = accounts.list(ADA, maxResults=2)
    accounts.calendar(ADA).events().delete(calendarId="primary", eventId=ids[0]).execute()
    second = accounts.list(ADA, maxResults=2, pageToken=first["nextPageToken"])

    assert [item["id"] for item in second["items"]] == ids[2:]
    changed = accounts.list(ADA, syncToken=second["nextSyncToken"])["items"]
    assert [(item["id"], item["status"]) for item in changed] == [(ids[0], "cancelled")]


def test_a_window_is_exclusive_on_both_sides(accounts: Accounts) -> None:
    """v3/reference/events/list: `timeMin` bounds the end, `timeMax` the start"""
    for hour in (8, 9, 10):
        accounts.insert(ADA, timed(f"2027-03-01T{hour:02}:00", f"2027-03-01T{hour + 1:02}:00"))
    found = accounts.list(ADA, timeMin="2027-03-01T09:00:00+01:00", timeMax="2027-03-01T10:00:00+01:00")
    assert starts(found["items"]) == ["2027-03-01T09:00:00+01:00"]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"timeMin": "2027-03-01T09:00:00"}, (400, "badRequest")),
        ({"timeMin": "2027-03-02T00:00:00Z", "timeMax": "2027-03-01T00:00:00Z"}, (400, "timeRangeEmpty")),
        ({"orderBy": "startTime"}, (400, "badRequest")),
        ({"maxResults": 0}, (400, "invalidParameter")),
        ({"fields": "items(id"}, (400, "invalidParameter")),
        ({"pageToken": "x"}, (400, "invalid")),
        ({"timeZone": "Europe/Atlantis"}, (400, "invalid")),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(accounts: Accounts, query: dict[str, Any], answer: object) -> None:
    """v3/reference/events/list: the parameters' descriptions; guides/errors"""
    assert refused(accounts.calendar(ADA).events().list(calendarId="primary", **query)) == answer


def test_a_partial_response_holds_what_was_asked_for_and_nothing_else(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/performance#partial"""
    body = timed("2027-03-01T10:00", "2027-03-01T11:00", attendees=guests(ADA, BEN), description="secret")
    event = accounts.insert(ADA, body, fields="id,attendees/email")
    found = accounts.list(ADA, fields="nextPageToken,items(id,start/dateTime,attendees(email,responseStatus))")

    assert set(event) == {"id", "attendees"}
    assert found == {
        "items": [
            {
                "id": event["id"],
                "start": {"dateTime": "2027-03-01T10:00:00+01:00"},
                "attendees": [
                    {"email": ADA, "responseStatus": "accepted"},
                    {"email": BEN, "responseStatus": "needsAction"},
                ],
            }
        ]
    }


def test_each_reader_gets_times_in_the_calendars_zone_unless_asked_for_another(accounts: Accounts) -> None:
    """v3/reference/events/list: `timeZone`"""
    accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00", attendees=guests(ADA, CHIE)))
    own = accounts.list(CHIE)
    asked = accounts.list(CHIE, timeZone="UTC")

    assert own["timeZone"] == "Asia/Tokyo"
    assert starts(own["items"]) == ["2027-03-01T18:00:00+09:00"]
    assert own["items"][0]["start"]["timeZone"] == "Europe/Berlin"
    assert starts(asked["items"]) == ["2027-03-01T09:00:00Z"]


def test_deleted_events_are_shown_only_when_asked_for(accounts: Accounts) -> None:
    """v3/reference/events/list: `showDeleted`"""
    event = accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00"))
    accounts.calendar(ADA).events().delete(calendarId="primary", eventId=event["id"]).execute()

    assert accounts.list(ADA)["items"] == []
    assert [item["status"] for item in accounts.list(ADA, showDeleted=True)["items"]] == ["cancelled"]


def test_a_colleague_sees_a_private_event_without_its_words(accounts: Accounts) -> None:
    """v3/reference/events#visibility; concepts/sharing"""
    secret = timed("2027-03-01T10:00", "2027-03-01T11:00", visibility="private", attendees=guests(ADA, CHIE))
    accounts.insert(ADA, secret | {"description": "secret", "location": "secret"})
    [seen] = accounts.calendar(BEN).events().list(calendarId=ADA).execute()["items"]
    [own] = accounts.list(CHIE)["items"]

    assert seen["visibility"] == "private"
    assert seen["start"]["dateTime"] == "2027-03-01T10:00:00+01:00"
    assert not {"summary", "description", "location", "attendees", "organizer"} & set(seen)
    assert own["summary"] == "Plan"


def test_the_scope_for_availability_brings_times_without_words(accounts: Accounts) -> None:
    """guides/auth: `calendar.events.freebusy`"""
    accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00"))
    blind = accounts.calendar(ADA, *IDENTITY, API + "calendar.events.freebusy")
    [seen] = blind.events().list(calendarId="primary").execute()["items"]
    assert "summary" not in seen
    assert seen["start"]["dateTime"] == "2027-03-01T10:00:00+01:00"


def test_a_stranger_finds_no_calendar_and_a_colleague_may_not_write(accounts: Accounts) -> None:
    """guides/errors: 404 notFound; concepts/sharing: roles"""
    body = timed("2027-03-01T10:00", "2027-03-01T11:00")
    assert refused(accounts.calendar(DAN).events().list(calendarId=ADA)) == (404, "notFound")
    assert refused(accounts.calendar(BEN).events().insert(calendarId=ADA, body=body)) == (403, "requiredAccessLevel")


def test_events_can_be_found_by_private_property_and_by_type(accounts: Accounts) -> None:
    """v3/reference/events/list: `privateExtendedProperty`, `eventTypes`"""
    marked: Any = {"extendedProperties": {"private": {"app": "x", "hold": "1"}}}
    event = accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00", eventType="focusTime", **marked))
    accounts.insert(ADA, timed("2027-03-01T12:00", "2027-03-01T13:00"))

    for query in ({"privateExtendedProperty": ["app=x", "hold=1"]}, {"eventTypes": ["focusTime"]}):
        assert [item["id"] for item in accounts.list(ADA, **query)["items"]] == [event["id"]]
    assert accounts.list(ADA, privateExtendedProperty=["app=x", "hold=2"])["items"] == []


def test_a_primary_calendar_of_a_workspace_person_publishes_working_hours(accounts: Accounts) -> None:
    """v3/reference/calendars: `workingHours`, minutes from the start of the day"""
    found = accounts.calendar(ADA).calendars().get(calendarId="primary").execute()
    assert (found["id"], found["timeZone"]) == (ADA, "Europe/Berlin")
    monday = {"dayOfWeek": "monday", "periodStart": 540, "periodEnd": 1020}
    assert found["workingHours"]["workingHoursEnabled"] is True
    assert found["workingHours"]["availableTimes"][0] == monday
    assert "workingHours" not in accounts.calendar(DAN).calendars().get(calendarId="primary").execute()
    assert accounts.calendar(ADA).calendars().get(calendarId=ROOM).execute()["autoAcceptInvitations"] is True


def test_the_calendar_list_has_pages_and_a_sync_token_that_brings_deleted_and_hidden(
    google: Emulator, accounts: Accounts
) -> None:
    """v3/reference/calendarList/list: `showHidden`, `syncToken`"""
    google.put_calendar(ADA, {"id": "private@group.example", "summary": "Private"})
    google.put_calendar(ADA, {"id": "hidden@group.example", "hidden": True})
    entries = accounts.calendar(ADA).calendarList()
    first = entries.list(maxResults=1).execute()
    last = entries.list(maxResults=1, pageToken=first["nextPageToken"]).execute()
    assert [(item["id"], item.get("primary")) for item in first["items"]] == [(ADA, True)]
    assert [(item["summary"], item["accessRole"]) for item in last["items"]] == [("Private", "owner")]
    assert len(entries.list(showHidden=True).execute()["items"]) == 3

    google.put_calendar(ADA, {"id": "private@group.example", "deleted": True})
    google.put_calendar(ADA, {"id": "hidden@group.example", "summaryOverride": "H"})
    changed = entries.list(syncToken=last["nextSyncToken"]).execute()["items"]
    assert [(item["id"], item.get("hidden"), item.get("deleted")) for item in changed] == [
        ("hidden@group.example", True, None),
        ("private@group.example", None, True),
    ]
    google.expire_sync_tokens()
    assert refused(entries.list(syncToken=last["nextSyncToken"])) == (410, "fullSyncRequired")


def test_settings_name_the_persons_zone(accounts: Accounts) -> None:
    """v3/reference/settings"""
    settings = accounts.calendar(CHIE).settings()
    assert settings.get(setting="timezone").execute()["value"] == "Asia/Tokyo"
    assert {item["id"] for item in settings.list().execute()["items"]} >= {"timezone", "locale", "weekStart"}


def test_large_answers_are_packed_for_those_who_ask(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/performance#gzip"""
    for day in range(10, 20):
        accounts.insert(ADA, timed(f"2027-03-{day}T10:00", f"2027-03-{day}T11:00"))
    credentials, _ = accounts.sign_in(ADA)
    headers = {"Authorization": f"Bearer {credentials.token}", "Accept-Encoding": "gzip"}
    address = f"{google.url}/calendar/v3/calendars/primary/events"
    with requests.get(address, headers=headers, timeout=10, stream=True) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(json.loads(gzip.decompress(answer.raw.read()))["items"]) == 10


def test_an_unknown_token_is_told_so_in_googles_words(google: Emulator) -> None:
    """guides/errors#401_invalid_credentials"""
    headers = {"Authorization": "Bearer nobody"}
    answer = requests.get(f"{google.url}/calendar/v3/users/me/calendarList", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["error"]["errors"] == [
        {
            "domain": "global",
            "reason": "authError",
            "message": "Invalid Credentials",
            "locationType": "header",
            "location": "Authorization",
        }
    ]
