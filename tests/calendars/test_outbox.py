"""Decided, then done: each write exactly once, and never over somebody's edit."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from calendars import changes, connections, delivery, outbox
from calendars.models import Event, OutboxWrite
from calendars.sync import calendar as calendar_sync
from calendars.sync import listing
from clockwise import clock
from clockwise.google import transport
from clockwise.google.event import GoogleEvent
from clockwise.organizations import access
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current
from privacy.models import ProcessingSettings
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

NEW_START = datetime(2027, 3, 2, 13, tzinfo=UTC)
NEW_END = NEW_START + timedelta(hours=1)
HOLD = {
    "summary": "Focus time",
    "start": {"dateTime": "2027-03-02T13:00:00Z"},
    "end": {"dateTime": "2027-03-02T14:00:00Z"},
}


@pytest.fixture
def planned(company: Company) -> str:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben", description="kept at Google"))
    company.sync()
    return google_id


def decided(write: OutboxWrite) -> OutboxWrite:
    outbox.add([write])
    return write


def decide_patch(company: Company, google_id: str) -> OutboxWrite:
    with company.inside():
        event = company.event("ada", google_id)
        return decided(
            outbox.patch(event, start=NEW_START, end=NEW_END, purpose="move", purpose_id=uuid4(), notices="all")
        )


def decide_insert(company: Company, google_id: str = "c10ctestid") -> OutboxWrite:
    with company.inside():
        calendar = company.calendar("ada")
        return decided(outbox.insert(calendar, google_id=google_id, body=HOLD, purpose="hold", purpose_id=uuid4()))


def perform_all(company: Company) -> list[OutboxWrite]:
    with company.acting():
        while writes := delivery.claim():
            delivery.perform(writes)
    with company.inside():
        return list(OutboxWrite.objects.order_by("decided_at", "id"))


def writes_at_google(company: Company) -> list[dict[str, object]]:
    return [
        entry
        for entry in company.google.log
        if entry["method"] in ("POST", "PATCH", "DELETE") and "events" in str(entry["path"])
    ]


def start_at_google(company: Company, google_id: str) -> str:
    return str(company.google.event(address("ada"), google_id)["start"]["dateTime"])


def test_a_move_reaches_google_and_all_guests_and_keeps_every_word(company: Company, planned: str) -> None:
    decide_patch(company, planned)
    [write] = perform_all(company)

    assert write.state == OutboxWrite.State.DONE
    event = company.google.event(address("ben"), planned)
    assert event["start"]["dateTime"] == "2027-03-02T14:00:00+01:00"
    assert (event["summary"], event["description"]) == ("Plan", "kept at Google")
    [sent] = [entry for entry in company.google.log if entry["method"] == "PATCH"]
    assert set(sent["body"]) == {"start", "end"}
    assert sent["query"]["sendUpdates"] == "all"
    with company.inside():
        assert company.event("ada", planned).start == NEW_START


def test_somebodys_edit_since_the_decision_stands(company: Company, planned: str) -> None:
    decide_patch(company, planned)
    theirs = meeting("Plan", MONDAY, 16, 60)
    company.google.as_person(address("ada"), "patch", planned, {k: theirs[k] for k in ("start", "end")})
    [write] = perform_all(company)

    assert write.state == OutboxWrite.State.STALE
    assert start_at_google(company, planned) == "2027-03-01T16:00:00+01:00"


def test_a_worker_that_died_after_google_had_answered_repeats_nothing(company: Company, planned: str) -> None:
    decide_patch(company, planned)
    decide_insert(company)
    company.google.faults.add({"match": {"method": "PATCH"}, "fault": "drop_after_write"})
    company.google.faults.add({"match": {"method": "POST", "path_regex": "/events$"}, "fault": "drop_after_write"})
    first = perform_all(company)
    assert {write.state for write in first} == {OutboxWrite.State.PENDING}

    with clock.stopped(SUNDAY_NOON + timedelta(minutes=10)):
        second = perform_all(company)

    assert {write.state for write in second} == {OutboxWrite.State.DONE}
    held = [
        e for e in company.google.state.calendars[address("ada")].events.values() if e.fields["summary"] == "Focus time"
    ]
    assert len(held) == 1
    assert start_at_google(company, planned) == "2027-03-02T14:00:00+01:00"


def test_a_leased_write_is_nobody_elses_until_the_lease_ends(company: Company, planned: str) -> None:
    decide_patch(company, planned)
    with company.acting():
        assert len(delivery.claim()) == 1
        assert delivery.claim() == []
        with clock.stopped(SUNDAY_NOON + delivery.LEASE):
            [again] = delivery.claim()
    assert again.attempts == 2


@pytest.mark.parametrize("fault", ["429", "503", "403_rate", "drop"])
def test_a_google_that_asks_for_patience_gets_it(company: Company, planned: str, fault: str) -> None:
    decide_patch(company, planned)
    company.google.faults.add({"match": {"method": "PATCH"}, "fault": fault})
    [write] = perform_all(company)

    assert write.state == OutboxWrite.State.PENDING
    assert write.not_before > SUNDAY_NOON
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=5)):
        [write] = perform_all(company)
    assert write.state == OutboxWrite.State.DONE


@pytest.mark.parametrize("fault", ["429", "503", "403_rate"])
def test_a_write_comes_back_no_sooner_than_google_asked(company: Company, planned: str, fault: str) -> None:
    decide_patch(company, planned)
    company.google.faults.add({"match": {"method": "PATCH"}, "fault": {fault: 240}})
    [write] = perform_all(company)
    assert SUNDAY_NOON + timedelta(seconds=240) == write.not_before


def test_a_write_whose_answer_came_too_late_is_not_made_twice(
    company: Company, planned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_patch(company, planned)
    with monkeypatch.context() as impatient:
        impatient.setattr(transport, "READ_SECONDS", 0.5)
        transport._pool.cache_clear()
        company.google.faults.add({"match": {"method": "PATCH"}, "fault": {"slow_after_write": 3}})
        [write] = perform_all(company)
    transport._pool.cache_clear()
    assert (write.state, write.problem) == (OutboxWrite.State.PENDING, "timeout")
    edits = company.google.event(address("ada"), planned)["etag"]
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=5)):
        [write] = perform_all(company)
    assert write.state == OutboxWrite.State.DONE
    assert company.google.event(address("ada"), planned)["etag"] == edits


def test_an_exhausted_quota_parks_the_write_for_an_hour(company: Company, planned: str) -> None:
    decide_patch(company, planned)
    company.google.faults.add({"match": {"method": "PATCH"}, "fault": "403_quota"})
    [write] = perform_all(company)
    assert write.not_before == SUNDAY_NOON + delivery.PARKED


def test_an_id_that_belongs_to_another_event_fails_and_overwrites_nothing(company: Company) -> None:
    company.sync()
    company.insert("ada", meeting("Theirs", MONDAY, 10, 60, "ada", id="c10ctestid"))
    decide_insert(company)
    [write] = perform_all(company)

    assert write.state == OutboxWrite.State.FAILED
    assert company.google.event(address("ada"), "c10ctestid")["summary"] == "Theirs"


def test_deleting_what_is_gone_already_is_done(company: Company, planned: str) -> None:
    with company.inside():
        calendar = company.calendar("ada")
        decided(outbox.delete(calendar, google_id=planned, etag="", purpose="hold", purpose_id=uuid4()))
    company.google.as_person(address("ada"), "delete", planned)
    [write] = perform_all(company)

    assert write.state == OutboxWrite.State.DONE
    with company.inside():
        assert not Event.objects.filter(member=company.ids["ada"]).exists()


def test_the_end_of_access_drops_what_was_not_sent(company: Company, planned: str) -> None:
    decide_patch(company, planned)
    with company.inside():
        access.end(company.member("ada"), reason=Reason.ADMIN)
    company.google.log.clear()
    [write] = perform_all(company)

    assert write.state == OutboxWrite.State.DROPPED
    assert writes_at_google(company) == []


def test_a_revoked_grant_drops_the_write_and_ends_the_connection(company: Company, planned: str) -> None:
    decide_patch(company, planned)
    company.google.revoke(address("ada"))
    [write] = perform_all(company)

    assert write.state == OutboxWrite.State.DROPPED
    assert company.connection("ada").state == "revoked"


def test_the_owner_of_a_write_is_told_once_how_it_ended(company: Company, planned: str) -> None:
    told: list[tuple[UUID, str, bool]] = []

    @outbox.on_settled("test")
    def ended(writes: Sequence[OutboxWrite]) -> None:
        told.extend((write.purpose_id, write.state, connection.in_atomic_block) for write in writes)

    purpose_id = uuid4()
    with company.inside():
        event = company.event("ada", planned)
        decided(outbox.patch(event, start=NEW_START, end=NEW_END, purpose="test", purpose_id=purpose_id))
    perform_all(company)
    assert told == [(purpose_id, OutboxWrite.State.DONE, True)]


def test_no_transaction_is_open_while_google_is_called(
    company: Company, planned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clockwise.google import transport

    seen: list[bool] = []
    send = transport.send

    def watched(*args: object, **kwargs: object) -> object:
        seen.append(connection.in_atomic_block)
        return send(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(transport, "send", watched)
    decide_patch(company, planned)
    perform_all(company)
    company.sync("ada")
    assert seen
    assert not any(seen)


def test_writes_to_one_event_keep_their_order(company: Company) -> None:
    company.sync()
    decide_insert(company)
    with company.inside():
        calendar = company.calendar("ada")
        decided(outbox.delete(calendar, google_id="c10ctestid", etag="", purpose="hold", purpose_id=uuid4()))
    company.google.faults.add({"match": {"method": "POST", "path_regex": "/events$"}, "fault": "503"})
    first = perform_all(company)
    assert [write.state for write in first] == [OutboxWrite.State.PENDING] * 2

    with clock.stopped(SUNDAY_NOON + timedelta(minutes=10)):
        second = perform_all(company)

    assert [write.state for write in second] == [OutboxWrite.State.DONE] * 2
    assert company.google.event(address("ada"), "c10ctestid")["status"] == "cancelled"


def test_a_listing_that_began_before_our_write_takes_nothing_away(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sync()
    company.google.expire_sync_tokens()  # so that all is listed, and what is missing counts as removed
    listings: list[Any] = []
    removed: list[str] = []
    read = listing.read

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        listing = read(*args, **kwargs)
        listings.append(listing)
        if len(listings) == 1:
            decide_insert(company)
            perform_all(company)
        return listing

    monkeypatch.setattr(calendar_sync, "read", overtaken)
    monkeypatch.setattr(changes, "_listeners", [lambda calendar, changed, gone: removed.extend(gone)])
    company.sync("ada")

    assert len(listings) == 2
    assert removed == []
    with company.inside():
        assert company.event("ada", "c10ctestid").details.title == "Focus time"


def test_a_moved_meeting_keeps_the_description_that_an_admin_let_in(company: Company) -> None:
    with company.inside():
        ProcessingSettings.objects.create(descriptions=True)
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", description="let in"))
    company.sync("ada")
    decide_patch(company, google_id)
    perform_all(company)
    company.sync("ada")

    with company.inside():
        assert company.event("ada", google_id).details.description == "let in"


def test_a_write_that_nobody_understands_holds_up_no_other(
    company: Company, planned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_patch(company, planned)
    decide_insert(company)
    send = delivery._send

    def broken(write: OutboxWrite, sender: delivery.Sender) -> GoogleEvent | None:
        if write.kind == OutboxWrite.Kind.PATCH:
            raise ZeroDivisionError
        return send(write, sender)

    monkeypatch.setattr(delivery, "_send", broken)
    patch, insert = perform_all(company)

    assert (patch.state, patch.problem) == (OutboxWrite.State.PENDING, "unexpected")
    assert insert.state == OutboxWrite.State.DONE


def test_a_write_whose_settling_fails_holds_up_no_other_and_ends_as_failed(company: Company, planned: str) -> None:
    @outbox.on_settled("test")
    def broken(writes: Sequence[OutboxWrite]) -> None:
        raise ZeroDivisionError

    with company.inside():
        event = company.event("ada", planned)
        decided(outbox.patch(event, start=NEW_START, end=NEW_END, purpose="test", purpose_id=uuid4()))
    decide_insert(company)
    patch, insert = perform_all(company)
    assert (patch.state, patch.problem) == (OutboxWrite.State.PENDING, "unexpected")
    assert insert.state == OutboxWrite.State.DONE

    with company.inside():
        OutboxWrite.objects.filter(pk=patch.pk).update(attempts=delivery.MOST_ATTEMPTS - 1)
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=10)):
        patch, _ = perform_all(company)
    assert patch.state == OutboxWrite.State.FAILED


def test_a_write_that_never_succeeds_is_told_as_failed(company: Company, planned: str) -> None:
    write = decide_patch(company, planned)
    with company.inside():
        OutboxWrite.objects.filter(pk=write.pk).update(attempts=delivery.MOST_ATTEMPTS - 1)
    company.google.faults.add({"match": {"method": "PATCH"}, "fault": "503"})
    [write] = perform_all(company)
    assert write.state == OutboxWrite.State.FAILED


def test_a_grant_given_anew_under_way_survives_the_end_of_the_old_one(company: Company, planned: str) -> None:
    began_at = clock.now()
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=1)):
        company.sign_in("ada")
    with company.acting():
        ended = connections.mark_revoked(company.connection("ada").pk, reason="invalid_grant", since=began_at)
    assert not ended
    assert company.connection("ada").state == "active"


@pytest.fixture(autouse=True)
def _no_leftover_listeners() -> Iterator[None]:
    yield
    outbox._settled.pop("test", None)


def test_another_organization_claims_nothing(company: Company, planned: str) -> None:
    decide_patch(company, planned)
    with current.acting_for(company.other_organization_id):
        assert delivery.claim() == []


def test_several_peoples_writes_are_under_way_at_once_and_each_is_sent_once(company: Company) -> None:
    company.sync()
    with company.inside():
        calendars = [company.calendar(name) for name in ("ada", "ben", "chie")]
        outbox.add(
            outbox.insert(calendar, google_id=f"c10ctest{n}", body=HOLD, purpose="hold", purpose_id=uuid4())
            for calendar in calendars
            for n in range(delivery.TOGETHER + 2)
        )
    with company.acting():
        touched = delivery.deliver()

    assert touched == {calendar.pk for calendar in calendars}
    with company.inside():
        assert {write.state for write in OutboxWrite.objects.all()} == {OutboxWrite.State.DONE}
    assert len(writes_at_google(company)) == 3 * (delivery.TOGETHER + 2)


def test_what_a_slow_google_leaves_undone_goes_back_untouched(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sync()
    for google_id in ("c10cfirst", "c10csecond"):
        decide_insert(company, google_id)
    monkeypatch.setattr(delivery, "SECONDS_TOGETHER", -1)
    with company.acting():
        delivery.perform(delivery.claim())
    with company.inside():
        assert list(OutboxWrite.objects.values_list("state", "attempts", "leased_until")) == [("pending", 0, None)] * 2
