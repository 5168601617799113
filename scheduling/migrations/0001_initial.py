import clockwise.encryption.sealed
import clockwise.tenancy.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clockwise.tenancy.operations import ProtectTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('calendars', '0001_initial'),
        ('organizations', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('focus time', 'Focus'), ('lunch', 'Lunch')], max_length=16)),
                ('state', models.CharField(choices=[('decided', 'Decided'), ('placed', 'Placed'), ('pinned', 'Pinned'), ('released', 'Released'), ('deleted', 'Deleted')], default='decided', max_length=8)),
                ('date', models.DateField()),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('google_id', models.CharField(blank=True, max_length=1024)),
                ('etag', models.CharField(blank=True, max_length=64)),
                ('generation', models.PositiveIntegerField(default=1)),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='OptimizationRun',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=8)),
                ('horizon_start', models.DateTimeField()),
                ('horizon_end', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=64)),
                ('only_holds_of', clockwise.tenancy.models.TenantForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('requested_by', clockwise.tenancy.models.TenantForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Preferences',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('time_zone', models.CharField(blank=True, max_length=64)),
                ('working_hours', models.JSONField(null=True)),
                ('meeting_hours', models.JSONField(null=True)),
                ('lunch_enabled', models.BooleanField(default=True)),
                ('lunch_from_minute', models.PositiveSmallIntegerField(default=690)),
                ('lunch_to_minute', models.PositiveSmallIntegerField(default=810)),
                ('lunch_min_minutes', models.PositiveSmallIntegerField(default=30)),
                ('lunch_ideal_minutes', models.PositiveSmallIntegerField(default=60)),
                ('focus_enabled', models.BooleanField(default=True)),
                ('focus_goal_minutes', models.PositiveSmallIntegerField(default=600)),
                ('focus_side', models.CharField(choices=[('any', 'any'), ('morning', 'morning'), ('afternoon', 'afternoon')], default='any', max_length=9)),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('open', 'Open'), ('accepted', 'Accepted'), ('dismissed', 'Dismissed'), ('superseded', 'Superseded')], default='open', max_length=10)),
                ('plan_hash', models.CharField(max_length=64)),
                ('engine_status', models.CharField(max_length=10)),
                ('score_before', models.FloatField()),
                ('score', models.FloatField()),
                ('bound', models.FloatField(null=True)),
                ('created_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', clockwise.tenancy.models.TenantForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('run', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposals', to='scheduling.optimizationrun')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Move',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('proposed', 'Proposed'), ('decided', 'Decided'), ('applied', 'Applied'), ('stale', 'Stale'), ('failed', 'Failed'), ('left out', 'Left Out'), ('undoing', 'Undoing'), ('undone', 'Undone')], default='proposed', max_length=8)),
                ('decided_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=64)),
                ('etag', models.CharField(max_length=64)),
                ('old_start', models.DateTimeField()),
                ('old_end', models.DateTimeField()),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('gain', models.FloatField()),
                ('reason', clockwise.encryption.sealed.SealedField()),
                ('decided_by', clockwise.tenancy.models.TenantForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('event', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='moves', to='calendars.event')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('proposal', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='moves', to='scheduling.proposal')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='HoldChange',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('proposed', 'Proposed'), ('decided', 'Decided'), ('applied', 'Applied'), ('stale', 'Stale'), ('failed', 'Failed'), ('left out', 'Left Out'), ('undoing', 'Undoing'), ('undone', 'Undone')], default='proposed', max_length=8)),
                ('decided_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=64)),
                ('action', models.CharField(choices=[('create', 'Create'), ('move', 'Move'), ('delete', 'Delete')], max_length=6)),
                ('kind', models.CharField(choices=[('focus time', 'Focus'), ('lunch', 'Lunch')], max_length=16)),
                ('start', models.DateTimeField()),
                ('end', models.DateTimeField()),
                ('old_start', models.DateTimeField(null=True)),
                ('old_end', models.DateTimeField(null=True)),
                ('decided_by', clockwise.tenancy.models.TenantForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('hold', clockwise.tenancy.models.TenantForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='scheduling.hold')),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('proposal', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hold_changes', to='scheduling.proposal')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Stay',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('reason', models.CharField(max_length=32)),
                ('blockers', models.JSONField(default=list)),
                ('event', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stays', to='calendars.event')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('proposal', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stays', to='scheduling.proposal')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Flexibility',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('meeting_index', models.BinaryField(max_length=16)),
                ('is_series', models.BooleanField(default=False)),
                ('range', models.CharField(choices=[('day', 'Day'), ('week', 'Week')], default='week', max_length=4)),
                ('window_from_minute', models.PositiveSmallIntegerField(null=True)),
                ('window_to_minute', models.PositiveSmallIntegerField(null=True)),
                ('created_at', models.DateTimeField()),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('organization', 'meeting_index', 'is_series'), name='scheduling_flexibility_unique_meeting_index_is_series'), models.CheckConstraint(condition=models.Q(models.Q(('window_from_minute__isnull', True), ('window_to_minute__isnull', True)), ('window_to_minute__gt', models.F('window_from_minute')), _connector='OR'), name='flexibility_window_both_or_neither')],
            },
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(fields=['organization', 'member', 'date'], name='hold_by_member_and_date'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(fields=['organization', 'google_id'], name='hold_by_google_id'),
        ),
        migrations.AddConstraint(
            model_name='preferences',
            constraint=models.UniqueConstraint(fields=('organization', 'member'), name='scheduling_preferences_unique_member'),
        ),
        migrations.AddIndex(
            model_name='proposal',
            index=models.Index(fields=['organization', 'state', 'created_at'], name='proposal_by_state'),
        ),
        migrations.AddIndex(
            model_name='move',
            index=models.Index(fields=['organization', 'event', 'state'], name='move_by_event'),
        ),
        migrations.AddConstraint(
            model_name='move',
            constraint=models.UniqueConstraint(fields=('organization', 'proposal', 'event'), name='scheduling_move_unique_proposal_event'),
        ),
        migrations.AddIndex(
            model_name='holdchange',
            index=models.Index(fields=['organization', 'proposal', 'member'], name='hold_change_by_member'),
        ),
        migrations.AddConstraint(
            model_name='stay',
            constraint=models.UniqueConstraint(fields=('organization', 'proposal', 'event'), name='scheduling_stay_unique_proposal_event'),
        ),
        ProtectTable("Flexibility"),
        ProtectTable("Hold"),
        ProtectTable("Preferences"),
        ProtectTable("OptimizationRun"),
        ProtectTable("Proposal"),
        ProtectTable("Move"),
        ProtectTable("Stay"),
        ProtectTable("HoldChange"),
    ]
