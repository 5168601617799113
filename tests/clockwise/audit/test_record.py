"""What an entry says, and who may add one."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, connections
from django.test import Client

from clockwise import clock
from clockwise.audit import chain, commitments, origin
from clockwise.audit.commitments import EntryColumns, commitment_of, leaf_of
from clockwise.audit.events import EVENTS
from clockwise.audit.models import AuditEntry
from clockwise.audit.origin import Origin
from clockwise.audit.record import UnlistedEvent, record, together
from clockwise.organizations import tokens
from clockwise.tenancy import current
from tests.company import SUNDAY_NOON
from tests.organizations import Pair


def columns_of(entry: AuditEntry) -> EntryColumns:
    micros = (entry.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM audit_auditentry WHERE id = %s", [entry.pk])
        digest = hashlib.sha256(cursor.fetchone()[0]).digest()
    return EntryColumns(
        entry.pk,
        entry.organization_id,
        micros,
        entry.action,
        entry.actor_id,
        entry.target_type,
        entry.target_id,
        entry.channel,
        entry.via,
        bytes(entry.commitment),
        digest,
    )


def test_there_are_at_least_sixty_events_each_with_its_meaning() -> None:
    assert len(EVENTS) >= 60
    assert all("." in name and len(name) <= 64 and meaning for name, meaning in EVENTS.items())


def test_an_unlisted_event_is_refused(pair: Pair) -> None:
    with current.organization(pair.organization_id), pytest.raises(UnlistedEvent, match="coffee"):
        record("coffee.spilled", by=None)


def test_an_entry_says_who_what_when_and_from_where(pair: Pair) -> None:
    here = Origin("web", "settings", "203.0.113.7", "browser")
    with clock.stopped(SUNDAY_NOON), current.organization(pair.organization_id), origin.acting_from(here):
        record("member.role_changed", by=pair.ada.pk, target=pair.ben, role="admin")
    with current.organization(pair.organization_id):
        entry = AuditEntry.objects.get(action="member.role_changed")
    assert (entry.actor_id, entry.target_type, entry.target_id) == (pair.ada.pk, "member", pair.ben.pk)
    assert entry.at == SUNDAY_NOON
    assert (entry.channel, entry.via) == ("web", "settings")
    assert (entry.body.address, entry.body.agent, entry.body.facts) == ("203.0.113.7", "browser", {"role": "admin"})


def test_a_request_is_where_its_entries_come_from(pair: Pair, client: Client) -> None:
    from clockwise.audit.middleware import _origin_of

    request = client.get("/accounts/google/login", headers={"User-Agent": "curl/8"}).wsgi_request
    assert _origin_of(request) == Origin("web", "sign-in", "127.0.0.1", "program")


def test_the_database_and_the_verifier_compute_the_same_leaf(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        record("member.role_changed", by=pair.ada.pk, target=pair.ben, role="Größe")
        tokens.create(pair.ada, scopes={"read"})
    with current.organization(pair.organization_id):
        for entry in AuditEntry.objects.all():
            assert leaf_of(columns_of(entry)) == bytes(entry.leaf)
            body = entry.body
            assert commitment_of(body.facts, body.address, body.agent, body.salt) == bytes(entry.commitment)


def test_entries_are_chained_right_after_their_transaction(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        record("team.created", by=pair.ada.pk)
        assert AuditEntry.objects.filter(position=None).count() == 1
    with current.organization(pair.organization_id):
        entries = list(AuditEntry.objects.order_by("position"))
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    link = commitments.chain_start(pair.organization_id)
    for entry in entries:
        link = commitments.chained(link, bytes(entry.leaf))
        assert bytes(entry.chain or b"") == link


def test_an_entry_goes_with_the_transaction_that_it_tells_of(pair: Pair) -> None:
    with pytest.raises(ZeroDivisionError), current.organization(pair.organization_id):
        record("team.created", by=pair.ada.pk)
        raise ZeroDivisionError
    with current.organization(pair.organization_id):
        assert not AuditEntry.objects.filter(action="team.created").exists()


def test_what_a_crashed_process_left_is_chained_by_the_sweep(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(chain, "extend_current", lambda: None)
        with current.organization(pair.organization_id):
            record("team.created", by=pair.ada.pk)
    assert chain.organizations_waiting() == [pair.organization_id]
    chain.extend_all()
    assert chain.organizations_waiting() == []


def test_entries_recorded_together_are_chained_in_their_own_transaction(pair: Pair) -> None:
    with current.organization(pair.organization_id), together():
        record("team.created", by=pair.ada.pk)
        record("team.changed", by=pair.ada.pk)
    with current.organization(pair.organization_id):
        entries = list(AuditEntry.objects.filter(action__startswith="team.").order_by("position"))
    assert [entry.action for entry in entries] == ["team.created", "team.changed"]
    assert all(entry.position for entry in entries)


def test_of_entries_recorded_together_those_of_a_lost_savepoint_are_forgotten(pair: Pair) -> None:
    with current.organization(pair.organization_id), together():
        record("team.created", by=pair.ada.pk)
        with suppress(ZeroDivisionError), current.transaction(), together():
            record("team.deleted", by=pair.ada.pk)
            raise ZeroDivisionError
        with current.transaction(), together():
            record("team.changed", by=pair.ada.pk)
    with current.organization(pair.organization_id):
        entries = AuditEntry.objects.filter(action__startswith="team.").order_by("position")
        assert [entry.action for entry in entries] == ["team.created", "team.changed"]


@pytest.mark.parametrize("ways", [[nullcontext], [together], [nullcontext, together]])
def test_entries_of_many_at_once_make_one_chain(
    pair: Pair, ways: list[Callable[[], AbstractContextManager[None]]]
) -> None:
    def act(number: int) -> None:
        try:
            with current.organization(pair.organization_id), ways[number % len(ways)]():
                record("run.started", by=pair.ada.pk, number=number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(40)))
    with current.organization(pair.organization_id):
        positions = list(AuditEntry.objects.order_by("position").values_list("position", flat=True))
    assert positions == list(range(1, len(positions) + 1))
    assert len(positions) >= 40


def test_the_application_can_only_add_and_only_to_its_own_organization(pair: Pair) -> None:
    statements = [
        f"{verb} audit_{table}"
        for table, verbs in {
            "auditentry": ("DELETE FROM", "TRUNCATE", "LOCK TABLE"),
            "auditleaf": ("DELETE FROM", "TRUNCATE"),
            "audithead": ("DELETE FROM", "TRUNCATE"),
        }.items()
        for verb in verbs
    ]
    statements += [
        "UPDATE audit_auditentry SET action = 'x'",
        "UPDATE audit_auditentry SET position = NULL",
        "INSERT INTO audit_auditentry SELECT * FROM audit_auditentry",
        "UPDATE audit_audithead SET root = ''",
        "UPDATE audit_auditleaf SET position = 1",
        "DROP TABLE audit_auditentry",
        "ALTER TABLE audit_auditentry DISABLE ROW LEVEL SECURITY",
    ]
    for statement in statements:
        with pytest.raises(DatabaseError), current.organization(pair.organization_id), connection.cursor() as cursor:
            cursor.execute(statement)
    for function in ("audit_append", "audit_append_chained"):
        foreign = f"SELECT {function}(gen_random_uuid(), %s, now(), 'team.created', NULL, '', NULL, '', '', '', '')"
        with pytest.raises(DatabaseError), current.organization(pair.organization_id), connection.cursor() as cursor:
            cursor.execute(foreign, [pair.other_organization_id])


def test_another_organizations_entries_are_not_seen(pair: Pair) -> None:
    with current.organization(pair.other_organization_id):
        assert not AuditEntry.objects.filter(organization_id=pair.organization_id).exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM audit_auditentry WHERE organization_id = %s", [pair.organization_id])
            assert cursor.fetchone()[0] == 0
