"""The rows are the queue: what messages wake, and what the sweep finds without them."""

import json
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from celery import Task
from django.conf import settings
from django.core.management import CommandError, call_command
from kombu import Connection
from kombu.exceptions import OperationalError

from calendars import connections, locks, outbox, tasks
from calendars.models import Event
from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.organizations import access
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current, messages
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

Woken = list[tuple[str, str]]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Woken:
    """The messages instead of their being sent, as task and first argument."""
    found: Woken = []

    def wake(task: Task[..., Any], *arguments: object, after: timedelta = timedelta()) -> None:
        found.append((str(task.name).removeprefix("calendars."), str(arguments[0]) if arguments else ""))

    monkeypatch.setattr(messages, "wake", wake)
    return found


def calendar_id(company: Company, name: str) -> str:
    with company.inside():
        return str(company.calendar(name).pk)


def test_the_sweep_finds_connections_that_were_never_synced(company: Company, woken: Woken) -> None:
    tasks.sweep()
    mine = {("sync_connection", str(company.connection(name).pk)) for name in ("ada", "ben", "chie")}
    assert mine < set(woken)
    assert len(woken) == 4  # Mallory's, in her organization


def test_the_sweep_polls_each_calendar_every_five_minutes_and_its_zone_each_day(company: Company, woken: Woken) -> None:
    company.sync()
    polled = {("sync_calendar", calendar_id(company, name)) for name in ("ada", "ben", "chie")}
    listed = {("sync_connection", str(company.connection(name).pk)) for name in ("ada", "ben", "chie")}
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=4)):
        tasks.sweep()
    assert not (polled | listed) & set(woken)
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=6)):
        tasks.sweep()
    assert polled < set(woken)
    assert not listed & set(woken)
    with clock.stopped(SUNDAY_NOON + timedelta(days=1.2)):
        tasks.sweep()
    assert listed < set(woken)


def test_the_sweep_finds_writes_and_revocations_that_are_due(company: Company, woken: Woken) -> None:
    company.sync()
    with company.inside():
        outbox.add([outbox.delete(company.calendar("ada"), google_id="x", etag="", purpose="hold", purpose_id=uuid4())])
        access.end(company.member("ben"), reason=Reason.ADMIN)
    ended = ("revoke_grant", str(company.connection("ben").pk))
    assert ended in woken
    woken.clear()

    tasks.sweep()
    assert ("perform_writes", "") in woken
    assert ended in woken
    assert ("sync_calendar", calendar_id(company, "ben")) not in woken


def test_performing_writes_wakes_one_sync_for_each_calendar_they_touched(company: Company, woken: Woken) -> None:
    company.sync()
    with company.inside():
        for google_id in ("c10ctest1", "c10ctest2"):
            body = {k: meeting("", MONDAY, 10, 60)[k] for k in ("start", "end")}
            calendar = company.calendar("ada")
            outbox.add([outbox.insert(calendar, google_id=google_id, body=body, purpose="hold", purpose_id=uuid4())])
    with company.acting():
        tasks.perform_writes()
    assert woken == [("sync_calendar", calendar_id(company, "ada"))]


def test_one_worker_at_a_time_performs_an_organizations_writes(company: Company, woken: Woken) -> None:
    company.sync()
    with company.inside():
        calendar = company.calendar("ada")
        outbox.add([outbox.delete(calendar, google_id="c10cx", etag="", purpose="hold", purpose_id=uuid4())])
    with locks.hold(f"writes:{company.organization_id}", lease_seconds=60, wait_seconds=0), company.acting():
        tasks.perform_writes()
    assert woken == []
    assert company.google.log[-1]["method"] != "DELETE"


def test_an_organization_whose_turn_is_over_queues_up_anew(
    company: Company, woken: Woken, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sync()
    with company.inside():
        calendar = company.calendar("ada")
        outbox.add([outbox.delete(calendar, google_id="c10cx", etag="", purpose="hold", purpose_id=uuid4())])
    monkeypatch.setattr(tasks, "WRITES_SLICE", -1)
    with company.acting():
        tasks.perform_writes()
    assert woken == [("perform_writes", "")]


def test_a_broker_that_is_away_fails_nobodys_request(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Connection("redis://127.0.0.1:1/0", transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS)
    send = partial(tasks.perform_writes.apply_async, connection=away)
    monkeypatch.setattr(tasks.perform_writes, "apply_async", send)
    with company.acting(), pytest.raises(OperationalError):
        send()
    with company.acting():
        messages.wake(tasks.perform_writes)


def test_tasks_given_another_organizations_ids_touch_nothing(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    company.sync()
    company.insert("ada", meeting("New", MONDAY, 12, 60, "ada"))
    ids = calendar_id(company, "ada"), str(company.connection("ada").pk)
    company.google.log.clear()
    with current.acting_for(company.other_organization_id):
        tasks.sync_calendar(ids[0])
        tasks.sync_connection(ids[1])
        tasks.revoke_grant(ids[1])
    assert company.google.log == []
    with company.inside():
        assert Event.objects.filter(member=company.ids["ada"]).count() == 1


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_sync_calendars_comes_back_when_the_calendar_is_there(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    said = run("sync_calendars", "--email", address("ada"), "--wait")
    assert json.loads(said.splitlines()[-1]) == {"calendars": 1, "events": 1}


def test_sync_calendars_says_so_when_the_grant_was_taken_back(company: Company) -> None:
    company.sync()
    company.google.revoke(address("ada"))
    with pytest.raises(CommandError, match="isn't connected"):
        run("sync_calendars", "--email", address("ada"), "--wait")


def test_sync_calendars_says_so_when_google_is_away(company: Company) -> None:
    company.google.faults.add({"match": {}, "fault": "503", "times": 20})
    with pytest.raises(CommandError, match="Try again later"):
        run("sync_calendars", "--email", address("ada"), "--wait")


def test_disconnect_google_ends_the_connection_of_one_member(company: Company) -> None:
    run("disconnect_google", "--email", address("ada"))
    assert company.connection("ada").state == "disconnected"
    assert company.connection("ben").state == "active"
    with pytest.raises(CommandError, match="no connection"):
        run("disconnect_google", "--email", address("ada"))


def test_a_connection_is_audited_from_its_beginning_to_its_end(company: Company) -> None:
    with company.acting():
        connections.disconnect(company.ids["ada"])
    with company.inside():
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"google_connection.connected", "google_connection.disconnected"} <= actions
