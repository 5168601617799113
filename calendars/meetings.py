"""Which events on several people's calendars are one meeting (SYNC S13): blind indexes, equal for equal meetings."""

from datetime import datetime
from uuid import UUID

from clockwise.encryption.blind_index import organization_index


def meeting_index(organization_id: UUID, ical_uid: str, original_start: datetime | None) -> bytes:
    """One instance: the iCalUID and, in a series, the start that the instance was made for."""
    when = original_start.isoformat() if original_start else ""
    return organization_index(organization_id, "meeting", f"{ical_uid}|{when}")


def series_index(organization_id: UUID, ical_uid: str) -> bytes:
    """The whole series, or the single meeting."""
    return organization_index(organization_id, "series", ical_uid)
