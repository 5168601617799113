"""How synchronizing is going, for the console."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q

from calendars.models import Calendar, GoogleConnection
from clockwise import clock
from clockwise.organizations import standing
from clockwise.organizations.console import section

# Twice the longest time between two looks at a calendar without push.
LATE = timedelta(minutes=15)
MOST_SHOWN = 100

section(70, "Sync health", "activity", "organization-sync")


@standing.tells_last_sync
def last_synced(member_ids: list[UUID]) -> dict[UUID, datetime]:
    synced = Calendar.objects.filter(member__in=member_ids, synced_at__isnull=False)
    return dict(synced.values_list("member_id").annotate(at=Max("synced_at")))


def lagging() -> list[Calendar]:
    """Calendars of active connections that have a problem or weren't read for a while, longest first."""
    active = Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE)
    late = active.filter(~Q(problem="") | Q(synced_at__lt=clock.now() - LATE) | Q(synced_at=None))
    return list(late.select_related("member").order_by("synced_at", "id")[:MOST_SHOWN])
