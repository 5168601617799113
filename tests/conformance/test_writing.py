"""Insert, patch, update, delete and move, by google-api-python-client.

Pages are named from developers.google.com/workspace/calendar/api/ on.
"""

from typing import Any

import pytest

from tests.conformance.google import ADA, BEN, CHIE, DAN, ROOM, Accounts, Json, guests, refused, timed

TEN, ELEVEN, NOON = "2027-03-01T10:00", "2027-03-01T11:00", "2027-03-01T12:00"


def patch(accounts: Accounts, email: str, event_id: str, body: Json, etag: str = "") -> Any:
    request = accounts.calendar(email).events().patch(calendarId="primary", eventId=event_id, body=body)
    if etag:
        request.headers["If-Match"] = etag
    return request


def later(start: str = ELEVEN, end: str = NOON) -> Json:
    body = timed(start, end)
    return {"start": body["start"], "end": body["end"]}


def test_an_id_of_ones_own_is_taken_once_and_for_ever(accounts: Accounts) -> None:
    """v3/reference/events/insert: `id`; guides/errors: 409 duplicate"""
    body = timed(TEN, ELEVEN, id="hold0123456789abcdefv")
    events = accounts.calendar(ADA).events()
    assert accounts.insert(ADA, body)["iCalUID"] == "hold0123456789abcdefv@google.com"
    assert refused(events.insert(calendarId="primary", body=body)) == (409, "duplicate")
    events.delete(calendarId="primary", eventId=body["id"]).execute()
    assert refused(events.insert(calendarId="primary", body=body)) == (409, "duplicate")
    assert accounts.insert(BEN, body)["id"] == body["id"]


@pytest.mark.parametrize("event_id", ["abcd", "withwxyz", "UPPERCASE", "a" * 1025])
def test_an_id_is_base32hex_of_5_to_1024_characters(accounts: Accounts, event_id: str) -> None:
    """v3/reference/events/insert: `id`"""
    body = timed(TEN, ELEVEN, id=event_id)
    assert refused(accounts.calendar(ADA).events().insert(calendarId="primary", body=body)) == (400, "invalid")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"start": {"date": "2027-03-01"}}, "required"),
        (timed(ELEVEN, TEN), "timeRangeEmpty"),
        ({"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-01"}}, "timeRangeEmpty"),
        ({"start": {"date": "2027-03-01"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}, "invalid"),
        ({"start": {"dateTime": "2027-03-01T10:00:00"}, "end": {"dateTime": "2027-03-01T11:00:00"}}, "required"),
        (timed(TEN, ELEVEN, "Europe/Atlantis"), "invalid"),
        (timed(TEN, ELEVEN, attendees="ada"), "invalid"),
        (timed(TEN, ELEVEN, attendees=[{"email": "nobody"}]), "invalid"),
        (timed(TEN, ELEVEN, recurrence=["RRULE:FREQ=SOMETIMES"]), "invalid"),
        (timed(TEN, ELEVEN, eventType="birthday"), "eventTypeRestriction"),
    ],
)
def test_a_body_that_makes_no_event_is_refused(accounts: Accounts, body: Json, reason: str) -> None:
    """v3/reference/events/insert: required properties; guides/errors: 400"""
    assert refused(accounts.calendar(ADA).events().insert(calendarId="primary", body=body)) == (400, reason)
    assert accounts.list(ADA)["items"] == []


def test_focus_time_is_for_workspace_people_and_their_primary_calendar(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/calendar-status"""
    body = timed(TEN, ELEVEN, eventType="focusTime", focusTimeProperties={"chatStatus": "doNotDisturb"})
    event = accounts.insert(ADA, body)
    assert event["eventType"] == "focusTime"
    assert refused(accounts.calendar(DAN).events().insert(calendarId="primary", body=body))[0] == 400
    assert refused(patch(accounts, ADA, event["id"], {"eventType": "default"}))[0] == 400


def test_one_meeting_stands_on_the_calendars_of_all_guests(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/concepts/inviting-attendees-to-events"""
    event = accounts.insert(ADA, timed(TEN, ELEVEN, attendees=guests(ADA, BEN, "guest@else.example")))
    [seen] = accounts.list(BEN)["items"]

    assert (seen["id"], seen["iCalUID"]) == (event["id"], event["iCalUID"])
    assert event["organizer"] == {"email": ADA, "displayName": "Ada Berg", "self": True}
    assert "self" not in seen["organizer"]
    assert [guest.get("self") for guest in seen["attendees"]] == [None, True, None]
    assert [guest["responseStatus"] for guest in seen["attendees"]] == ["accepted", "needsAction", "needsAction"]


def test_a_patch_changes_what_it_names_and_every_copy(accounts: Accounts) -> None:
    """v3/reference/events/patch; guides/performance#patch: objects are merged, null removes"""
    body = timed(TEN, ELEVEN, attendees=guests(ADA, BEN), description="Notes", location="Here")
    event = accounts.insert(ADA, body)
    before = accounts.list(BEN)["items"][0]
    changed = patch(accounts, ADA, event["id"], {**later(), "location": None}).execute()
    after = accounts.list(BEN)["items"][0]

    assert (changed["description"], changed.get("location")) == ("Notes", None)
    assert changed["sequence"] == event["sequence"] + 1
    assert after["start"]["dateTime"] == "2027-03-01T11:00:00+01:00"
    assert after["etag"] != before["etag"]
    assert len(after["attendees"]) == 2


def test_an_update_removes_what_it_does_not_send(accounts: Accounts) -> None:
    """v3/reference/events/update: "does not support patch semantics" """
    event = accounts.insert(ADA, timed(TEN, ELEVEN, description="Notes", attendees=guests(ADA, BEN)))
    events = accounts.calendar(ADA).events()
    changed = events.update(calendarId="primary", eventId=event["id"], body=timed(ELEVEN, NOON)).execute()

    assert not {"description", "attendees"} & set(changed)
    assert changed["iCalUID"] == event["iCalUID"]
    assert accounts.list(BEN)["items"] == []


def test_a_write_against_an_older_etag_changes_nothing(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/version-resources: If-Match, 412"""
    event = accounts.insert(ADA, timed(TEN, ELEVEN))
    newer = patch(accounts, ADA, event["id"], {"summary": "New"}, event["etag"]).execute()
    assert newer["etag"] != event["etag"]

    assert refused(patch(accounts, ADA, event["id"], later(), event["etag"])) == (412, "conditionNotMet")
    request = accounts.calendar(ADA).events().delete(calendarId="primary", eventId=event["id"])
    request.headers["If-Match"] = event["etag"]
    assert refused(request) == (412, "conditionNotMet")
    assert accounts.list(ADA)["items"][0]["start"] == event["start"]


def test_a_guest_answers_but_moves_nothing(accounts: Accounts) -> None:
    """guides/errors: 403 forbiddenForNonOrganizer"""
    event = accounts.insert(ADA, timed(TEN, ELEVEN, attendees=guests(ADA, BEN)))
    assert refused(patch(accounts, BEN, event["id"], later())) == (403, "forbiddenForNonOrganizer")
    attendees = accounts.list(BEN)["items"][0]["attendees"]
    attendees[1]["responseStatus"] = "tentative"
    patch(accounts, BEN, event["id"], {"attendees": attendees}).execute()

    assert accounts.list(ADA)["items"][0]["attendees"][1]["responseStatus"] == "tentative"
    attendees[0]["responseStatus"] = "declined"
    answer = refused(patch(accounts, BEN, event["id"], {"attendees": attendees}))
    assert answer == (403, "forbiddenForNonOrganizer")


def test_a_guest_who_may_modify_moves_it_for_all(accounts: Accounts) -> None:
    """v3/reference/events: `guestsCanModify`"""
    event = accounts.insert(ADA, timed(TEN, ELEVEN, attendees=guests(ADA, BEN), guestsCanModify=True))
    patch(accounts, BEN, event["id"], later()).execute()

    assert accounts.list(ADA)["items"][0]["start"]["dateTime"] == "2027-03-01T11:00:00+01:00"
    answer = refused(patch(accounts, BEN, event["id"], {"guestsCanModify": False}))
    assert answer == (403, "forbiddenForNonOrganizer")


def test_private_properties_stay_on_ones_own_copy(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/extended-properties"""
    properties = {"private": {"mine": "1"}, "shared": {"ours": "2"}}
    event = accounts.insert(ADA, timed(TEN, ELEVEN, attendees=guests(ADA, BEN), extendedProperties=properties))
    patch(accounts, BEN, event["id"], {"extendedProperties": {"private": {"his": "3"}}}).execute()

    assert accounts.list(ADA)["items"][0]["extendedProperties"] == properties
    assert accounts.list(BEN)["items"][0]["extendedProperties"] == {"private": {"his": "3"}, "shared": {"ours": "2"}}
    patch(accounts, ADA, event["id"], {"extendedProperties": {"private": {"mine": None, "more": "4"}}}).execute()
    assert accounts.list(ADA)["items"][0]["extendedProperties"]["private"] == {"more": "4"}


def test_a_guest_who_is_taken_off_loses_the_event_and_a_new_one_gets_it(accounts: Accounts) -> None:
    """v3/reference/events/patch: arrays are replaced whole"""
    event = accounts.insert(ADA, timed(TEN, ELEVEN, attendees=guests(ADA, BEN)))
    token = accounts.list(BEN)["nextSyncToken"]
    patch(accounts, ADA, event["id"], {"attendees": guests(ADA, CHIE)}).execute()

    [tombstone] = accounts.list(BEN, syncToken=token)["items"]
    assert {key: tombstone[key] for key in ("id", "status")} == {"id": event["id"], "status": "cancelled"}
    assert [item["id"] for item in accounts.list(CHIE)["items"]] == [event["id"]]
    assert refused(accounts.calendar(BEN).events().get(calendarId="primary", eventId=event["id"])) == (404, "notFound")


def test_the_organizers_deletion_cancels_it_for_all_and_a_second_one_is_gone(accounts: Accounts) -> None:
    """v3/reference/events/delete; guides/errors: 410 deleted"""
    event = accounts.insert(ADA, timed(TEN, ELEVEN, attendees=guests(ADA, BEN)))
    events = accounts.calendar(ADA).events()
    assert events.delete(calendarId="primary", eventId=event["id"], sendUpdates="none").execute() == ""

    assert accounts.list(BEN)["items"] == []
    assert events.get(calendarId="primary", eventId=event["id"]).execute()["status"] == "cancelled"
    assert refused(events.delete(calendarId="primary", eventId=event["id"])) == (410, "deleted")
    assert refused(events.delete(calendarId="primary", eventId="nevermade")) == (404, "notFound")


def test_a_guests_deletion_declines_and_stays_done(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/concepts/inviting-attendees-to-events: a guest's own copy"""
    event = accounts.insert(ADA, timed(TEN, ELEVEN, attendees=guests(ADA, BEN)))
    accounts.calendar(BEN).events().delete(calendarId="primary", eventId=event["id"]).execute()
    assert accounts.list(ADA)["items"][0]["attendees"][1]["responseStatus"] == "declined"
    patch(accounts, ADA, event["id"], later()).execute()
    assert accounts.list(BEN)["items"] == []


def test_a_room_accepts_when_it_is_free_and_declines_when_it_is_not(accounts: Accounts) -> None:
    """v3/reference/calendars: `autoAcceptInvitations`; concepts/domain: resources"""
    first = accounts.insert(ADA, timed(TEN, ELEVEN, attendees=guests(ADA, ROOM)))
    second = accounts.insert(BEN, timed(TEN, NOON, attendees=guests(BEN, ROOM)))
    assert [event["attendees"][1]["responseStatus"] for event in (first, second)] == ["accepted", "declined"]
    assert first["attendees"][1]["resource"] is True

    moved = patch(accounts, BEN, second["id"], later(ELEVEN, NOON)).execute()
    assert moved["attendees"][1]["responseStatus"] == "accepted"


def test_a_conference_is_made_only_with_the_version_parameter(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/create-events#conferencing: `conferenceDataVersion`"""
    wanted = {"createRequest": {"requestId": "1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    body = timed(TEN, ELEVEN, conferenceData=wanted)
    assert "conferenceData" not in accounts.insert(ADA, body)
    made = accounts.insert(ADA, body, conferenceDataVersion=1)
    assert made["conferenceData"]["createRequest"]["status"] == {"statusCode": "success"}
    assert made["hangoutLink"] == made["conferenceData"]["entryPoints"][0]["uri"]


def test_a_move_changes_the_organizer(google: Any, accounts: Accounts) -> None:
    """v3/reference/events/move: `destination`"""
    google.put_calendar(ADA, {"id": "team@group.example", "summary": "Team"})
    event = accounts.insert(ADA, timed(TEN, ELEVEN))
    events = accounts.calendar(ADA).events()
    moved = events.move(calendarId="primary", eventId=event["id"], destination="team@group.example").execute()

    assert moved["organizer"]["email"] == "team@group.example"
    assert accounts.list(ADA)["items"] == []
    request = events.move(calendarId="team@group.example", eventId=event["id"], destination=BEN)
    assert refused(request) == (403, "requiredAccessLevel")
