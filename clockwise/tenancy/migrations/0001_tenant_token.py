"""Policies ask `current_organization()`, which believes a signed token alone, where they believed a plain setting.

A new database has had them so from its first protected table on; only older ones are changed here.
"""

from typing import Any

from django.db import migrations

from clockwise.tenancy import rls

PLAIN_POLICIES = """
SELECT p.polname, p.polrelid::regclass::text, p.polcmd,
       CASE WHEN p.polrelid = 'organizations_organization'::regclass THEN 'id' ELSE 'organization_id' END
FROM pg_policy p
WHERE pg_get_expr(coalesce(p.polqual, p.polwithcheck), p.polrelid) LIKE '%current_setting(%clockwise.organization%'
"""


def believe_the_token_alone(apps: Any, schema_editor: Any) -> None:
    rls.install(schema_editor)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(PLAIN_POLICIES)
        for policy, table, command, column in cursor.fetchall():
            condition = f"({column} = {rls.CURRENT})"
            clauses = {"a": f"WITH CHECK {condition}", "*": f"USING {condition} WITH CHECK {condition}"}
            cursor.execute(f"ALTER POLICY {policy} ON {table} {clauses.get(command, f'USING {condition}')}")


class Migration(migrations.Migration):
    dependencies = [("organizations", "0002_lookups")]

    operations = [migrations.RunPython(believe_the_token_alone, migrations.RunPython.noop)]
