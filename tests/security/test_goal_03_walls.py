"""Goal 3: each hole that a catalog can have is found, at start and in CI, and the live one has none."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from clockwise.tenancy.checks import check_tenant_walls
from tests.organizations import Pair


def found() -> list[str | None]:
    return [error.id for error in check_tenant_walls(None, ["default"])]


# What somebody may do in a migration, and how it is taken back.
HOLES: dict[str, tuple[str, list[str], list[str]]] = {
    "a table that somebody forgot": (
        "tenancy.E001",
        ["CREATE TABLE forgotten (id uuid, organization_id uuid)"],
        ["DROP TABLE forgotten"],
    ),
    "row-level security switched off": (
        "tenancy.E001",
        ["ALTER TABLE organizations_team DISABLE ROW LEVEL SECURITY"],
        ["ALTER TABLE organizations_team ENABLE ROW LEVEL SECURITY"],
    ),
    "row-level security not forced": (
        "tenancy.E001",
        ["ALTER TABLE calendars_event NO FORCE ROW LEVEL SECURITY"],
        ["ALTER TABLE calendars_event FORCE ROW LEVEL SECURITY"],
    ),
    "a plain foreign key": (
        "tenancy.E002",
        [
            "ALTER TABLE organizations_teammembership ADD CONSTRAINT plain "
            "FOREIGN KEY (team_id) REFERENCES organizations_team (id)"
        ],
        ["ALTER TABLE organizations_teammembership DROP CONSTRAINT plain"],
    ),
    "a role that may empty a table": (
        "tenancy.E003",
        ["GRANT TRUNCATE ON organizations_team TO cw_app"],
        ["REVOKE TRUNCATE ON organizations_team FROM cw_app"],
    ),
    "a role that may make functions": (
        "tenancy.E003",
        ["GRANT CREATE ON SCHEMA public TO cw_app"],
        ["REVOKE CREATE ON SCHEMA public FROM cw_app"],
    ),
    "a view of its owner": (
        "tenancy.E004",
        ["CREATE VIEW everybody AS SELECT * FROM organizations_member"],
        ["DROP VIEW everybody"],
    ),
    "a materialized view": (
        "tenancy.E005",
        ["CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM organizations_team"],
        ["DROP MATERIALIZED VIEW counted"],
    ),
    "a policy that believes a plain setting": (
        "tenancy.E006",
        ["ALTER POLICY tenant ON organizations_team USING (organization_id = current_setting('app.tenant')::uuid)"],
        ["ALTER POLICY tenant ON organizations_team USING (organization_id = (SELECT current_organization()))"],
    ),
    "a policy that checks no new row": (
        "tenancy.E006",
        ["ALTER POLICY tenant ON organizations_team WITH CHECK (true)"],
        ["ALTER POLICY tenant ON organizations_team WITH CHECK (organization_id = (SELECT current_organization()))"],
    ),
    "a second policy that shows everything": (
        "tenancy.E006",
        ["CREATE POLICY helpful ON organizations_team FOR SELECT USING (true)"],
        ["DROP POLICY helpful ON organizations_team"],
    ),
    "a function with its owner's rights for everybody": (
        "tenancy.E007",
        [
            "CREATE FUNCTION open_door() RETURNS bigint LANGUAGE sql SECURITY DEFINER "
            "SET search_path = pg_catalog, public, pg_temp AS 'SELECT count(*) FROM organizations_member'"
        ],
        ["DROP FUNCTION open_door()"],
    ),
    "a function that trusts the caller's search path": (
        "tenancy.E007",
        [
            "CREATE FUNCTION open_door() RETURNS bigint LANGUAGE sql SECURITY DEFINER "
            "AS 'SELECT count(*) FROM organizations_member'",
            "REVOKE ALL ON FUNCTION open_door() FROM PUBLIC",
        ],
        ["DROP FUNCTION open_door()"],
    ),
    "an index that row-level security can't use": (
        "tenancy.E008",
        ['CREATE INDEX stretches ON calendars_event USING gist (tstzrange(start, "end"))'],
        ["DROP INDEX stretches"],
    ),
    "a setting that lasts": (
        "tenancy.E009",
        ["ALTER DATABASE clockwise SET search_path = public, pg_catalog"],
        ["ALTER DATABASE clockwise RESET search_path"],
    ),
    "a database without our key": (
        "tenancy.E010",
        ["UPDATE tenancy_token_key SET name = name || '-'"],
        ["UPDATE tenancy_token_key SET name = rtrim(name, '-')"],
    ),
}


@contextmanager
def hole(name: str) -> Iterator[str]:
    expected, make, mend = HOLES[name]
    with connections["owner"].cursor() as owner:
        for statement in make:
            owner.execute(statement)
        connections["default"].close()
        try:
            yield expected
        finally:
            for statement in mend:
                owner.execute(statement)
            connections["default"].close()


def test_goal_03_the_live_catalog_has_no_hole(pair: Pair) -> None:
    assert found() == []


@pytest.mark.parametrize("name", HOLES)
def test_goal_03_a_hole_in_the_catalog_is_found(name: str, database: None) -> None:
    with hole(name) as expected:
        assert found() == [expected]
    assert found() == []


def test_goal_03_control_a_check_that_asks_nothing_finds_nothing(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clockwise.tenancy.checks.CATALOG", [])
    with hole("row-level security switched off"):
        assert found() == []
