"""A head's leaves in one statement over all organizations, so that a head is made in one transaction or not at all."""

from django.db import migrations

SETTINGS = "SET search_path = pg_catalog, public, pg_temp"

# Ids, counts and hashes alone: `cw_lookup` may read nothing else of the log, and adds leaves to nothing else.
GROW = f"""
CREATE FUNCTION lookup_audit_grow(new_head bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER {SETTINGS} AS $$
    WITH grown AS (
        SELECT o.id AS organization_id, latest.position, latest.chain, known.place
        FROM organizations_organization o
        CROSS JOIN LATERAL (SELECT e.position, e.chain FROM audit_auditentry e
            WHERE e.organization_id = o.id AND e.position IS NOT NULL ORDER BY e.position DESC LIMIT 1) latest
        LEFT JOIN LATERAL (SELECT l.position, l.place FROM audit_auditleaf l
            WHERE l.organization_id = o.id ORDER BY l.head DESC LIMIT 1) known ON true
        WHERE latest.position IS DISTINCT FROM known.position
    ), added AS (
        INSERT INTO audit_auditleaf (id, organization_id, head, place, position, chain)
        SELECT gen_random_uuid(), organization_id, new_head,
            coalesce(place, (SELECT coalesce(max(place) + 1, 0) FROM audit_auditleaf)
                + row_number() OVER (PARTITION BY place IS NULL ORDER BY organization_id) - 1),
            position, chain
        FROM grown RETURNING 1
    )
    SELECT count(*) FROM added
$$"""

HASH = "sha256('\\x00'::bytea || uuid_send(l.organization_id) || int8send(l.position) || l.chain)"

# Every leaf there ever was, in the order in which heads took them in.
LEAVES = f"""
CREATE FUNCTION lookup_audit_leaves() RETURNS TABLE (head bigint, place integer, leaf bytea)
LANGUAGE sql STABLE SECURITY DEFINER {SETTINGS} AS $$
    SELECT l.head, l.place, {HASH} FROM audit_auditleaf l ORDER BY l.head, l.place
$$"""

NEW = {"lookup_audit_grow(bigint)": GROW, "lookup_audit_leaves()": LEAVES}


class Migration(migrations.Migration):

    dependencies = [('audit', '0002_tamper_evident')]

    operations = [
        migrations.RunSQL(
            [
                "DROP FUNCTION lookup_audit_grown()",
                "DROP FUNCTION audit_add_leaf(uuid, uuid, bigint, integer)",
                "GRANT SELECT (chain) ON audit_auditentry TO cw_lookup",
                "GRANT INSERT ON audit_auditleaf TO cw_lookup",
                "CREATE POLICY lookup_grows ON audit_auditleaf FOR INSERT TO cw_lookup WITH CHECK (true)",
                *NEW.values(),
                *(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC" for name in NEW),
                *(f"GRANT EXECUTE ON FUNCTION {name} TO cw_app" for name in NEW),
                *(f"ALTER FUNCTION {name} OWNER TO cw_lookup" for name in NEW),
            ],
            migrations.RunSQL.noop,
        ),
    ]
