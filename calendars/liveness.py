"""Whether the grants of people who are signed in still live: for suspensions of which no signal comes (SYNC O8).

A browser that is in use is asked about within a minute, a signed-in one that rests within five. Only Google's own word
that the grant is dead ends anything; no answer, a late one, or an operator's mistake end nothing.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from calendars import connections
from calendars.models import GoogleConnection
from clockwise import clock
from clockwise.google.errors import GoogleError, GrantRevoked
from clockwise.organizations import lookups, sessions
from clockwise.organizations.models import BrowserSession
from clockwise.tenancy import current

log = logging.getLogger(__name__)
# A look each TICK at what is older than these: together within a minute, and within five.
TICK_SECONDS = 15
ACTIVE_AFTER = timedelta(seconds=40)
IDLE_AFTER = timedelta(minutes=4, seconds=30)
# `seen_at` may be a minute old although the person is clicking.
IN_USE = sessions.SEEN_EVERY + timedelta(minutes=1)


def organizations() -> list[UUID]:
    """Those of whom somebody is signed in."""
    return lookups.organizations_signed_in(clock.now() - sessions.ABSOLUTE)


def due() -> list[UUID]:
    """The current organization's connections to ask about, noted as asked, so that no second worker asks as well.

    Opens its own transaction.
    """
    at = clock.now()
    with current.transaction():
        signed_in = BrowserSession.objects.filter(ended_at=None, opened_at__gt=at - sessions.ABSOLUTE)
        in_use = signed_in.filter(seen_at__gt=at - IN_USE).values("member_id")
        active = GoogleConnection.objects.filter(state=GoogleConnection.State.ACTIVE)
        found = active.filter(
            _not_since(at - ACTIVE_AFTER) & Q(member__in=in_use)
            | _not_since(at - IDLE_AFTER) & Q(member__in=signed_in.values("member_id"))
        ).select_for_update(skip_locked=True, of=("self",))
        ids = list(found.values_list("pk", flat=True))
        GoogleConnection.objects.filter(pk__in=ids).update(alive_at=at)
    return ids


def check(connection_id: UUID) -> None:
    """Ask Google about one connection. What Google can't answer now is asked again at the next look."""
    began_at = clock.now()
    try:
        connections.ask_who(connection_id)
    except GrantRevoked as revoked:
        connections.mark_revoked(connection_id, reason=revoked.reason, since=began_at)
    except GoogleError as error:
        log.warning("Whether a grant lives couldn't be asked: %s.", error)
        with current.transaction():
            GoogleConnection.objects.filter(pk=connection_id).update(alive_at=None)


def _not_since(at: datetime) -> Q:
    return Q(alive_at=None) | Q(alive_at__lte=at)
