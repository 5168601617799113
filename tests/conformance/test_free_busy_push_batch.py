"""freeBusy, push channels and batches, by google-api-python-client.

Pages are named from developers.google.com/workspace/calendar/api/ on.
"""

import json
from typing import Any

import requests
from googleapiclient.http import BatchHttpRequest

from calendars.emulator.server import Emulator
from tests.conformance.conftest import Receiver
from tests.conformance.google import ADA, BEN, CHIE, DAN, Accounts, Json, guests, refused, timed

DAY = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-03-02T00:00:00Z"}


def free_busy(accounts: Accounts, *ids: str) -> Json:
    body = {**DAY, "items": [{"id": found} for found in ids]}
    found: Json = accounts.calendar(ADA).freebusy().query(body=body).execute()["calendars"]
    return found


def test_free_busy_merges_what_blocks_and_skips_what_does_not(accounts: Accounts) -> None:
    """v3/reference/freebusy/query"""
    declined = [{"email": CHIE}, {"email": BEN, "responseStatus": "declined"}]
    accounts.insert(BEN, timed("2027-03-01T10:00", "2027-03-01T11:00"))
    accounts.insert(BEN, timed("2027-03-01T10:30", "2027-03-01T12:00"))
    accounts.insert(BEN, timed("2027-03-01T14:00", "2027-03-01T15:00", transparency="transparent"))
    accounts.insert(BEN, timed("2027-03-01T15:00", "2027-03-01T16:00", eventType="workingLocation"))
    accounts.insert(CHIE, timed("2027-03-01T16:00", "2027-03-01T17:00", attendees=declined))
    assert free_busy(accounts, BEN)[BEN]["busy"] == [{"start": "2027-03-01T09:00:00Z", "end": "2027-03-01T11:00:00Z"}]


def test_free_busy_tells_calendar_by_calendar_what_it_cannot_say(accounts: Accounts) -> None:
    """v3/reference/freebusy/query: `calendars.(key).errors`, at most 50 calendars"""
    assert free_busy(accounts, DAN)[DAN] == {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
    many = free_busy(accounts, *(f"c{number}@company.example" for number in range(51)))
    assert {found["errors"][0]["reason"] for found in many.values()} == {"tooManyCalendarsRequested"}


def watch(accounts: Accounts, receiver: Receiver, channel: str, **extra: Any) -> Json:
    body = {"id": channel, "type": "web_hook", "address": receiver.url, "token": "secret", **extra}
    found: Json = accounts.calendar(ADA).events().watch(calendarId="primary", body=body).execute()
    return found


def test_a_channel_says_sync_first_and_then_that_something_changed(accounts: Accounts, receiver: Receiver) -> None:
    """developers.google.com/workspace/calendar/api/guides/push#receiving-notifications"""
    channel = watch(accounts, receiver, "channel-1")
    first = receiver.next()
    accounts.insert(BEN, timed("2027-03-01T10:00", "2027-03-01T11:00", attendees=guests(ADA, BEN)))
    second = receiver.next()

    assert (first["x-goog-resource-state"], first["x-goog-message-number"]) == ("sync", "1")
    assert (second["x-goog-resource-state"], second["content-length"]) == ("exists", "0")
    assert int(second["x-goog-message-number"]) > 1
    for message in (first, second):
        assert (message["x-goog-channel-id"], message["x-goog-channel-token"]) == ("channel-1", "secret")
        assert message["x-goog-resource-id"] == channel["resourceId"]
        assert message["x-goog-resource-uri"] == channel["resourceUri"]
        assert message["x-goog-channel-expiration"].endswith("GMT")
    week = 7 * 24 * 3600 * 1000
    assert 0 < int(channel["expiration"]) <= int(accounts.google.state.now().timestamp() * 1000) + week


def test_a_stopped_channel_is_silent_and_stopped_once(accounts: Accounts, receiver: Receiver) -> None:
    """developers.google.com/workspace/calendar/api/guides/push#stopping-notifications"""
    channel = watch(accounts, receiver, "channel-1")
    watch(accounts, receiver, "channel-2")
    assert {receiver.next()["x-goog-resource-state"] for _ in range(2)} == {"sync"}
    stop = {"id": channel["id"], "resourceId": channel["resourceId"]}
    accounts.calendar(ADA).channels().stop(body=stop).execute()
    accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00"))

    assert receiver.next()["x-goog-channel-id"] == "channel-2"
    assert receiver.messages.empty()
    assert refused(accounts.calendar(ADA).channels().stop(body=stop)) == (404, "notFound")


def test_a_channel_needs_an_id_of_its_own_and_https(google: Emulator, accounts: Accounts, receiver: Receiver) -> None:
    """guides/push#making-watch-requests; guides/errors: channelIdNotUnique, pushNotSupportedForRequestedResource"""
    events = accounts.calendar(ADA).events()
    body = {"id": "channel-1", "type": "web_hook", "address": "http://else.example/push"}
    assert refused(events.watch(calendarId="primary", body=body)) == (400, "push.webhookUrlNotHttps")
    body["address"] = receiver.url
    events.watch(calendarId="primary", body=body).execute()
    assert refused(events.watch(calendarId="primary", body=body)) == (400, "channelIdNotUnique")

    google.put_calendar(ADA, {"id": "holidays@group.example", "role": "reader", "pushes": False})
    refusal = refused(events.watch(calendarId="holidays@group.example", body=body | {"id": "channel-2"}))
    assert refusal == (400, "pushNotSupportedForRequestedResource")


def test_the_calendar_list_can_be_watched_too(google: Emulator, accounts: Accounts, receiver: Receiver) -> None:
    """v3/reference/calendarList/watch"""
    body = {"id": "list-1", "type": "web_hook", "address": receiver.url}
    accounts.calendar(ADA).calendarList().watch(body=body).execute()
    assert receiver.next()["x-goog-resource-state"] == "sync"
    google.put_calendar(ADA, {"id": "new@group.example"})
    message = receiver.next()
    assert message["x-goog-resource-state"] == "exists"
    assert "x-goog-channel-token" not in message


def test_a_batch_answers_each_call_for_its_own_person(accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/batch"""
    event = accounts.insert(ADA, timed("2027-03-01T10:00", "2027-03-01T11:00", summary="Ada's"))
    accounts.insert(BEN, timed("2027-03-01T10:00", "2027-03-01T11:00", summary="Ben's"))
    found: dict[str, object] = {}

    def keep(request_id: str, answer: Any, error: Any) -> None:
        found[request_id] = error.status_code if error else answer["items"][0]["summary"]

    batch = BatchHttpRequest(callback=keep, batch_uri=f"{accounts.google.url}/batch/calendar/v3")
    for email in (ADA, BEN):
        batch.add(accounts.calendar(email).events().list(calendarId="primary"), request_id=email)
    batch.add(accounts.calendar(BEN).events().get(calendarId="primary", eventId=event["id"]), request_id="missing")
    batch.execute()

    assert found == {ADA: "Ada's", BEN: "Ben's", "missing": 404}
    assert [entry["email"] for entry in accounts.google.log if entry.get("batch")] == [ADA, BEN, BEN]


def test_the_clients_own_batch_lands_at_the_emulator(accounts: Accounts) -> None:
    """The batch address follows `rootUrl` of the discovery document."""
    answers: list[Any] = []
    service = accounts.calendar(ADA)
    batch = service.new_batch_http_request(callback=lambda _, answer, error: answers.append(error or answer["id"]))
    for day in ("01", "02"):
        body = timed(f"2027-03-{day}T10:00", f"2027-03-{day}T11:00", id=f"batch{day}")
        batch.add(service.events().insert(calendarId="primary", body=body))
    batch.execute()
    assert answers == ["batch01", "batch02"]


def test_a_batch_has_at_most_fifty_calls(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/batch: "limited to 50 calls" """
    part = "--b\r\nContent-Type: application/http\r\n\r\nGET /calendar/v3/users/me/settings HTTP/1.1\r\n\r\n"
    credentials, _ = accounts.sign_in(ADA)
    headers = {"Content-Type": "multipart/mixed; boundary=b", "Authorization": f"Bearer {credentials.token}"}
    answers = [
        requests.post(f"{google.url}/batch", data=part * count + "--b--", headers=headers, timeout=10)
        for count in (50, 51)
    ]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert json.loads(answers[1].text)["error"]["code"] == 400
    assert answers[0].text.count("HTTP/1.1 200 OK") == 50
