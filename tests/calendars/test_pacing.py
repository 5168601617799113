"""Errors told apart, budgets kept, one person's trouble nobody else's (SYNC O5, W5, 1.5)."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from calendars import connections, delivery, outbox, pacing
from calendars.models import GoogleConnection, OutboxWrite
from clockwise import clock
from clockwise.google.errors import AccessMisconfigured, BlockedByAdmin, GrantRevoked
from tests.company import SUNDAY_NOON, Company, address

START = datetime(2027, 3, 2, 13, tzinfo=UTC)
HOLD = {"summary": "Focus time", "start": {"dateTime": START.isoformat()}, "end": {"dateTime": "2027-03-02T15:00:00Z"}}


def decide(company: Company, *names: str) -> None:
    with company.inside():
        outbox.add(
            outbox.insert(
                company.calendar(name), google_id=f"c10c{uuid4().hex}", body=HOLD, purpose="test", purpose_id=uuid4()
            )
            for name in names
        )


def deliver(company: Company, minutes: float = 0) -> dict[str, list[str]]:
    """States of the writes by whose they are."""
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=minutes)), company.acting():
        delivery.deliver()
    with company.inside():
        rows = OutboxWrite.objects.order_by("decided_at", "id").values_list("member_id", "state")
        found: dict[UUID, list[str]] = {}
        for member_id, state in rows:
            found.setdefault(member_id, []).append(state)
    return {name: found[member_id] for name, member_id in company.ids.items() if member_id in found}


def inserts(company: Company, name: str) -> int:
    return sum(e["method"] == "POST" and e.get("email") == address(name) for e in company.google.log)


@pytest.mark.parametrize(("fault", "minutes"), [("403_quota", 59), ("403_rate", 0.02), ("429", 0.02)])
def test_too_many_requests_park_all_writes_of_one_person_and_nobody_elses(
    company: Company, fault: str, minutes: float
) -> None:
    company.sync()
    decide(company, "ada", "ada", "ada", "ben")
    company.google.faults.add({"match": {"method": "POST", "email": address("ada")}, "fault": fault})
    company.google.log.clear()

    assert deliver(company) == {"ada": ["pending"] * 3, "ben": ["done"]}
    assert inserts(company, "ada") == 1
    decide(company, "ada")
    deliver(company, minutes)
    assert inserts(company, "ada") == 1
    assert deliver(company, 61)["ada"] == ["done"] * 4


def test_a_parked_write_has_lost_no_attempt(company: Company) -> None:
    company.sync()
    decide(company, "ada", "ada")
    company.google.faults.add({"match": {"method": "POST"}, "fault": "403_quota"})
    deliver(company)
    with company.inside():
        assert sorted(OutboxWrite.objects.values_list("attempts", flat=True)) == [0, 0]


def test_a_used_up_budget_puts_writes_off_and_sends_nothing(company: Company, settings: Any) -> None:
    company.sync()
    decide(company, "ada", "ada", "ada")
    settings.GOOGLE_REQUESTS_A_MINUTE = {"project": 1000, "person": 2}
    company.google.log.clear()
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=2)):
        assert deliver(company, 2)["ada"] == ["done", "done", "pending"]
    assert inserts(company, "ada") == 2
    assert deliver(company, 3.1)["ada"] == ["done"] * 3


def test_reading_leaves_a_part_of_the_budget_to_writing() -> None:
    assert pacing.READING < pacing.WRITING == 1


def expire_token(company: Company, name: str) -> None:
    with company.inside():
        row = GoogleConnection.objects.get(member=company.ids[name])
        assert row.credentials is not None
        row.credentials = type(row.credentials)(row.credentials.refresh_token)
        row.save()


@pytest.mark.parametrize(
    ("fault", "error", "problem"),
    [
        ("invalid_client", AccessMisconfigured, "misconfigured"),
        ("unauthorized_client", AccessMisconfigured, "misconfigured"),
        ("admin_policy_enforced", BlockedByAdmin, "blocked_by_admin"),
    ],
)
def test_what_is_the_operators_or_the_admins_to_repair_touches_no_grant(
    company: Company, caplog: pytest.LogCaptureFixture, fault: str, error: type[Exception], problem: str
) -> None:
    company.sync()
    decide(company, "ada")
    expire_token(company, "ada")
    company.google.faults.add({"match": {"path_regex": "/token"}, "fault": fault})
    with caplog.at_level(logging.ERROR):
        assert deliver(company)["ada"] == ["pending"]

    kept = company.connection("ada")
    assert (kept.state, kept.problem) == ("active", problem)
    assert "doesn't let this installation's client in" in caplog.text
    assert deliver(company, 10)["ada"] == ["done"]
    assert company.connection("ada").problem == ""


def test_a_grant_that_google_calls_invalid_ends_one_connection_alone(company: Company) -> None:
    company.sync()
    decide(company, "ada", "ben")
    expire_token(company, "ada")
    company.google.faults.add({"match": {"path_regex": "/token"}, "fault": "invalid_grant"})
    assert deliver(company) == {"ada": ["dropped"], "ben": ["done"]}
    assert company.connection("ada").state == "revoked"
    assert company.connection("ben").state == "active"


def test_a_401_costs_one_forced_renewal_and_then_the_connection(company: Company) -> None:
    company.sync()
    with company.google.lock:
        company.google.state.access_tokens.clear()
    decide(company, "ada")
    company.google.log.clear()
    assert deliver(company)["ada"] == ["done"]
    assert [e["path"] for e in company.google.log].count("/token") == 1

    company.google.suspend(address("ada"))
    decide(company, "ada")
    assert deliver(company)["ada"] == ["done", "dropped"]
    assert company.connection("ada").state == "revoked"


def test_many_workers_that_need_a_token_cost_one_renewal_and_share_it(company: Company) -> None:
    company.sync()
    expire_token(company, "ada")
    connection_id = company.connection("ada").pk
    company.google.log.clear()

    def token(_: int) -> str:
        try:
            with company.acting():
                return connections.ConnectionTokens(connection_id).current()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(token, range(8)))
    assert len(tokens) == 1
    assert [e["path"] for e in company.google.log].count("/token") == 1


def test_a_revoked_grant_is_told_from_a_connection_that_we_ended(company: Company) -> None:
    connection_id = company.connection("ada").pk
    with company.acting():
        connections.mark_revoked(connection_id, reason="test", since=clock.now())
        with pytest.raises(GrantRevoked, match="not_connected"):
            connections.ConnectionTokens(connection_id).current()
