"""A person's calendars in their export, at their erasure, and at the end of their retention."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from calendars import connections
from calendars.models import Event, GoogleConnection, OutboxWrite
from clockwise.google.errors import GoogleError
from clockwise.tenancy import current
from privacy import erasure, export
from privacy.export import CalendarEntry
from privacy.retention import Retention, retention


@export.feed
def entries(member_id: UUID) -> Iterator[CalendarEntry]:
    events = Event.objects.filter(member=member_id).select_related("calendar").order_by("start", "id")
    for event in events.iterator(chunk_size=500):
        details = event.details
        zone = _zone(event.calendar.time_zone)
        yield CalendarEntry(
            uid=event.google_id,
            start=event.start.astimezone(zone).date() if event.is_all_day else event.start,
            end=event.end.astimezone(zone).date() if event.is_all_day else event.end,
            title=details.title,
            description=details.description,
            location=details.location,
            url=details.conference_link,
            organizer=details.organizer,
            attendees=tuple(attendee.address for attendee in details.attendees if attendee.address),
        )


def _zone(name: str) -> ZoneInfo:
    """What Google sends is no promise that this machine knows it (SYNC S10)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@erasure.before_rows_go
def forget_grant(member_id: UUID) -> bool:
    """Google forgets the grant; the token that would tell it so goes with the rows."""
    with current.transaction():
        ended = list(GoogleConnection.objects.filter(member=member_id, to_revoke__isnull=False))
    try:
        for connection in ended:
            connections.revoke(connection.pk)
    except GoogleError:
        return False
    return True


def _settled(before: datetime) -> QuerySet[OutboxWrite]:
    return OutboxWrite.objects.exclude(state=OutboxWrite.State.PENDING).filter(settled_at__lt=before)


retention(
    Retention(
        name="writes",
        label="Changes that were sent to Google",
        why="They tell what became of a move. Undoing works without them.",
        days=30,
        least=7,
        most=365,
        too_old=lambda before: [_settled(before)],
    )
)
