"""A person edits while we write: their edit survives, always (SYNC W2, W9; section 3, check 5)."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from calendars import delivery, event_ids, outbox
from calendars.models import OutboxWrite
from clockwise import clock
from clockwise.google import transport
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

OURS = datetime(2027, 3, 2, 13, tzinfo=UTC)
THEIRS = datetime(2027, 3, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENTS = ("decided", "asking", "answered", "lost")


def times(start: datetime) -> dict[str, Any]:
    return {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": (start + HOUR).isoformat()}}


def deliver_all(company: Company) -> None:
    for minutes in (0, 10, 30, 60):
        with clock.stopped(SUNDAY_NOON + timedelta(minutes=minutes)), company.acting():
            delivery.deliver()


def at_moment(
    moment: str, method: str, edit: Callable[[], object], company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person edits once: before all, just before our request, just after it, or with its answer lost."""
    if moment == "decided":
        edit()
        return
    if moment == "lost":
        company.google.faults.add({"match": {"method": method, "path_regex": "/events"}, "fault": "drop_after_write"})
    send = transport.send
    edited: list[str] = []

    def watched(verb: str, url: str, **rest: Any) -> Any:
        ours = verb == method and "/events" in url and not edited
        if ours:
            edited.append(url)
        if ours and moment == "asking":
            edit()
        try:
            return send(verb, url, **rest)
        finally:
            if ours and moment in ("answered", "lost"):
                edit()

    monkeypatch.setattr(transport, "send", watched)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("what", ["time", "title", "guests", "deletion"])
def test_a_persons_edit_of_a_meeting_survives_our_move(
    company: Company, monkeypatch: pytest.MonkeyPatch, moment: str, what: str
) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.sync()

    def edit() -> None:
        edits: dict[str, dict[str, Any]] = {
            "time": times(THEIRS),
            "title": {"summary": "Plan B"},
            "guests": {"attendees": [{"email": address(name)} for name in ("ada", "ben", "chie")]},
        }
        method = "delete" if what == "deletion" else "patch"
        company.google.as_person(address("ada"), method, google_id, edits.get(what, {}))

    with company.inside():
        event = company.event("ada", google_id)
        write = outbox.patch(event, start=OURS, end=OURS + HOUR, purpose="test", purpose_id=uuid4())
        outbox.add([write])
    at_moment(moment, "PATCH", edit, company, monkeypatch)
    deliver_all(company)

    found = company.google.event(address("ada"), google_id)
    start = datetime.fromisoformat(found["start"]["dateTime"]).astimezone(UTC)
    if what == "time":
        assert start == THEIRS
    if what == "title":
        assert found["summary"] == "Plan B"
    if what == "guests":
        assert len(found["attendees"]) == 3
    if what == "deletion":
        assert found["status"] == "cancelled"
    with company.inside():
        write.refresh_from_db()
    # It counts as done only where Google had our time at some moment.
    landed = moment in ("answered", "lost")
    if landed and what in ("title", "guests"):
        assert write.state == OutboxWrite.State.DONE
    if not landed and what != "deletion":
        assert write.state == OutboxWrite.State.STALE


@pytest.mark.parametrize("seed", range(12))
def test_edits_at_random_moments_survive_and_the_rest_is_as_decided(
    company: Company, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    ids = [company.insert("ada", meeting(f"Plan {n}", MONDAY, 8 + n, 60, "ada", "ben")) for n in range(4)]
    company.sync()
    with company.inside():
        outbox.add(
            outbox.patch(
                company.event("ada", google_id), start=OURS, end=OURS + HOUR, purpose="test", purpose_id=uuid4()
            )
            for google_id in ids
        )
    edited = rng.choice(ids)
    at_moment(
        rng.choice(MOMENTS),
        "PATCH",
        lambda: company.google.as_person(address("ada"), "patch", edited, times(THEIRS)),
        company,
        monkeypatch,
    )
    deliver_all(company)

    for google_id in ids:
        found = company.google.event(address("ada"), google_id)
        start = datetime.fromisoformat(found["start"]["dateTime"]).astimezone(UTC)
        assert start == (THEIRS if google_id == edited else OURS)


@pytest.mark.parametrize("moment", ["answered", "lost"])
@pytest.mark.parametrize("what", ["time", "deletion"])
def test_what_a_person_does_to_an_event_of_ours_before_we_know_it_is_there_survives(
    company: Company, monkeypatch: pytest.MonkeyPatch, moment: str, what: str
) -> None:
    company.sync()
    google_id = event_ids.chosen("test", moment, what)

    def edit() -> None:
        method = "delete" if what == "deletion" else "patch"
        company.google.as_person(address("ada"), method, google_id, times(THEIRS) if what == "time" else None)

    with company.inside():
        body = {"summary": "Focus time", **times(OURS)}
        write = outbox.insert(
            company.calendar("ada"), google_id=google_id, body=body, purpose="test", purpose_id=uuid4()
        )
        outbox.add([write])
    at_moment(moment, "POST", edit, company, monkeypatch)
    deliver_all(company)

    live = {e["id"]: e for e in company.google.events(address("ada")) if e["summary"] == "Focus time"}
    if what == "deletion":
        assert live == {}
    else:
        assert datetime.fromisoformat(live.pop(google_id)["start"]["dateTime"]).astimezone(UTC) == THEIRS
        assert live == {}


def test_an_id_that_google_keeps_for_a_deleted_event_gives_way_to_the_next(company: Company) -> None:
    company.sync()
    google_id = event_ids.chosen("test", "reserved")
    company.insert("ada", {**meeting("Theirs", MONDAY, 10, 60, "ada"), "id": google_id})
    company.google.as_person(address("ada"), "delete", google_id)
    purpose: dict[str, Any] = {"purpose": "test", "purpose_id": uuid4()}
    with company.inside():
        calendar = company.calendar("ada")
        made = outbox.insert(calendar, google_id=google_id, body={"summary": "Ours", **times(OURS)}, **purpose)
        outbox.add([made])
    deliver_all(company)

    with company.inside():
        made.refresh_from_db()
    assert (made.state, made.google_id) == (OutboxWrite.State.DONE, event_ids.next_after(google_id))
    assert [e["id"] for e in company.google.events(address("ada"))] == [made.google_id]


def test_what_was_decided_about_an_event_follows_it_to_its_other_id(company: Company) -> None:
    company.sync()
    google_id = event_ids.chosen("test", "reserved")
    company.insert("ada", {**meeting("Theirs", MONDAY, 10, 60, "ada"), "id": google_id})
    company.google.as_person(address("ada"), "delete", google_id)
    purpose: dict[str, Any] = {"purpose": "test", "purpose_id": uuid4()}
    with company.inside():
        calendar = company.calendar("ada")
        made = outbox.insert(calendar, google_id=google_id, body={"summary": "Ours", **times(OURS)}, **purpose)
        outbox.add([made, outbox.delete(calendar, google_id=google_id, etag="", **purpose)])
    deliver_all(company)
    assert company.google.events(address("ada")) == []
