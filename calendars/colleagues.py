"""Free/busy of colleagues who never signed in: asked in batches, kept in PostgreSQL, renewed while somebody meets them.

Google tells when they are busy and nothing of why. Whoever is busy at a meeting that we know isn't told apart from
other reasons: that is for the reader to take out.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from calendars import connections
from calendars.models import Calendar, Colleague, Event, GoogleConnection
from calendars.models.colleague import ColleagueDetails
from calendars.sync.window import AHEAD
from clockwise import clock
from clockwise.encryption.blind_index import normalize_address, organization_index
from clockwise.google.client import CalendarClient
from clockwise.google.errors import CalendarExcluded, GoogleError, GrantRevoked
from clockwise.organizations import members
from clockwise.tenancy import current

log = logging.getLogger(__name__)
Json = dict[str, Any]
# Google answers for at most so many calendars at once (SYNC 1.5).
TOGETHER = 50
RENEWED_AFTER = timedelta(minutes=15)
# Some may not be allowed to see a colleague's free/busy; more than these aren't tried.
MOST_ASKERS = 3
FREE_BUSY_SCOPE = "https://www.googleapis.com/auth/calendar.freebusy"


def refresh() -> None:
    """Find whom members are going to meet, and ask when they are busy. Opens its own transactions.

    What Google refuses to one member is asked again as another one. Raises nothing: the next time comes soon.
    """
    at = clock.now()
    with current.transaction():
        _keep_only(_met(at))
        due = [row for row in Colleague.objects.order_by("asked_at", "id") if _is_due(row, at)]
        askers = list(_askers())
    for connection_id in askers:
        client = connections.client_for(connection_id)
        due = [row for batch in _batches(due) for row in _ask(client, connection_id, batch, at)]
        if not due:
            return


def known(addresses: Iterable[str]) -> dict[str, Colleague]:
    """Those of the (normalized) addresses whose free/busy is known, as long as it still tells something."""
    organization_id = current.require_organization_id()
    indexes = {organization_index(organization_id, "colleague", address): address for address in addresses}
    rows = Colleague.objects.filter(address_index__in=indexes, problem="", known_until__gt=clock.now())
    return {indexes[bytes(row.address_index)]: row for row in rows}


def _is_due(row: Colleague, at: datetime) -> bool:
    return row.asked_at is None or row.asked_at <= at - RENEWED_AFTER


def _met(at: datetime) -> set[str]:
    """Addresses of people of our domains whom a member meets within the horizon and whose calendars we don't read."""
    connected = Calendar.objects.filter(is_primary=True, connection__state=GoogleConnection.State.ACTIVE)
    known = {normalize_address(row.member.details.address) for row in connected.select_related("member")}
    return {address for address in guests(at) if address not in known}


def guests(at: datetime) -> set[str]:
    """Addresses of all people of our domains whom a member meets within the horizon."""
    ours = members.domains()
    coming = Event.objects.filter(end__gt=at, start__lt=at + AHEAD, attendee_count__gte=2)
    # One copy of each meeting tells its guests.
    meetings = coming.order_by("meeting_index", "id").distinct("meeting_index")
    invited = (normalize_address(a.address) for e in meetings for a in e.details.attendees if not a.is_room)
    return {address for address in invited if address.rpartition("@")[2] in ours}


def _keep_only(addresses: set[str]) -> None:
    """A row for each, and none for whom nobody meets any more or who has connected."""
    organization_id = current.require_organization_id()
    wanted = {organization_index(organization_id, "colleague", address): address for address in addresses}
    Colleague.objects.exclude(address_index__in=wanted).delete()
    there = {bytes(index) for index in Colleague.objects.values_list("address_index", flat=True)}
    Colleague.objects.bulk_create(
        Colleague(organization_id=organization_id, address_index=index, details=ColleagueDetails(address))
        for index, address in wanted.items()
        if index not in there
    )


def _askers() -> Iterable[Any]:
    """Connections that may ask; another one each time, so that nobody's budget carries them all."""
    active = GoogleConnection.objects.filter(state=GoogleConnection.State.ACTIVE, scopes__contains=FREE_BUSY_SCOPE)
    return active.order_by("?").values_list("pk", flat=True)[:MOST_ASKERS]


def _batches(rows: Sequence[Colleague]) -> Iterator[list[Colleague]]:
    left = iter(rows)
    while batch := list(islice(left, TOGETHER)):
        yield batch


def _ask(client: CalendarClient, connection_id: Any, rows: list[Colleague], at: datetime) -> list[Colleague]:
    """Ask for a batch and store what is told. Returns those of whom Google told this member nothing."""
    start, end = at, at + AHEAD
    try:
        answer = _answers(client, rows, start, end)
    except GrantRevoked as revoked:
        connections.mark_revoked(connection_id, reason=revoked.reason, since=at)
        return rows
    except GoogleError as error:
        log.warning("Free/busy of colleagues couldn't be read: %s.", error)
        return rows
    with current.transaction():
        for row in rows:
            _store(row, answer.get(row.details.address, {}), start, end)
        Colleague.objects.bulk_update(rows, ["busy", "known_from", "known_until", "asked_at", "problem"])
    return [row for row in rows if row.problem]


def _answers(client: CalendarClient, rows: list[Colleague], start: datetime, end: datetime) -> dict[str, Json]:
    """Calendars that a rule leaves out are named in no request; one of them costs the others nothing."""
    addresses = [row.details.address for row in rows]
    try:
        calendars: dict[str, Json] = client.freebusy(addresses, start=start, end=end).get("calendars", {})
    except CalendarExcluded:
        if len(rows) == 1:
            return {addresses[0]: {"errors": [{"reason": "excluded"}]}}
        middle = len(rows) // 2
        return {
            **_answers(client, rows[:middle], start, end),
            **_answers(client, rows[middle:], start, end),
        }
    return {normalize_address(address): found for address, found in calendars.items()}


def _store(row: Colleague, told: Json, start: datetime, end: datetime) -> None:
    row.asked_at = start
    errors = told.get("errors") or ([] if "busy" in told else [{"reason": "unreadable"}])
    row.problem = str(errors[0].get("reason", "unknown"))[:32] if errors else ""
    if row.problem:
        row.busy, row.known_from, row.known_until = [], None, None
    else:
        row.busy = [[str(span["start"]), str(span["end"])] for span in told["busy"]]
        row.known_from, row.known_until = start, end
