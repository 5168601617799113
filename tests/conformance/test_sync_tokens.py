"""Incremental sync: developers.google.com/workspace/calendar/api/guides/sync, by google-api-python-client."""

from typing import Any

import pytest

from calendars.emulator.server import Emulator
from tests.conformance.google import ADA, BEN, Accounts, guests, refused, timed

WINDOW = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-03-08T00:00:00Z"}


def test_a_token_brings_what_changed_since_and_nothing_else(accounts: Accounts) -> None:
    """guides/sync: incremental sync"""
    kept = accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00"))
    token = accounts.list(ADA)["nextSyncToken"]
    assert accounts.list(ADA, syncToken=token)["items"] == []
    new = accounts.insert(ADA, timed("2027-03-02T10:00", "2027-03-02T11:00"))
    accounts.calendar(ADA).events().delete(calendarId="primary", eventId=kept["id"]).execute()

    found = accounts.list(ADA, syncToken=token)
    assert {item["id"]: item["status"] for item in found["items"]} == {kept["id"]: "cancelled", new["id"]: "confirmed"}
    tombstone = next(item for item in found["items"] if item["id"] == kept["id"])
    assert set(tombstone) == {"kind", "etag", "id", "status"}
    assert accounts.list(ADA, syncToken=found["nextSyncToken"])["items"] == []


def test_a_delta_brings_an_event_that_left_the_window(accounts: Accounts) -> None:
    """guides/sync: the client filters again; the token's window doesn't slide"""
    event = accounts.insert(ADA, timed("2027-03-02T10:00", "2027-03-02T11:00"))
    token = accounts.list(ADA, singleEvents=True, **WINDOW)["nextSyncToken"]
    moved = timed("2027-06-02T10:00", "2027-06-02T11:00")
    body = {"start": moved["start"], "end": moved["end"]}
    accounts.calendar(ADA).events().patch(calendarId="primary", eventId=event["id"], body=body).execute()
    [found] = accounts.list(ADA, singleEvents=True, syncToken=token)["items"]
    assert found["start"]["dateTime"] == "2027-06-02T10:00:00+02:00"


@pytest.mark.parametrize(
    "query",
    [
        WINDOW,
        {"timeMin": WINDOW["timeMin"]},
        {"updatedMin": WINDOW["timeMin"]},
        {"orderBy": "updated"},
        {"q": "plan"},
        {"iCalUID": "x"},
        {"privateExtendedProperty": "a=b"},
        {"sharedExtendedProperty": "a=b"},
        {"showDeleted": False},
        {"singleEvents": True},
    ],
)
def test_some_parameters_may_not_accompany_a_token(accounts: Accounts, query: dict[str, Any]) -> None:
    """v3/reference/events/list: `syncToken`"""
    token = accounts.list(ADA)["nextSyncToken"]
    request = accounts.calendar(ADA).events().list(calendarId="primary", syncToken=token, **query)
    assert refused(request) == (400, "invalid")


def test_an_expired_token_asks_for_a_full_sync(google: Emulator, accounts: Accounts) -> None:
    """guides/errors: 410 fullSyncRequired"""
    token = accounts.list(ADA)["nextSyncToken"]
    google.expire_sync_tokens()
    request = accounts.calendar(ADA).events().list(calendarId="primary", syncToken=token)
    assert refused(request) == (410, "fullSyncRequired")
    assert accounts.list(ADA, syncToken=accounts.list(ADA)["nextSyncToken"])["items"] == []


def test_a_token_belongs_to_one_calendar(accounts: Accounts) -> None:
    """v3/reference/events/list: `syncToken` of "the previous list request" """
    token = accounts.list(ADA)["nextSyncToken"]
    request = accounts.calendar(BEN).events().list(calendarId="primary", syncToken=token)
    assert refused(request) == (400, "invalid")


def test_an_ordered_listing_ends_without_a_token(accounts: Accounts) -> None:
    """v3/reference/events/list: `nextSyncToken` goes with no restricting parameter"""
    accounts.insert(ADA, timed("2027-03-02T10:00", "2027-03-02T11:00"))
    accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00"))
    found = accounts.list(ADA, singleEvents=True, orderBy="startTime")
    assert [item["start"]["dateTime"][:10] for item in found["items"]] == ["2027-03-01", "2027-03-02"]
    assert "nextSyncToken" not in found


def test_a_guests_answer_reaches_the_organizers_delta(accounts: Accounts) -> None:
    """guides/sync; concepts/inviting-attendees-to-events"""
    event = accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00", attendees=guests(ADA, BEN)))
    token = accounts.list(ADA)["nextSyncToken"]
    attendees = [{"email": ADA, "responseStatus": "accepted"}, {"email": BEN, "responseStatus": "declined"}]
    body = {"attendees": attendees}
    accounts.calendar(BEN).events().patch(calendarId="primary", eventId=event["id"], body=body).execute()
    [found] = accounts.list(ADA, syncToken=token)["items"]
    assert found["attendees"][1]["responseStatus"] == "declined"
