"""PostgreSQL keeps no statistics of organizations here, and so holds each for one of two hundred of a size.

Else one that was provisioned since the last ANALYZE seems to have no rows at all, and "who has this userName" reads
all its rows, each time: 20,000 requests of an identity provider's first day would read them 20,000 times.
"""

from django.db import migrations

# What was gathered before stays believed otherwise. Before PostgreSQL 18 nobody but a superuser can take it away.
FORGET = """
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        PERFORM pg_clear_attribute_stats('public', name, 'organization_id', false)
            FROM unnest('{%s}'::text[]) AS name;
    END IF;
END $$"""
TABLES = ("scim_resource", "scim_indexedvalue", "scim_membership")


class Migration(migrations.Migration):

    dependencies = [('scim', '0003_log_kept_by_retention')]

    operations = [
        migrations.RunSQL(
            [
                *(f"ALTER TABLE {table} ALTER COLUMN organization_id SET STATISTICS 0" for table in TABLES),
                FORGET % ",".join(TABLES),
            ],
            [f"ALTER TABLE {table} ALTER COLUMN organization_id SET STATISTICS -1" for table in TABLES],
        ),
    ]
