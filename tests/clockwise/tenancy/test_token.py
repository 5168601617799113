"""What row-level security believes is a token that only the application can make, for this transaction alone."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.db.utils import DatabaseError

from clockwise.organizations.models import Member
from clockwise.tenancy import current, token
from tests.organizations import Pair

SEEN = "SELECT id FROM organizations_member"
TOKEN = f"SELECT current_setting('{token.SETTING}', true)"


def rows(sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def show(value: str) -> None:
    rows("SELECT set_config(%s, %s, true)", [token.SETTING, value])


@contextmanager
def refused(message: str) -> Iterator[None]:
    with pytest.raises(ProgrammingError, match=message), transaction.atomic():
        yield


def the_token_of(organization_id: uuid.UUID) -> str:
    with current.organization(organization_id):
        return str(rows(TOKEN)[0][0])


def test_a_token_shows_its_organization_alone(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        assert {row[0] for row in rows(SEEN)} == {pair.ada.pk, pair.ben.pk}
        assert rows("SELECT current_organization()") == [(pair.organization_id,)]


def test_naming_another_organization_in_ones_own_token_is_refused(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        mine = str(rows(TOKEN)[0][0])
        with refused("not valid in this transaction"):
            show(mine.replace(str(pair.organization_id), str(pair.other_organization_id)))
            rows(SEEN)


@pytest.mark.parametrize("forged", ["{0}", "{0}.", "..", "{0}..", "{0}.{1}.", "{0}.{1}.00", "{0}.nokey.00", "%", "'"])
def test_a_forged_token_is_refused(pair: Pair, forged: str) -> None:
    known = token._name(token._key())
    with refused("tenant token"):
        show(forged.format(pair.organization_id, known))
        rows(SEEN)


def test_a_token_is_worth_nothing_in_the_next_transaction_of_its_own_connection(pair: Pair) -> None:
    seen = the_token_of(pair.other_organization_id)
    with refused("not valid in this transaction"):
        show(seen)
        rows(SEEN)


def test_a_token_is_worth_nothing_on_another_connection(pair: Pair) -> None:
    other = connections.create_connection("default")
    try:
        with current.organization(pair.organization_id), other.cursor() as cursor:
            seen = rows(TOKEN)[0][0]
            with transaction.atomic(using="default"), pytest.raises(DatabaseError, match="not valid"):
                cursor.execute("BEGIN")
                cursor.execute("SELECT set_config(%s, %s, true)", [token.SETTING, seen])
                cursor.execute(SEEN)
    finally:
        other.close()


def test_a_plain_setting_shows_nothing(pair: Pair) -> None:
    with transaction.atomic():
        rows("SELECT set_config('clockwise.organization', %s, true)", [str(pair.organization_id)])
        assert rows(SEEN) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM tenancy_token_key",
        "UPDATE tenancy_token_key SET inner_block = outer_block",
        "INSERT INTO tenancy_token_key (name, inner_block, outer_block) VALUES ('mine', '', '')",
        "CREATE OR REPLACE FUNCTION current_organization() RETURNS uuid LANGUAGE sql AS 'SELECT null::uuid'",
        "CREATE FUNCTION pg_temp.current_organization() RETURNS uuid LANGUAGE sql AS 'SELECT null::uuid'",
        "ALTER FUNCTION current_organization() RESET ALL",
        "DROP FUNCTION current_organization() CASCADE",
        "SET ROLE cw_lookup",
        "SET SESSION AUTHORIZATION cw_owner",
    ],
)
def test_the_application_role_can_neither_read_the_key_nor_replace_the_function(pair: Pair, statement: str) -> None:
    refusal = pytest.raises(DatabaseError, match=r"permission denied|must be owner")
    with refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_organization_comes_back_when_a_savepoint_is_rolled_back(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        with pytest.raises(ZeroDivisionError), current.transaction():
            raise ZeroDivisionError
        assert Member.objects.count() == 2


def test_a_changed_secret_key_says_that_migrate_is_needed(pair: Pair, settings: object) -> None:
    settings.SECRET_KEY = "another secret key of the installation"  # type: ignore[attr-defined]
    with pytest.raises(ProgrammingError, match="run migrate"), current.organization(pair.organization_id):
        rows(SEEN)


def test_processes_with_the_key_before_work_on_while_secret_key_changes(pair: Pair, settings: object) -> None:
    before = settings.SECRET_KEY  # type: ignore[attr-defined]
    with connections["owner"].cursor() as owner:
        try:
            settings.SECRET_KEY = "the next secret key"  # type: ignore[attr-defined]
            token.install_key(owner)
            settings.SECRET_KEY = before  # type: ignore[attr-defined]
            with current.organization(pair.organization_id):
                assert len(rows(SEEN)) == 2
            settings.SECRET_KEY = "and the one after it"  # type: ignore[attr-defined]
            token.install_key(owner)
            settings.SECRET_KEY = before  # type: ignore[attr-defined]
            with pytest.raises(ProgrammingError, match="run migrate"), current.organization(pair.organization_id):
                rows(SEEN)
        finally:
            owner.execute(f"DELETE FROM {token.KEY_TABLE}")
            settings.SECRET_KEY = before  # type: ignore[attr-defined]
            token.install_key(owner)


def test_the_token_is_checked_once_a_statement_and_leaves_the_index_its_use(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        rows("SELECT set_config('enable_seqscan', 'off', true)")
        plan = "\n".join(str(row[0]) for row in rows(f"EXPLAIN (COSTS off) {SEEN} WHERE address_index = ''"))
    assert "InitPlan" in plan
    assert re.search(r"Index Cond: \(+organization_id = \(InitPlan", plan)
