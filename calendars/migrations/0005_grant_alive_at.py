from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('calendars', '0004_reading_and_channels'),
    ]

    operations = [
        migrations.AddField(
            model_name='googleconnection',
            name='alive_at',
            field=models.DateTimeField(null=True),
        ),
    ]
