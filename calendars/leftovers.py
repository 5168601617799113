"""Events of ours that a member's calendar would keep after their connection ends: taken away with the last token,
before Google forgets the grant (SYNC O10, PRODUCT A10).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calendars.models import Calendar
from clockwise import clock
from clockwise.google.client import CalendarClient
from clockwise.google.errors import CalendarExcluded, GoogleError, GoogleUnavailable, GrantRevoked, QuotaExhausted
from clockwise.tenancy import current


@dataclass(frozen=True)
class Leftover:
    """`etag`: what it was when we last wrote it; an edited one is its person's own and stays. Empty: it goes anyway."""

    google_id: str
    etag: str = ""


@dataclass(frozen=True)
class Owner:
    """Who places events on main calendars. `find` gets the member and the instant from which on they are upcoming;
    `forget` the member and the id that is gone. Both run in the caller's transaction.
    """

    find: Callable[[UUID, datetime], list[Leftover]]
    forget: Callable[[UUID, str], None]


log = logging.getLogger(__name__)
_owners: list[Owner] = []


def owner(found: Owner) -> None:
    """Rooms above register what they place."""
    _owners.append(found)


def remove(member_id: UUID, client: CalendarClient) -> int:
    """Delete the upcoming ones at Google, each once; a second call finds none. Opens its own transactions.

    An excluded calendar is named in no request, so what lies there stays. Raises GoogleError for what is worth
    another try.
    """
    with current.transaction():
        calendar = Calendar.objects.filter(member=member_id, is_primary=True).first()
        if calendar is None:
            return 0
        google_id = calendar.details.google_id
        found = [(each, each.find(member_id, clock.now())) for each in _owners]
    count = 0
    for each, leftovers in found:
        for leftover in leftovers:
            try:
                _delete(client, google_id, leftover)
            except CalendarExcluded:
                return count
            # One by one: what was deleted before a failure isn't asked for again.
            with current.transaction():
                each.forget(member_id, leftover.google_id)
            count += 1
    return count


def _delete(client: CalendarClient, calendar_id: str, leftover: Leftover) -> None:
    try:
        client.delete_event(calendar_id, leftover.google_id, etag=leftover.etag, send_updates="none")
    except (GoogleUnavailable, QuotaExhausted, GrantRevoked, CalendarExcluded):
        raise
    except GoogleError as error:
        # Deleted before, edited since, or not ours to delete any more: no reason to keep the grant.
        log.info("An event of ours stays or was gone: %s.", error)
