"""Look-ups before an organization is current: narrow functions of a role that may read these columns alone.

Owned by the tables' owner they would see nothing, since row-level security is forced on it too.
"""

from django.db import migrations

READABLE = {
    "organizations_member": "id, organization_id, subject_index, address_index, is_active",
    "organizations_domain": "organization_id, domain_index",
    "organizations_apitoken": "organization_id, member_id, token_hash, revoked_at",
}

FUNCTIONS = {
    "lookup_member_by_subject(wanted bytea) RETURNS TABLE (organization_id uuid, member_id uuid)": (
        "SELECT m.organization_id, m.id FROM organizations_member m WHERE m.subject_index = wanted"
    ),
    "lookup_members_by_address(wanted bytea) RETURNS TABLE (organization_id uuid, member_id uuid)": (
        "SELECT m.organization_id, m.id FROM organizations_member m WHERE m.address_index = wanted ORDER BY m.id"
    ),
    "lookup_member_by_token(wanted bytea) RETURNS TABLE (organization_id uuid, member_id uuid)": (
        "SELECT t.organization_id, t.member_id FROM organizations_apitoken t "
        "WHERE t.token_hash = wanted AND t.revoked_at IS NULL"
    ),
    "lookup_organization_by_domain(wanted bytea) RETURNS uuid": (
        "SELECT d.organization_id FROM organizations_domain d WHERE d.domain_index = wanted"
    ),
}

FORWARDS = [
    statement
    for table, columns in READABLE.items()
    for statement in (
        f"GRANT SELECT ({columns}) ON {table} TO cw_lookup",
        f"CREATE POLICY lookup ON {table} FOR SELECT TO cw_lookup USING (true)",
    )
]
BACKWARDS = []
for signature, query in FUNCTIONS.items():
    name = signature.split("(")[0]
    FORWARDS += [
        f"CREATE FUNCTION {signature} LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = pg_catalog, public, pg_temp AS $$ {query} $$",
        f"REVOKE ALL ON FUNCTION {name}(bytea) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {name}(bytea) TO cw_app",
        f"ALTER FUNCTION {name}(bytea) OWNER TO cw_lookup",
    ]
    BACKWARDS.append(f"DROP FUNCTION {name}(bytea)")
for table in READABLE:
    BACKWARDS += [f"DROP POLICY lookup ON {table}", f"REVOKE ALL ON {table} FROM cw_lookup"]

# Ids and plans are readable to all, so that periodic jobs can loop over the organizations; each is written
# inside its own transactions only.
CURRENT = "(SELECT current_organization())"
FORWARDS += [
    "ALTER TABLE organizations_organization ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE organizations_organization FORCE ROW LEVEL SECURITY",
    "CREATE POLICY readable ON organizations_organization FOR SELECT USING (true)",
    f"CREATE POLICY added ON organizations_organization FOR INSERT WITH CHECK (id = {CURRENT})",
    f"CREATE POLICY changed ON organizations_organization FOR UPDATE USING (id = {CURRENT})",
    f"CREATE POLICY deleted ON organizations_organization FOR DELETE USING (id = {CURRENT})",
]
BACKWARDS += [f"DROP POLICY {name} ON organizations_organization" for name in ("readable", "added", "changed", "deleted")]


class Migration(migrations.Migration):
    dependencies = [("organizations", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
