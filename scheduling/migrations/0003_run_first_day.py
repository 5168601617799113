import datetime

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0002_pin'),
    ]

    operations = [
        migrations.AddField(
            model_name='optimizationrun',
            name='first_day',
            field=models.DateField(default=datetime.date(2026, 1, 1)),
            preserve_default=False,
        ),
    ]
