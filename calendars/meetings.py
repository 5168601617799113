"""Which events on several people's calendars are one meeting (SYNC S13): blind indexes, equal for equal meetings."""

import re
from datetime import datetime
from uuid import UUID

from clockwise.encryption.blind_index import organization_index

# "This and following events" cuts a series: the rest goes on as another one, under the first one's iCalUID with the
# cut's start in it (SYNC S7). To people it is the same meeting, and what they said of it holds on.
CUT = re.compile(r"_R\d{8}(T\d{6}Z?)?(?=@|$)")


def meeting_index(organization_id: UUID, ical_uid: str, original_start: datetime | None) -> bytes:
    """One instance: the iCalUID and, in a series, the start that the instance was made for."""
    when = original_start.isoformat() if original_start else ""
    return organization_index(organization_id, "meeting", f"{CUT.sub('', ical_uid)}|{when}")


def series_index(organization_id: UUID, ical_uid: str) -> bytes:
    """The whole series, all that it was cut into, or the single meeting."""
    return organization_index(organization_id, "series", CUT.sub("", ical_uid))
