"""How the emulator misbehaves on demand."""

import time
from collections.abc import Iterator
from http.client import HTTPConnection, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from calendars.emulator.faults import ANSWERS
from calendars.emulator.server import Emulator
from tests.conformance.google import ADA, BEN, Accounts, timed

EVENTS = "/calendar/v3/calendars/primary/events"


@pytest.fixture
def headers(google: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    credentials, _ = Accounts(google).sign_in(ADA)
    yield {"Authorization": f"Bearer {credentials.token}"}


def listed(google: Emulator, headers: dict[str, str], query: str = "") -> requests.Response:
    return requests.get(f"{google.url}{EVENTS}{query}", headers=headers, timeout=10)


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_a_fault_answers_as_often_as_it_was_asked_to(google: Emulator, headers: dict[str, str], kind: str) -> None:
    requests.post(f"{google.url}/emulator/faults", json={"fault": kind, "times": 2}, timeout=10)
    answers = [listed(google, headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [ANSWERS[kind][0]] * 2 + [200]
    assert answers[0].json()["error"]["errors"][0]["reason"] == ANSWERS[kind][1]


@pytest.mark.parametrize("fault", ["503:7", {"503": 7}])
def test_a_refusal_may_say_when_to_come_back(google: Emulator, headers: dict[str, str], fault: object) -> None:
    google.faults.add({"fault": fault})
    answer = listed(google, headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert "Retry-After" not in listed(google, headers).headers


def test_a_fault_fits_by_method_path_and_person(google: Emulator, headers: dict[str, str]) -> None:
    for match in ({"method": "POST"}, {"path_regex": "/settings$"}, {"email": BEN}):
        google.faults.add({"match": match, "fault": "500"})
    assert listed(google, headers).status_code == 200
    google.faults.add({"match": {"method": "get", "path_regex": "/events$", "email": ADA}, "fault": "500"})
    assert listed(google, headers).status_code == 500
    assert len(google.faults.pending()) == 3
    google.faults.clear()
    assert google.faults.pending() == []


def test_an_unknown_fault_is_refused(google: Emulator) -> None:
    answer = requests.post(f"{google.url}/emulator/faults", json={"fault": "418"}, timeout=10)
    assert answer.status_code == 400
    answer = requests.post(f"{google.url}/emulator/faults", json={"fault": "429:soon"}, timeout=10)
    assert answer.status_code == 400


def request(google: Emulator, headers: dict[str, str], body: str) -> Any:
    connection = HTTPConnection(urlsplit(google.url).netloc, timeout=10)
    try:
        connection.request("POST", EVENTS, body, {**headers, "Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(("kind", "written"), [("drop", 0), ("drop_after_write", 1)])
def test_a_connection_drops_before_or_after_the_write(
    google: Emulator, headers: dict[str, str], kind: str, written: int
) -> None:
    google.faults.add({"fault": kind})
    body = '{"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}'
    with pytest.raises(RemoteDisconnected):
        request(google, headers, body)
    assert len(google.events(ADA)) == written
    assert google.log[-1]["status"] == 0
    assert request(google, headers, body) == 200


def test_a_slow_answer_takes_its_time(google: Emulator, headers: dict[str, str]) -> None:
    google.faults.add({"fault": {"slow": 0.3}})
    began = time.monotonic()
    assert listed(google, headers).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_an_answer_may_be_late_after_all_is_done(google: Emulator, headers: dict[str, str]) -> None:
    google.faults.add({"fault": {"slow_after_write": 5}})
    body = {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{google.url}{EVENTS}", json=body, headers=headers, timeout=0.5)
    assert len(google.events(ADA)) == 1


def test_a_proxy_in_between_answers_html(google: Emulator, headers: dict[str, str]) -> None:
    google.faults.add({"fault": "html"})
    answer = listed(google, headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")


def test_tokens_expire_only_where_one_is_sent(google: Emulator, headers: dict[str, str]) -> None:
    google.faults.add({"fault": "expire_sync_tokens"})
    token = listed(google, headers).json()["nextSyncToken"]
    assert listed(google, headers, f"?syncToken={token}").status_code == 410
    assert listed(google, headers, f"?syncToken={token}").status_code == 200


def test_a_page_may_be_empty_and_yet_have_a_next_one(google: Emulator, headers: dict[str, str]) -> None:
    google.as_person(ADA, "insert", body=timed("2027-03-01T10:00", "2027-03-01T11:00"))
    google.faults.add({"fault": "empty_page"})
    page = listed(google, headers).json()
    assert page["items"] == []
    assert len(listed(google, headers, f"?pageToken={page['nextPageToken']}").json()["items"]) == 1


@pytest.mark.parametrize(("kind", "status"), [("invalid_client", 401), ("admin_policy_enforced", 400)])
def test_the_token_endpoint_refuses_in_oauths_words(google: Emulator, kind: str, status: int) -> None:
    google.faults.add({"match": {"path_regex": "^/token$"}, "fault": kind})
    answer = requests.post(f"{google.url}/token", timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (status, kind)
