"""Pages of a listing, read to the last before anything is stored."""

import logging
from dataclasses import dataclass, field
from typing import Any

from clockwise.google.client import CalendarClient
from clockwise.google.event import GoogleEvent, Tombstone, UnreadableEvent, parse_event

log = logging.getLogger(__name__)
MOST_PAGES = 1000


@dataclass
class Listing:
    """What the pages held. `unreadable` items are set aside, so that one never stops its calendar (SYNC S15)."""

    events: list[GoogleEvent] = field(default_factory=list)
    tombstones: list[Tombstone] = field(default_factory=list)
    unreadable: int = 0
    sync_token: str = ""


def read(client: CalendarClient, calendar_id: str, *, time_zone: str, **parameters: Any) -> Listing:
    """All pages. A token is good only with the last one, so that a broken run leaves nothing (SYNC S2)."""
    listing, page_token = Listing(), None
    for _ in range(MOST_PAGES):
        page = client.events_page(calendar_id, page_token=page_token, **parameters)
        for item in page.get("items", ()):
            _add(listing, item, time_zone)
        page_token = page.get("nextPageToken")
        if not page_token:
            listing.sync_token = page.get("nextSyncToken", "")
            break
    if listing.unreadable:
        log.warning("Set aside %d unreadable events of a calendar.", listing.unreadable)
    return listing


def _add(listing: Listing, item: dict[str, Any], time_zone: str) -> None:
    try:
        found = parse_event(item, calendar_time_zone=time_zone)
    except UnreadableEvent:
        listing.unreadable += 1
        return
    if isinstance(found, Tombstone):
        listing.tombstones.append(found)
    else:
        listing.events.append(found)
