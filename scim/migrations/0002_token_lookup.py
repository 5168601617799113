"""Find a SCIM token before an organization is current: what each request of it needs, and nothing of anybody.

Owned by `cw_lookup`, which may read these columns alone (see organizations 0002).
"""

from django.db import migrations

READABLE = {
    "scim_scimtoken": "id, organization_id, token_hash, scopes, expires_at, last_used_at, revoked_at",
    "scim_provisioningsettings": (
        "organization_id, requests_per_second, opened_at_most, entra_tolerant, is_trial"
    ),
}
SIGNATURE = (
    "lookup_scim_token(wanted bytea, at timestamptz) RETURNS TABLE (token_id uuid, organization_id uuid, scopes varchar, "
    "plan varchar, plan_ends_at timestamptz, last_used_at timestamptz, requests_per_second integer, opened_at_most integer, "
    "entra_tolerant boolean, is_trial boolean)"
)
QUERY = (
    "SELECT t.id, t.organization_id, t.scopes, o.plan, o.plan_ends_at, t.last_used_at, coalesce(s.requests_per_second, 100), "
    "coalesce(s.opened_at_most, 50000), coalesce(s.entra_tolerant, false), coalesce(s.is_trial, false) "
    "FROM scim_scimtoken t JOIN organizations_organization o ON o.id = t.organization_id "
    "LEFT JOIN scim_provisioningsettings s ON s.organization_id = t.organization_id "
    "WHERE t.token_hash = wanted AND t.revoked_at IS NULL AND t.expires_at > at"
)

FORWARDS = [
    statement
    for table, columns in READABLE.items()
    for statement in (
        f"GRANT SELECT ({columns}) ON {table} TO cw_lookup",
        f"CREATE POLICY lookup ON {table} FOR SELECT TO cw_lookup USING (true)",
    )
] + [
    "GRANT SELECT (id, plan, plan_ends_at) ON organizations_organization TO cw_lookup",
    f"CREATE FUNCTION {SIGNATURE} LANGUAGE sql STABLE SECURITY DEFINER "
    f"SET search_path = pg_catalog, public, pg_temp AS $$ {QUERY} $$",
    "REVOKE ALL ON FUNCTION lookup_scim_token(bytea, timestamptz) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION lookup_scim_token(bytea, timestamptz) TO cw_app",
    "ALTER FUNCTION lookup_scim_token(bytea, timestamptz) OWNER TO cw_lookup",
]
BACKWARDS = ["DROP FUNCTION lookup_scim_token(bytea, timestamptz)"]
for table in READABLE:
    BACKWARDS += [f"DROP POLICY lookup ON {table}", f"REVOKE ALL ON {table} FROM cw_lookup"]


class Migration(migrations.Migration):
    dependencies = [("scim", "0001_initial"), ("organizations", "0004_plan_end")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
