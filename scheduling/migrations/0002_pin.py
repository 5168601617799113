"""Pins: instances of meetings that people have put where they are."""

import clockwise.tenancy.models
import django.db.models.deletion
from django.db import migrations, models

from clockwise.tenancy.operations import ProtectTable


class Migration(migrations.Migration):

    dependencies = [
        ('organizations', '0001_initial'),
        ('scheduling', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Pin',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('meeting_index', models.BinaryField(max_length=16)),
                ('reason', models.CharField(choices=[('manual edit', 'Manual Edit'), ('undone', 'Undone')], max_length=16)),
                ('created_at', models.DateTimeField()),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('organization', 'meeting_index'), name='scheduling_pin_unique_meeting_index')],
            },
        ),
        ProtectTable('Pin'),
    ]
