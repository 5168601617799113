"""The statements that protect a tenant table, and the catalog query that finds one without them."""

from typing import Any

from django.db import models

from clockwise.tenancy import token
from clockwise.tenancy.models import TenantForeignKey

# `(SELECT ...)` lets PostgreSQL check the tenant token once a statement rather than once a row.
CURRENT = "(SELECT current_organization())"


def install(schema_editor: Any) -> None:
    """Make the function that policies ask, unless it is there: the first protected table brings it."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regprocedure('current_organization()') IS NOT NULL")
        if cursor.fetchone()[0]:
            return
    for statement in token.INSTALL_FUNCTION:
        schema_editor.execute(statement, params=None)


def protect(model: type[models.Model]) -> list[str]:
    """Statements for a new tenant table: policy, key for composite references, composite foreign keys."""
    table = model._meta.db_table
    statements = [
        *enable(table, f"organization_id = {CURRENT}"),
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_tenant_key" UNIQUE (organization_id, id)',
    ]
    for field in model._meta.local_fields:
        if isinstance(field, TenantForeignKey):
            statements += reference(model, field)
    return statements


def enable(table: str, condition: str) -> list[str]:
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY tenant ON "{table}" USING ({condition}) WITH CHECK ({condition})',
    ]


def reference(model: type[models.Model], field: TenantForeignKey) -> list[str]:
    """The composite foreign key of one field, and the index that its deletes and joins need."""
    table, column = model._meta.db_table, field.column
    parent = field.related_model._meta.db_table
    return [
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_{column}_tenant_fk" '
        f'FOREIGN KEY (organization_id, "{column}") REFERENCES "{parent}" (organization_id, id) '
        "DEFERRABLE INITIALLY DEFERRED",
        index(model, field),
    ]


def index(model: type[models.Model], field: TenantForeignKey) -> str:
    return f'CREATE INDEX "{index_name(model, field)}" ON "{model._meta.db_table}" (organization_id, "{field.column}")'


def index_name(model: type[models.Model], field: TenantForeignKey) -> str:
    return f"{model._meta.db_table}_{field.column}_tenant_idx"


UNPROTECTED = """
SELECT c.relname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT (
    c.relrowsecurity AND c.relforcerowsecurity
    AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant')
    AND EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conname = c.relname || '_tenant_key'))
ORDER BY 1
"""

PLAIN_REFERENCES = """
SELECT c.conrelid::regclass::text || '.' || c.conname
FROM pg_constraint c
WHERE c.contype = 'f' AND cardinality(c.conkey) = 1
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attname = 'organization_id')
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.confrelid AND a.attname = 'organization_id')
ORDER BY 1
"""
