import clockwise.encryption.sealed
import clockwise.tenancy.models
import django.db.models.deletion
from django.db import migrations, models

from clockwise.tenancy.operations import ProtectTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('organizations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('action', models.CharField(max_length=64)),
                ('actor_id', models.UUIDField(null=True)),
                ('target_type', models.CharField(blank=True, max_length=64)),
                ('target_id', models.UUIDField(null=True)),
                ('body', clockwise.encryption.sealed.SealedField()),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['organization', 'at'], name='audit_by_time')],
            },
        ),
        ProtectTable("AuditEntry"),
        migrations.RunSQL(
            "REVOKE UPDATE, DELETE ON audit_auditentry FROM cw_app", "GRANT UPDATE, DELETE ON audit_auditentry TO cw_app"
        ),
    ]
