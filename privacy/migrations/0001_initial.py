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
            name='ProcessingSettings',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('descriptions', models.BooleanField(default=False)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('organization',), name='one_processing_settings')],
            },
        ),
        ProtectTable("ProcessingSettings"),
    ]
