"""Goal 2: whoever runs SQL of their own as the application, inside a valid context of one organization, stays in it."""

from django.db import DatabaseError, connection, connections, transaction

from clockwise.organizations.models import Member
from clockwise.tenancy import current, token
from tests.organizations import Pair
from tests.security.rows import fill

# {other}: Mallory's organization; {mine}: the attacker's; {theirs}: an event of Mallory's; {foreign}: her member's id.
ESCAPES = [
    # naming another organization
    "SELECT id FROM calendars_event WHERE organization_id = '{other}'",
    "SELECT id FROM calendars_event WHERE true OR organization_id = '{other}'",
    "SELECT id FROM calendars_event WHERE id = '{theirs}'",
    "SELECT id FROM calendars_event UNION ALL SELECT id FROM calendars_event WHERE organization_id <> '{mine}'",
    "SELECT set_config('clockwise.organization', '{other}', true); SELECT id FROM calendars_event",
    "SELECT set_config('app.tenant', '{other}', false); SELECT id FROM calendars_event",
    "SET LOCAL clockwise.tenant_token = '{other}'; SELECT id FROM calendars_event",
    "SELECT set_config('clockwise.tenant_token', '{other}', true); SELECT id FROM calendars_event",
    "SELECT set_config('clockwise.tenant_token',"
    " replace(current_setting('clockwise.tenant_token'), '{mine}', '{other}'), true); SELECT id FROM calendars_event",
    "SELECT set_config('clockwise.tenant_token', '{other}..', true); SELECT id FROM calendars_event",
    "SELECT set_config('clockwise.tenant_token', '{other}.' || repeat('0', 16) || '.' || repeat('0', 64), true);"
    " SELECT id FROM calendars_event",
    "SELECT set_config('clockwise.tenant_token', current_setting('clockwise.tenant_token') || ' ', true);"
    " SELECT id FROM calendars_event WHERE organization_id = '{other}'",
    "RESET clockwise.tenant_token; SELECT id FROM calendars_event",
    "SELECT set_config('clockwise.tenant_token', '', true); SELECT id FROM calendars_event",
    # the key and the function that checks it
    "SELECT encode(inner_block, 'hex') FROM tenancy_token_key",
    "COPY tenancy_token_key TO STDOUT",
    "INSERT INTO tenancy_token_key VALUES ('mine', '', '', now())",
    "UPDATE tenancy_token_key SET inner_block = ''",
    "DELETE FROM tenancy_token_key",
    "CREATE OR REPLACE FUNCTION current_organization() RETURNS uuid LANGUAGE sql AS $$ SELECT '{other}'::uuid $$;"
    " SELECT id FROM calendars_event",
    "CREATE FUNCTION pg_temp.current_organization() RETURNS uuid LANGUAGE sql AS $$ SELECT '{other}'::uuid $$;"
    " SELECT id FROM calendars_event",
    "CREATE TEMP TABLE tenancy_token_key (name text, inner_block bytea, outer_block bytea)",
    "CREATE SCHEMA mine; CREATE FUNCTION mine.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT ''::bytea $$",
    "SET search_path = pg_temp, public; SELECT id FROM calendars_event WHERE organization_id = '{other}'",
    "DROP FUNCTION current_organization() CASCADE",
    "SELECT pg_get_functiondef('current_organization()'::regprocedure)",
    # becoming somebody else
    "SET ROLE cw_owner; SELECT id FROM calendars_event",
    "SET ROLE cw_lookup; SELECT id FROM organizations_member",
    "SET ROLE cw_backup; SELECT id FROM calendars_event",
    "SET SESSION AUTHORIZATION postgres; SELECT id FROM calendars_event",
    "RESET SESSION AUTHORIZATION; SELECT id FROM calendars_event WHERE organization_id = '{other}'",
    "ALTER ROLE cw_app BYPASSRLS",
    "ALTER ROLE cw_app SUPERUSER",
    "GRANT cw_backup TO cw_app",
    "CREATE ROLE mine BYPASSRLS",
    # switching the walls off
    "SET row_security = off; SELECT id FROM calendars_event",
    "ALTER TABLE calendars_event DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE calendars_event NO FORCE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON calendars_event USING (true)",
    "DROP POLICY tenant ON calendars_event",
    "ALTER POLICY tenant ON calendars_event USING (true)",
    "SET session_replication_role = replica",
    # reading around them
    "CREATE VIEW mine AS SELECT * FROM calendars_event; SELECT id FROM mine",
    "CREATE MATERIALIZED VIEW mine AS SELECT * FROM calendars_event",
    "CREATE TABLE mine AS SELECT * FROM calendars_event",
    "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'calendars_event'",
    "SELECT stavalues1::text FROM pg_statistic",
    "COPY calendars_event TO STDOUT",
    "COPY calendars_event TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_read_binary_file(pg_relation_filepath('calendars_event'))",
    "DO $$ BEGIN PERFORM dblink('dbname=clockwise', 'SELECT 1'); END $$",
    "CREATE EXTENSION pageinspect",
    "SELECT query FROM pg_stat_activity WHERE usename = 'cw_owner' AND query LIKE '%organization%'",
    "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM calendars_event WHERE organization_id = '{other}'; FETCH ALL FROM c",
    "PREPARE p AS SELECT id FROM calendars_event WHERE organization_id = '{other}'; EXECUTE p; DEALLOCATE p",
    "SELECT id FROM calendars_event TABLESAMPLE SYSTEM (100) WHERE organization_id = '{other}'",
    "SELECT e.id FROM calendars_event e, LATERAL (SELECT '{other}'::uuid AS o) x WHERE e.organization_id = x.o",
    "LOCK TABLE calendars_event IN ACCESS EXCLUSIVE MODE",
    # an operator with a side effect in a filter: leaky functions must not see rows that the policy drops
    "SELECT id FROM calendars_event WHERE 1 / (CASE WHEN organization_id = '{other}' THEN 0 ELSE 1 END) = 1",
    "SELECT id FROM calendars_event WHERE google_id::int = 0 AND organization_id = '{other}'",
    # writing across
    "UPDATE calendars_event SET etag = 'x' WHERE id = '{theirs}' RETURNING id",
    "UPDATE calendars_event SET organization_id = '{other}' RETURNING id",
    "DELETE FROM calendars_event WHERE id = '{theirs}' RETURNING id",
    "INSERT INTO organizations_team (id, organization_id, details)"
    " VALUES (gen_random_uuid(), '{other}', '') RETURNING id",
    "INSERT INTO organizations_teammembership (id, organization_id, team_id, member_id)"
    " SELECT gen_random_uuid(), '{mine}', id, '{foreign}' FROM organizations_team RETURNING id;"
    " SET CONSTRAINTS ALL IMMEDIATE",
    "INSERT INTO organizations_domain (id, organization_id, domain_index, details)"
    " VALUES (gen_random_uuid(), '{mine}', '', '') ON CONFLICT (id) DO UPDATE SET organization_id = '{other}'"
    " RETURNING organization_id",
    "UPDATE organizations_organization SET plan = 'free' WHERE id = '{other}' RETURNING id",
    "DELETE FROM organizations_organization WHERE id = '{other}' RETURNING id",
    "TRUNCATE calendars_event",
    "MERGE INTO calendars_event e USING (SELECT '{theirs}'::uuid AS id) s ON e.id = s.id"
    " WHEN MATCHED THEN UPDATE SET etag = 'x' RETURNING e.id",
]


def attack(statement: str) -> list[str]:
    """Everything that the statements answer, as text; a refusal answers nothing."""
    seen: list[str] = []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for part in statement.split("; ") if "$$" not in statement else [statement]:
                cursor.execute(part)
                if cursor.description:
                    seen += [str(value) for row in cursor.fetchall() for value in row]
    except DatabaseError:
        pass
    return seen


def test_goal_02_there_are_at_least_forty_escapes() -> None:
    assert len(ESCAPES) == len(set(ESCAPES)) >= 40


def test_goal_02_no_escape_reads_or_changes_another_organizations_rows(pair: Pair) -> None:
    mine, theirs = fill(pair.ada), fill(pair.mallory)
    foreign = {str(row.pk) for row in theirs.values()} | {str(pair.mallory.pk)}
    known = next(row for row in theirs.values() if row._meta.model_name == "event")
    before = _all_rows(pair)
    escaped = {}
    for template in ESCAPES:
        statement = (
            template.replace("{other}", str(pair.other_organization_id))
            .replace("{mine}", str(pair.organization_id))
            .replace("{theirs}", str(known.pk))
            .replace("{foreign}", str(pair.mallory.pk))
        )
        with current.acting_for(pair.organization_id):
            try:
                with current.transaction():
                    found = [text for text in attack(statement) if any(pk in text for pk in foreign)]
                    if found:
                        escaped[template] = found
                    transaction.set_rollback(True)
            except DatabaseError:
                connection.close()
    assert escaped == {}
    assert _all_rows(pair) == before
    assert mine


def test_goal_02_control_with_the_plain_setting_an_injection_walks_over(pair: Pair) -> None:
    fill(pair.mallory)
    weak = "(organization_id = nullif(current_setting('clockwise.organization', true), '')::uuid)"
    with connections["owner"].cursor() as owner:
        owner.execute(f"ALTER POLICY tenant ON calendars_event USING {weak}")
        try:
            with current.organization(pair.organization_id):
                seen = attack(
                    f"SELECT set_config('clockwise.organization', '{pair.other_organization_id}', true); "
                    "SELECT organization_id FROM calendars_event"
                )
        finally:
            owner.execute(
                "ALTER POLICY tenant ON calendars_event USING (organization_id = (SELECT current_organization()))"
            )
    assert seen == [str(pair.other_organization_id)] * 2


def test_goal_02_control_who_has_the_key_can_sign_for_anybody(pair: Pair) -> None:
    """So the key is the wall: the application's process has it, its database role has not."""
    with current.organization(pair.organization_id), connection.cursor() as cursor:
        token.show(cursor, pair.other_organization_id)
        cursor.execute("SELECT id FROM organizations_member")
        assert cursor.fetchall() == [(pair.mallory.pk,)]


def _all_rows(pair: Pair) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for organization_id in (pair.organization_id, pair.other_organization_id):
        with current.organization(organization_id), connection.cursor() as cursor:
            for table in ("calendars_event", "organizations_team", "organizations_domain", Member._meta.db_table):
                cursor.execute(f"SELECT xmin::text, * FROM {table} ORDER BY id")
                found += cursor.fetchall()
    return found
