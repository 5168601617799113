"""Pages of a listing, read to the last before anything is stored."""

from dataclasses import dataclass, field
from typing import Any

from clockwise.google.client import CalendarClient
from clockwise.google.errors import GoogleUnavailable
from clockwise.google.event import GoogleEvent, Tombstone, UnreadableEvent, parse_event

MOST_PAGES = 1000


@dataclass
class Listing:
    """What the pages held, by Google id: of an event that was listed twice, the later one.

    `set_aside`: what can't be understood of the items that can't, so that one never stops its calendar (SYNC S15).
    """

    events: dict[str, GoogleEvent] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)
    set_aside: dict[str, str] = field(default_factory=dict)
    sync_token: str = ""
    time_zone: str = ""
    access_role: str = ""

    @property
    def google_ids(self) -> set[str]:
        return self.events.keys() | self.tombstones | self.set_aside.keys()


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


def _add(listing: Listing, item: dict[str, Any], time_zone: str) -> None:
    try:
        found = parse_event(item, calendar_time_zone=time_zone)
    except UnreadableEvent as error:
        _forget(listing, error.google_id)
        listing.set_aside[error.google_id] = error.part
        return
    _forget(listing, found.google_id)
    if isinstance(found, Tombstone):
        listing.tombstones.add(found.google_id)
    else:
        listing.events[found.google_id] = found


def _forget(listing: Listing, google_id: str) -> None:
    """What an earlier page said of it."""
    listing.events.pop(google_id, None)
    listing.tombstones.discard(google_id)
    listing.set_aside.pop(google_id, None)
