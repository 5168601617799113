import clockwise.encryption.sealed
import clockwise.tenancy.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clockwise.tenancy.operations import ProtectTable


# Whose grants need a look now: the organizations with signed-in browsers, before one of them is current.
LOOKUP = """
CREATE FUNCTION lookup_organizations_signed_in(since timestamptz) RETURNS TABLE (organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT s.organization_id FROM organizations_browsersession s WHERE s.ended_at IS NULL AND s.seen_at >= since
$$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('organizations', '0005_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='HeardSignal',
            fields=[
                ('jti_hash', models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ('heard_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='member',
            name='access_ended_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='member',
            name='access_ended_reason',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.CreateModel(
            name='BrowserSession',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('details', clockwise.encryption.sealed.SealedField()),
                ('opened_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['organization', 'member', 'seen_at'], name='session_by_member')],
            },
        ),
        ProtectTable("BrowserSession"),
        migrations.RunSQL(
            [
                "GRANT SELECT (organization_id, seen_at, ended_at) ON organizations_browsersession TO cw_lookup",
                "CREATE POLICY lookup ON organizations_browsersession FOR SELECT TO cw_lookup USING (true)",
                "CREATE INDEX session_signed_in ON organizations_browsersession (seen_at) WHERE ended_at IS NULL",
                LOOKUP,
                "REVOKE ALL ON FUNCTION lookup_organizations_signed_in(timestamptz) FROM PUBLIC",
                "GRANT EXECUTE ON FUNCTION lookup_organizations_signed_in(timestamptz) TO cw_app",
                "ALTER FUNCTION lookup_organizations_signed_in(timestamptz) OWNER TO cw_lookup",
            ],
            ["DROP FUNCTION lookup_organizations_signed_in(timestamptz)"],
        ),
    ]
