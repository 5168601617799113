"""Syncs one calendar: in full when it must be, else by its sync token. Google is called between transactions."""

import hashlib
from dataclasses import dataclass, replace
from uuid import UUID

from calendars import connections, locks
from calendars.models import Calendar, GoogleConnection
from calendars.sync import apply
from calendars.sync.listing import Listing, read
from calendars.sync.window import Window, horizon, is_outdated
from clockwise import clock
from clockwise.google.client import CalendarClient
from clockwise.google.errors import GoogleError, GrantRevoked, NotFound, QuotaExhausted, SyncTokenExpired
from clockwise.google.fields import list_fields
from clockwise.tenancy import current
from privacy import processing

LEASE_SECONDS = 600
WAIT_SECONDS = 120


@dataclass(frozen=True)
class Plan:
    """What is needed to talk to Google, read in one transaction and used outside it."""

    calendar: Calendar
    fields: str

    @property
    def shape(self) -> str:
        """A token is good for one request shape; a changed one lists anew (SYNC S3)."""
        return hashlib.sha256(self.fields.encode()).hexdigest()

    @property
    def is_incremental(self) -> bool:
        calendar = self.calendar
        same = calendar.request_shape == self.shape
        return bool(calendar.details.sync_token) and same and not is_outdated(calendar.window_end)


def sync(calendar_id: UUID) -> None:
    """Bring the calendar's rows up to date. Does nothing when its connection has ended.

    Raises GoogleError for what is worth another try; a revoked grant turns the connection off instead.
    """
    with locks.hold(f"calendar:{calendar_id}", lease_seconds=LEASE_SECONDS, wait_seconds=WAIT_SECONDS):
        plan = _plan(calendar_id)
        if plan is None:
            return
        try:
            _sync(plan, connections.client_for(plan.calendar.connection_id))
        except GrantRevoked as revoked:
            connections.mark_revoked(plan.calendar.connection_id, reason=revoked.reason)
        except GoogleError as error:
            _note_problem(plan.calendar, error)
            raise


def _plan(calendar_id: UUID) -> Plan | None:
    with current.transaction():
        active = Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE)
        calendar = active.filter(pk=calendar_id).first()
        if calendar is None:
            return None
        return Plan(calendar, list_fields(descriptions=processing.settings().descriptions))


def _sync(plan: Plan, client: CalendarClient) -> None:
    if plan.is_incremental:
        try:
            _incrementally(plan, client)
            return
        except SyncTokenExpired:
            # Google says so "occasionally" for no reason of ours; the old rows are served meanwhile (SYNC S4).
            pass
    _in_full(plan, client)


def _incrementally(plan: Plan, client: CalendarClient) -> None:
    calendar = plan.calendar
    assert calendar.window_start and calendar.window_end  # noqa: S101 - a token comes with its window
    window = Window(calendar.window_start, calendar.window_end)
    listing = read(
        client,
        calendar.details.google_id,
        time_zone=calendar.time_zone,
        fields=plan.fields,
        sync_token=calendar.details.sync_token,
    )
    with current.transaction():
        locked = _locked(calendar)
        if locked is not None:
            apply.difference(locked, listing, window)
            _save(locked, listing, window, plan.shape)


def _in_full(plan: Plan, client: CalendarClient) -> None:
    calendar, window = plan.calendar, horizon()
    listing = read(
        client,
        calendar.details.google_id,
        time_zone=calendar.time_zone,
        fields=plan.fields,
        time_min=window.start,
        time_max=window.end,
    )
    with current.transaction():
        locked = _locked(calendar)
        if locked is not None:
            apply.whole(locked, listing, window, anew=locked.request_shape != plan.shape)
            _save(locked, listing, window, plan.shape)


def _locked(calendar: Calendar) -> Calendar | None:
    """The row to write to, unless the connection ended while Google answered."""
    active = Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE)
    return active.select_for_update(of=("self",)).filter(pk=calendar.pk).first()


def _save(calendar: Calendar, listing: Listing, window: Window, shape: str) -> None:
    """The token is kept in the transaction that stores the last page, never before (SYNC S2)."""
    calendar.details = replace(calendar.details, sync_token=listing.sync_token)
    calendar.window_start, calendar.window_end = window.start, window.end
    calendar.request_shape, calendar.synced_at, calendar.problem = shape, clock.now(), ""
    calendar.save()


def _note_problem(calendar: Calendar, error: GoogleError) -> None:
    """A word for the page, which explains it."""
    words: dict[type[GoogleError], str] = {QuotaExhausted: "quota", NotFound: "not_found"}
    with current.transaction():
        Calendar.objects.filter(pk=calendar.pk).update(problem=words.get(type(error), "unavailable"))
