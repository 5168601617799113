from django.db import migrations

from clockwise.tenancy.operations import DropTenantIndex


class Migration(migrations.Migration):
    """Each written event paid for eight indexes. The index by member and time stands in for these two.

    The one by calendar stays, though the unique one begins as it does: where an organization is too new for the
    planner's statistics, every index that begins with it looks alike, and the smallest is taken.
    """

    dependencies = [('calendars', '0006_colleague')]

    operations = [
        migrations.RemoveIndex(model_name='event', name='event_by_series'),
        DropTenantIndex('Event', 'member'),
    ]
