"""Pages of a listing, read to the last before anything is stored."""

import logging
from dataclasses import dataclass, field
from typing import Any

from clockwise.google.client import CalendarClient
from clockwise.google.errors import GoogleUnavailable
from clockwise.google.event import GoogleEvent, Tombstone, UnreadableEvent, parse_event

log = logging.getLogger(__name__)
MOST_PAGES = 1000


@dataclass
class Listing:
    """What the pages held, by Google id: of an event that was listed twice, the later one.

    `unreadable` items are set aside, so that one never stops its calendar (SYNC S15).
    """

    found: dict[str, GoogleEvent | Tombstone] = field(default_factory=dict)
    unreadable: int = 0
    sync_token: str = ""
    time_zone: str = ""
    access_role: str = ""

    @property
    def events(self) -> list[GoogleEvent]:
        return [found for found in self.found.values() if isinstance(found, GoogleEvent)]

    @property
    def tombstones(self) -> list[Tombstone]:
        return [found for found in self.found.values() if isinstance(found, Tombstone)]


def read(client: CalendarClient, calendar_id: str, *, time_zone: str, **parameters: Any) -> Listing:
    """All pages. A token is good only with the last one, so that a broken run leaves nothing (SYNC S2).

    Raises GoogleError; GoogleUnavailable also for pages without end.
    """
    listing, page_token = Listing(), None
    for _ in range(MOST_PAGES):
        page = client.events_page(calendar_id, page_token=page_token, **parameters)
        for item in page.get("items", ()):
            _add(listing, item, time_zone)
        page_token = page.get("nextPageToken")
        if not page_token:
            _close(listing, page)
            return listing
    raise GoogleUnavailable("endless_pages")


def _close(listing: Listing, last_page: dict[str, Any]) -> None:
    listing.sync_token = last_page.get("nextSyncToken", "")
    listing.time_zone = str(last_page.get("timeZone", ""))[:64]
    listing.access_role = str(last_page.get("accessRole", ""))[:32]
    if listing.unreadable:
        log.warning("Set aside %d unreadable events of a calendar.", listing.unreadable)


def _add(listing: Listing, item: dict[str, Any], time_zone: str) -> None:
    try:
        found = parse_event(item, calendar_time_zone=time_zone)
    except UnreadableEvent:
        listing.unreadable += 1
        return
    listing.found.pop(found.google_id, None)
    listing.found[found.google_id] = found
