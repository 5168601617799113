"""Which events on several people's calendars are one meeting (SYNC S13): blind indexes, equal for equal meetings."""

import re
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from clockwise.encryption.blind_index import organization_index, organization_indexer

# "This and following events" cuts a series: the rest goes on as another one, under the first one's iCalUID with the
# cut's start in it (SYNC S7). To people it is the same meeting, and what they said of it holds on.
CUT = re.compile(r"_R\d{8}(T\d{6}Z?)?(?=@|$)")


def indexer(organization_id: UUID) -> Callable[[str, datetime | None], tuple[bytes, bytes]]:
    """Gives an event's meeting and series index, of its iCalUID and its original start.

    Meeting: one instance, by the start that it was made for in its series. Series: the whole of it, with all that it
    was cut into, or the single meeting.
    """
    of_meeting, of_series = (organization_indexer(organization_id, purpose) for purpose in ("meeting", "series"))

    def indexes(ical_uid: str, original_start: datetime | None) -> tuple[bytes, bytes]:
        series = CUT.sub("", ical_uid) if "_R" in ical_uid else ical_uid
        when = original_start.isoformat() if original_start else ""
        return of_meeting(f"{series}|{when}"), of_series(series)

    return indexes


def series_index(organization_id: UUID, ical_uid: str) -> bytes:
    return organization_index(organization_id, "series", CUT.sub("", ical_uid))
