import clockwise.encryption.sealed
import clockwise.tenancy.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clockwise.tenancy.operations import ProtectTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('organizations', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GoogleConnection',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('active', 'Active'), ('revoked', 'Revoked'), ('disconnected', 'Disconnected')], default='active', max_length=16)),
                ('scopes', models.TextField()),
                ('credentials', clockwise.encryption.sealed.SealedField(null=True)),
                ('connected_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Calendar',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('google_id_index', models.BinaryField(max_length=16)),
                ('details', clockwise.encryption.sealed.SealedField()),
                ('is_primary', models.BooleanField(default=False)),
                ('time_zone', models.CharField(max_length=64)),
                ('access_role', models.CharField(max_length=32)),
                ('window_start', models.DateTimeField(null=True)),
                ('window_end', models.DateTimeField(null=True)),
                ('request_shape', models.CharField(blank=True, max_length=64)),
                ('synced_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=32)),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('connection', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calendars', to='calendars.googleconnection')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='OutboxWrite',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('insert', 'Insert'), ('patch', 'Patch'), ('delete', 'Delete')], max_length=8)),
                ('google_id', models.CharField(max_length=1024)),
                ('etag', models.CharField(blank=True, max_length=64)),
                ('body', clockwise.encryption.sealed.SealedField()),
                ('purpose', models.CharField(max_length=16)),
                ('purpose_id', models.UUIDField()),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('done', 'Done'), ('stale', 'Stale'), ('failed', 'Failed'), ('dropped', 'Dropped')], default='pending', max_length=8)),
                ('decided_at', models.DateTimeField()),
                ('not_before', models.DateTimeField()),
                ('leased_until', models.DateTimeField(null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('settled_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=64)),
                ('calendar', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='writes', to='calendars.calendar')),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('google_id', models.CharField(max_length=1024)),
                ('series_id', models.CharField(blank=True, max_length=1024)),
                ('original_start', models.DateTimeField(null=True)),
                ('meeting_index', models.BinaryField(max_length=16)),
                ('series_index', models.BinaryField(max_length=16)),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('is_all_day', models.BooleanField(default=False)),
                ('is_busy', models.BooleanField(default=True)),
                ('event_type', models.CharField(default='default', max_length=32)),
                ('visibility', models.CharField(default='default', max_length=16)),
                ('response', models.CharField(choices=[('needsAction', 'Needs Action'), ('accepted', 'Accepted'), ('tentative', 'Tentative'), ('declined', 'Declined')], default='accepted', max_length=16)),
                ('is_organizer', models.BooleanField(default=False)),
                ('guests_can_modify', models.BooleanField(default=False)),
                ('is_locked', models.BooleanField(default=False)),
                ('attendee_count', models.PositiveIntegerField(default=0)),
                ('etag', models.CharField(max_length=64)),
                ('details', clockwise.encryption.sealed.SealedField()),
                ('calendar', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='calendars.calendar')),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['organization', 'member', 'start', 'end'], name='event_by_member_and_time'), models.Index(fields=['organization', 'meeting_index'], name='event_by_meeting'), models.Index(fields=['organization', 'series_index'], name='event_by_series')],
                'constraints': [models.UniqueConstraint(fields=('organization', 'calendar', 'google_id'), name='calendars_event_unique_calendar_google_id'), models.CheckConstraint(condition=models.Q(('end__gt', models.F('start'))), name='events_end_after_they_start')],
            },
        ),
        migrations.AddConstraint(
            model_name='googleconnection',
            constraint=models.UniqueConstraint(fields=('organization', 'member'), name='calendars_googleconnection_unique_member'),
        ),
        migrations.AddConstraint(
            model_name='googleconnection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('credentials__isnull', False), ('state', 'active')), models.Q(models.Q(('state', 'active'), _negated=True), ('credentials__isnull', True)), _connector='OR'), name='only_active_connections_hold_credentials'),
        ),
        migrations.AddConstraint(
            model_name='calendar',
            constraint=models.UniqueConstraint(fields=('organization', 'member', 'google_id_index'), name='calendars_calendar_unique_member_google_id_index'),
        ),
        migrations.AddIndex(
            model_name='outboxwrite',
            index=models.Index(fields=['organization', 'state', 'not_before'], name='outbox_by_state'),
        ),
        migrations.AddIndex(
            model_name='outboxwrite',
            index=models.Index(fields=['organization', 'purpose', 'purpose_id'], name='outbox_by_purpose'),
        ),
        ProtectTable("GoogleConnection"),
        ProtectTable("Calendar"),
        ProtectTable("Event"),
        ProtectTable("OutboxWrite"),
    ]
