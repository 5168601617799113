"""System checks: a tenant table without its walls, or a role that walks through them, is refused."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from clockwise.tenancy import rls

ROLE = """
SELECT r.rolsuper OR r.rolbypassrls, EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r' AND pg_has_role(current_user, c.relowner, 'USAGE'))
FROM pg_roles r WHERE r.rolname = current_user
"""


@register(Tags.database)
def check_tenant_tables(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """tenancy.E001 (no policy), E002 (plain foreign key), E003 (privileged role), from the live catalog."""
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(rls.UNPROTECTED)
        errors: list[CheckMessage] = [
            Error(
                f"Table {table} has no complete tenant policy.",
                hint="Add ProtectTable to its migration.",
                id="tenancy.E001",
            )
            for (table,) in cursor.fetchall()
        ]
        cursor.execute(rls.PLAIN_REFERENCES)
        errors += [
            Error(f"Foreign key {key} is not composite.", hint="Use TenantForeignKey.", id="tenancy.E002")
            for (key,) in cursor.fetchall()
        ]
        cursor.execute(ROLE)
        bypasses, owns = cursor.fetchone()
    if bypasses or owns:
        errors.append(
            Error(
                "DATABASE_URL's role is a superuser, bypasses row-level security or owns the tables.",
                hint="Use the application's role (cw_app); only CLOCKWISE_DB_OWNER_URL names the owner.",
                id="tenancy.E003",
            )
        )
    return errors
