"""System checks on the live catalog: what would let one organization's rows be seen by another stops the start."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import ProgrammingError, connections, transaction

from clockwise.tenancy import rls, token


class Finding(NamedTuple):
    """`query` answers the names of what is wrong, one a row; no row, no error."""

    id: str
    query: str
    problem: str
    hint: str


CATALOG = [
    Finding(
        "tenancy.E001",
        rls.UNPROTECTED,
        "Table {} has no complete tenant policy.",
        "Add ProtectTable to its migration.",
    ),
    Finding("tenancy.E002", rls.PLAIN_REFERENCES, "Foreign key {} is not composite.", "Use TenantForeignKey."),
    Finding(
        "tenancy.E003",
        """
        SELECT current_user FROM pg_roles r WHERE r.rolname = current_user AND (
            r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
            OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
            OR has_schema_privilege('public', 'CREATE')
            OR EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                       WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND (
                           pg_has_role(current_user, c.relowner, 'USAGE')
                           OR has_table_privilege(c.oid, 'TRUNCATE, REFERENCES, TRIGGER'))))
        """,
        "DATABASE_URL's role {} is a superuser, bypasses row-level security, owns the tables or may do more than "
        "read and write rows.",
        "Use the application's role (cw_app) as clockwise/embedded/roles.sql makes it; only CLOCKWISE_DB_OWNER_URL "
        "names the owner.",
    ),
    Finding(
        "tenancy.E004",
        """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.nspname = 'public' AND n.oid = c.relnamespace
        WHERE c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
        """,
        "View {} shows what its owner may see.",
        "Make it WITH (security_invoker = true).",
    ),
    Finding(
        "tenancy.E005",
        """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.nspname = 'public' AND n.oid = c.relnamespace
        WHERE c.relkind IN ('m', 'f')
        """,
        "{} is a materialized view or foreign table, which row-level security doesn't reach.",
        "Use a protected table.",
    ),
    Finding(
        "tenancy.E006",
        """
        SELECT p.polrelid::regclass || '.' || p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
        JOIN pg_namespace n ON n.nspname = 'public' AND n.oid = c.relnamespace
        WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id') AND (
            (p.polname = 'tenant' AND NOT (
                p.polcmd = '*' AND p.polroles = '{0}'
                AND pg_get_expr(p.polqual, c.oid) = pg_get_expr(p.polwithcheck, c.oid)
                AND pg_get_expr(p.polqual, c.oid)
                    = '(organization_id = ( SELECT current_organization() AS current_organization))'))
            OR (p.polname <> 'tenant' AND p.polpermissive
                AND p.polroles && ARRAY[0, (SELECT oid FROM pg_roles WHERE rolname = current_user)]))
        """,
        "Policy {} admits more than the organization of the tenant token.",
        "A tenant table has the policy that ProtectTable makes, and others only for roles that answer look-ups.",
    ),
    Finding(
        "tenancy.E007",
        """
        SELECT f.proname FROM pg_proc f
        JOIN pg_namespace n ON n.nspname = 'public' AND n.oid = f.pronamespace
        JOIN pg_roles o ON o.oid = f.proowner
        WHERE f.prosecdef AND (
            o.rolsuper OR o.rolbypassrls OR has_function_privilege('public', f.oid, 'EXECUTE')
            OR NOT EXISTS (SELECT FROM unnest(f.proconfig) c WHERE c LIKE 'search_path=pg_catalog%'))
        """,
        "SECURITY DEFINER function {} has a mighty owner, lets everybody in, or trusts the caller's search path.",
        "Give it to cw_lookup, REVOKE ALL FROM PUBLIC, and SET search_path = pg_catalog, public, pg_temp.",
    ),
    Finding(
        "tenancy.E008",
        """
        SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_am m ON m.oid = c.relam
        JOIN pg_namespace n ON n.nspname = 'public' AND n.oid = c.relnamespace
        WHERE m.amname <> 'btree'
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = 'organization_id')
        """,
        "Index {} is not a btree: row-level security keeps the planner from using it.",
        "Use clockwise.tenancy.models.index, and comparisons rather than range operators.",
    ),
    Finding(
        "tenancy.E009",
        """
        SELECT coalesce(r.rolname, d.datname) FROM pg_db_role_setting s
        LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
        WHERE EXISTS (SELECT FROM unnest(s.setconfig) c WHERE c LIKE 'clockwise.%' OR c LIKE 'row_security=%'
                      OR c LIKE 'search_path=%')
        """,
        "{} has a lasting setting that a tenant's transactions must not inherit.",
        "ALTER ROLE or ALTER DATABASE ... RESET ALL.",
    ),
]


@register(Tags.database)
def check_tenant_walls(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """tenancy.E001 to E009 from the catalog, E010: the database doesn't know the key of our tenant tokens."""
    if not databases or "default" not in databases:
        return []
    errors: list[CheckMessage] = []
    with connections["default"].cursor() as cursor:
        for finding in CATALOG:
            cursor.execute(finding.query)
            errors += [
                Error(finding.problem.format(name), hint=finding.hint, id=finding.id)
                for (name,) in sorted(cursor.fetchall())
            ]
    return errors + _unknown_key()


def _unknown_key() -> list[CheckMessage]:
    """A token of nobody's organization tells whether tokens of this process are believed."""
    try:
        with transaction.atomic(), connections["default"].cursor() as cursor:
            token.show(cursor, token.NOBODY)
            cursor.execute("SELECT current_organization()")
    except ProgrammingError as error:
        hint = "Run migrate with this SECRET_KEY."
        return [Error(f"The database does not believe our tenant tokens: {error}", hint=hint, id="tenancy.E010")]
    return []
