"""Syncs one calendar: in full when it must be, else by its sync token. Google is called between transactions."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from calendars import connections, locks
from calendars.models import Calendar, GoogleConnection
from calendars.sync import apply
from calendars.sync.listing import Listing, read
from calendars.sync.window import Window, horizon, is_outdated
from clockwise import clock
from clockwise.google.client import CalendarClient
from clockwise.google.errors import (
    CalendarExcluded,
    GoogleError,
    GrantRevoked,
    NotFound,
    QuotaExhausted,
    SyncTokenExpired,
)
from clockwise.google.fields import list_fields
from clockwise.tenancy import current
from privacy import policy, processing

LEASE_SECONDS = 600
WAIT_SECONDS = 120
MOST_ATTEMPTS = 5
Store = Callable[[Calendar, Listing, Window], None]


@dataclass(frozen=True)
class Plan:
    """What is needed to talk to Google, read in one transaction and used outside it."""

    calendar: Calendar
    fields: str

    @property
    def shape(self) -> str:
        """A token is good for one request shape (SYNC S3), and all-day events were read in one zone."""
        return hashlib.sha256(f"{self.fields}|{self.calendar.time_zone}".encode()).hexdigest()

    @property
    def is_incremental(self) -> bool:
        calendar = self.calendar
        same = calendar.request_shape == self.shape
        return bool(calendar.details.sync_token) and same and not is_outdated(calendar.window_end)


def sync(calendar_id: UUID) -> None:
    """Bring the calendar's rows up to date. Does nothing when its connection has ended.

    Raises GoogleError for what is worth another try, Busy when others keep the calendar; a revoked grant turns the
    connection off instead.
    """
    name = f"calendar:{calendar_id}"
    with locks.hold(name, lease_seconds=LEASE_SECONDS, wait_seconds=WAIT_SECONDS):
        for _ in range(MOST_ATTEMPTS):
            plan = _plan(calendar_id)
            if plan is None or _carry_out(plan):
                return
    raise locks.Busy(name)


def _carry_out(plan: Plan) -> bool:
    """False if it has to be done again, since things changed under way."""
    began_at = clock.now()
    try:
        return _sync(plan, connections.client_for(plan.calendar.connection_id))
    except GrantRevoked as revoked:
        # If the member has connected again meanwhile, the new grant gets its try.
        return connections.mark_revoked(plan.calendar.connection_id, reason=revoked.reason, since=began_at)
    except CalendarExcluded:
        return True  # its rows are on their way out
    except GoogleError as error:
        _note_problem(plan.calendar, error)
        raise


def _plan(calendar_id: UUID) -> Plan | None:
    with current.transaction():
        active = Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE)
        calendar = active.filter(pk=calendar_id).first()
        if calendar is None:
            return None
        return Plan(calendar, _fields())


def _fields() -> str:
    return list_fields(**processing.wanted())


def _sync(plan: Plan, client: CalendarClient) -> bool:
    if plan.is_incremental:
        try:
            return _incrementally(plan, client)
        except SyncTokenExpired:
            # Google says so "occasionally" for no reason of ours; the old rows are served meanwhile (SYNC S4).
            pass
    return _in_full(plan, client)


def _incrementally(plan: Plan, client: CalendarClient) -> bool:
    calendar = plan.calendar
    assert calendar.window_start and calendar.window_end  # noqa: S101 - a token comes with its window
    window = Window(calendar.window_start, calendar.window_end)
    listing = _listing(plan, client, sync_token=calendar.details.sync_token)
    with current.transaction():
        return _store(plan, listing, window, apply.difference)


def _in_full(plan: Plan, client: CalendarClient) -> bool:
    window = horizon()
    listing = _listing(plan, client, time_min=window.start, time_max=window.end)
    store = partial(apply.whole, anew=plan.calendar.request_shape != plan.shape)
    with current.transaction():
        return _store(plan, listing, window, store)


def _listing(plan: Plan, client: CalendarClient, **which: Any) -> Listing:
    calendar = plan.calendar
    return read(client, calendar.details.google_id, time_zone=calendar.time_zone, fields=plan.fields, **which)


def _store(plan: Plan, listing: Listing, window: Window, store: Store) -> bool:
    """False when a write of ours was settled while Google listed.

    What was listed may be older than the write's answer, and would look like somebody's edit of it. False also when
    an admin has shut out meanwhile what was asked for.
    """
    policy.hold_still()
    locked = _locked(plan.calendar)
    if locked is None:
        return True
    if locked.writes_settled != plan.calendar.writes_settled or plan.fields != _fields():
        return False
    store(locked, listing, window)
    _save(locked, listing, window, plan.shape)
    return True


def _locked(calendar: Calendar) -> Calendar | None:
    """The row to write to, unless the connection ended while Google answered."""
    active = Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE)
    return active.select_for_update(of=("self",), no_key=True).filter(pk=calendar.pk).first()


def _save(calendar: Calendar, listing: Listing, window: Window, shape: str) -> None:
    """The token is kept in the transaction that stores the last page, never before (SYNC S2)."""
    calendar.details = replace(calendar.details, sync_token=listing.sync_token)
    # A changed zone makes another request shape: the next sync reads everything anew in it.
    calendar.time_zone = listing.time_zone or calendar.time_zone
    calendar.access_role = listing.access_role or calendar.access_role
    calendar.window_start, calendar.window_end = window.start, window.end
    calendar.request_shape, calendar.synced_at, calendar.problem = shape, clock.now(), ""
    calendar.save()


def _note_problem(calendar: Calendar, error: GoogleError) -> None:
    """A word for the page, which explains it."""
    words: dict[type[GoogleError], str] = {QuotaExhausted: "quota", NotFound: "not_found"}
    with current.transaction():
        Calendar.objects.filter(pk=calendar.pk).update(problem=words.get(type(error), "unavailable"))
