"""The server by itself: its command, its file, its control."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from calendars.emulator import seed as seeds
from calendars.emulator.server import Emulator, endpoints
from tests.conformance.google import ADA, BEN, Accounts, guests, seed, timed

ROOT = Path(__file__).resolve().parents[3]
TEN = timed("2027-03-01T10:00", "2027-03-01T11:00")


def control(google: Emulator, name: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
    return requests.request(method, f"{google.url}/emulator/{name}", json=body, timeout=10)


@pytest.fixture
def accounts(google: Emulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    made = Accounts(google)
    yield made
    made.close()


def test_the_command_says_where_it_listens_and_ends_on_a_signal(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text(json.dumps(seed()))
    files = ["--seed", "seed.json", "--state", "state.json", "--log", "log.jsonl"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "calendars.emulator", "--port", "0", *files]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        answer = requests.get(f"{url}/.well-known/openid-configuration", timeout=10)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0

    assert answer.json()["issuer"] == url
    assert json.loads((tmp_path / "state.json").read_text())["people"][ADA]["name"] == "Ada Berg"
    [line] = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(line)["path"] == "/.well-known/openid-configuration"


@pytest.mark.parametrize("content", ["{", '{"organizations": [{}]}', '{"events": [{"organizer": "a@b.example"}]}'])
def test_a_seed_that_is_none_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "seed.json").write_text(content)
    with pytest.raises(ValueError, match=r"seed\.json is no seed|line 1"):
        seeds.load(tmp_path / "seed.json")


def test_a_restart_keeps_grants_events_tokens_and_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    file = tmp_path / "state.json"
    with Emulator(seed(), state_file=file) as google:
        accounts = Accounts(google)
        credentials, _ = accounts.sign_in(ADA)
        series = google.as_person(
            ADA, "insert", body=TEN | {"attendees": guests(ADA, BEN), "recurrence": ["RRULE:FREQ=DAILY"]}
        )
        google.as_person(BEN, "delete", f"{series['id']}_20270302T090000Z")
        before = google.state.key_pem, google.events(ADA), google.events(BEN)
    with Emulator(seed(), state_file=file) as google:
        assert (google.state.key_pem, google.events(ADA), google.events(BEN)) == before
        headers = {"Authorization": f"Bearer {credentials.token}"}
        answer = requests.get(f"{google.url}/calendar/v3/calendars/primary/events", headers=headers, timeout=10)
        assert [item["id"] for item in answer.json()["items"]] == [series["id"], f"{series['id']}_20270302T090000Z"]
        google.as_person(ADA, "patch", series["id"], {"summary": "One meeting, still shared"})
        assert google.event(BEN, series["id"])["summary"] == "One meeting, still shared"


def test_a_file_of_something_else_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"format": 0}')
    with pytest.raises(ValueError, match="remove it to start from the seed"):
        Emulator(seed(), state_file=tmp_path / "state.json")


def test_the_settings_name_every_address(google: Emulator) -> None:
    found = google.endpoints()
    assert found == endpoints(google.url)
    assert found["GOOGLE_ISSUERS"] == google.url
    assert found["GOOGLE_API_ROOT"] == f"{google.url}/"


def test_people_edit_their_calendars_by_control(google: Emulator) -> None:
    made = control(google, "events", {"email": ADA, "method": "insert", "event": TEN}).json()
    control(google, "events", {"email": ADA, "method": "patch", "id": made["id"], "event": {"summary": "New"}})
    assert control(google, f"events?email={ADA}", method="GET").json()["items"][0]["summary"] == "New"
    control(google, "events", {"email": ADA, "method": "delete", "id": made["id"]})
    assert control(google, f"events?email={ADA}&id={made['id']}", method="GET").json()["status"] == "cancelled"
    assert control(google, "events", {"email": ADA, "method": "insert", "event": {}}).status_code == 400
    assert control(google, "events", {"method": "insert"}).status_code == 400
    assert control(google, "nothing").status_code == 404


def test_the_state_is_shown_without_its_key_and_the_log_with_every_request(google: Emulator) -> None:
    state = control(google, "state", method="GET").json()
    assert state["people"][ADA]["domain"] == "company.example"
    assert "PRIVATE KEY" not in json.dumps(state)
    assert [entry["path"] for entry in control(google, "log", method="GET").json()["requests"]] == ["/emulator/state"]


def test_the_clock_can_be_stopped_and_ends_tokens(google: Emulator, accounts: Accounts) -> None:
    accounts.calendar(ADA)
    assert control(google, "clock", {"now": "2030-01-01T00:00:00"}).status_code == 400
    control(google, "clock", {"now": "2030-01-01T00:00:00+00:00"})
    held = next(iter(google.state.access_tokens))
    headers = {"Authorization": f"Bearer {held}"}
    assert requests.get(f"{google.url}/v1/userinfo", headers=headers, timeout=10).status_code == 401
    control(google, "clock", {"now": None})
    assert requests.get(f"{google.url}/v1/userinfo", headers=headers, timeout=10).status_code == 200


def test_the_log_tells_method_path_query_body_status_and_person(google: Emulator, accounts: Accounts) -> None:
    accounts.insert(ADA, TEN, sendUpdates="none")
    [entry] = [entry for entry in google.log if entry["path"].endswith("/events")]
    assert (entry["method"], entry["status"], entry["email"]) == ("POST", 200, ADA)
    assert entry["query"] == {"sendUpdates": "none", "alt": "json"}
    assert entry["body"]["summary"] == "Plan"
