"""How synchronizing is going, for the console."""

from datetime import datetime
from uuid import UUID

from django.db.models import Max

from calendars.models import Calendar
from clockwise.organizations import standing


@standing.tells_last_sync
def last_synced(member_ids: list[UUID]) -> dict[UUID, datetime]:
    synced = Calendar.objects.filter(member__in=member_ids, synced_at__isnull=False)
    return dict(synced.values_list("member_id").annotate(at=Max("synced_at")))
