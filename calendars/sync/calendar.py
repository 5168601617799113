"""Syncs one calendar: in full when it must be, else by its sync token. Google is called between transactions."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from calendars import connections, locks
from calendars.models import Calendar, GoogleConnection
from calendars.sync import apply, calendar_list, channels, pace
from calendars.sync.listing import Listing, read
from calendars.sync.window import Window, horizon, is_outdated
from clockwise import clock
from clockwise.google.client import CalendarClient
from clockwise.google.errors import (
    CalendarExcluded,
    GoogleError,
    GoogleUnavailable,
    GrantRevoked,
    NotFound,
    NotPermitted,
    QuotaExhausted,
    SyncTokenExpired,
)
from clockwise.google.fields import list_fields
from clockwise.tenancy import current
from privacy import policy, processing

log = logging.getLogger(__name__)
LEASE_SECONDS = 600
WAIT_SECONDS = 120
MOST_ATTEMPTS = 5
# For the page, which explains them.
PROBLEMS: dict[type[GoogleError], str] = {
    QuotaExhausted: "quota",
    NotFound: "not_found",
    NotPermitted: "no_access",
}
Store = Callable[[Calendar, Listing, Window], bool]


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
    def is_due(self) -> bool:
        return self.calendar.next_sync_at is None or self.calendar.next_sync_at <= clock.now()

    @property
    def is_incremental(self) -> bool:
        calendar = self.calendar
        same = calendar.request_shape == self.shape
        return bool(calendar.details.sync_token) and same and not is_outdated(calendar.pk, calendar.listed_at)

    @property
    def is_announced(self) -> bool:
        """Somebody said that there is something new."""
        return self.calendar.wake_ups > self.calendar.wake_ups_answered


def sync(calendar_id: UUID) -> None:
    """Bring the calendar's rows up to date, due or not. Does nothing when its connection has ended.

    Raises GoogleError for what is worth another try, Busy when others keep the calendar; a revoked grant turns the
    connection off instead.
    """
    with locks.hold(_lock(calendar_id), lease_seconds=LEASE_SECONDS, wait_seconds=WAIT_SECONDS):
        _until_settled(calendar_id)


def refresh(calendar_id: UUID) -> bool:
    """Bring the calendar up to date if it is due. Answers whether it is due again: something changed under way.

    Waits for nobody: whoever is at it asks that question after letting go of the lock, and so hears of what came
    meanwhile. Raises GoogleError as `sync` does.
    """
    if not _is_due(calendar_id):
        return False
    try:
        with locks.hold(_lock(calendar_id), lease_seconds=LEASE_SECONDS, wait_seconds=0):
            _until_settled(calendar_id)
    except locks.Busy:
        return False
    return _is_due(calendar_id)


def _lock(calendar_id: UUID) -> str:
    return f"calendar:{calendar_id}"


def _is_due(calendar_id: UUID) -> bool:
    plan = _plan(calendar_id)
    return plan is not None and plan.is_due


def _until_settled(calendar_id: UUID) -> None:
    for _ in range(MOST_ATTEMPTS):
        plan = _plan(calendar_id)
        if plan is None or _carry_out(plan):
            return
    raise locks.Busy(_lock(calendar_id))


def _plan(calendar_id: UUID) -> Plan | None:
    with current.transaction():
        calendar = _readable().filter(pk=calendar_id).first()
        return Plan(calendar, _fields()) if calendar else None


def _fields() -> str:
    return list_fields(**processing.wanted())


def _readable() -> Any:
    return Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE, is_read=True)


def _carry_out(plan: Plan) -> bool:
    """False if it has to be done again, since things changed under way."""
    began_at = clock.now()
    client = connections.client_for(plan.calendar.connection_id)
    try:
        return _sync(plan, client)
    except GrantRevoked as revoked:
        # If the member has connected again meanwhile, the new grant gets its try.
        return connections.mark_revoked(plan.calendar.connection_id, reason=revoked.reason, since=began_at)
    except CalendarExcluded:
        return True  # its rows are on their way out
    except GoogleError as error:
        if isinstance(error, NotFound | NotPermitted) and not calendar_list.look_again(plan.calendar, client):
            return True
        _note_problem(plan.calendar, error)
        raise


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
    began_at, window = clock.now(), horizon()
    listing = _listing(plan, client, time_min=window.start, time_max=window.end)
    store = partial(apply.whole, anew=plan.calendar.request_shape != plan.shape)
    with current.transaction():
        plan.calendar.listed_at = began_at
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
    is_first, has_changed = locked.synced_at is None, store(locked, listing, window)
    if has_changed and plan.is_incremental and not plan.is_announced:
        channels.distrust(locked)
    if has_changed or is_first:
        locked.changed_at = clock.now()
    _save(plan, locked, listing, window)
    return True


def _locked(calendar: Calendar) -> Calendar | None:
    """The row to write to, unless it was deselected or its connection ended while Google answered."""
    found: Calendar | None = _readable().select_for_update(of=("self",), no_key=True).filter(pk=calendar.pk).first()
    return found


def _save(plan: Plan, calendar: Calendar, listing: Listing, window: Window) -> None:
    """The token is kept in the transaction that stores the last page, never before (SYNC S2)."""
    at = clock.now()
    calendar.details = replace(calendar.details, sync_token=listing.sync_token)
    # A changed zone makes another request shape: the next sync reads everything anew in it, at once.
    is_zone_new = listing.time_zone not in ("", calendar.time_zone)
    calendar.time_zone = listing.time_zone or calendar.time_zone
    calendar.access_role = listing.access_role or calendar.access_role
    calendar.window_start, calendar.window_end = window.start, window.end
    calendar.listed_at = plan.calendar.listed_at
    calendar.request_shape, calendar.synced_at, calendar.problem, calendar.failures = plan.shape, at, "", 0
    calendar.wake_ups_answered = plan.calendar.wake_ups
    calendar.next_sync_at = at
    if calendar.wake_ups == plan.calendar.wake_ups and not is_zone_new:
        is_watched = channels.are_heard(calendar)
        calendar.next_sync_at = pace.after_success(at, changed_at=calendar.changed_at, is_watched=is_watched)
    calendar.save()


def _note_problem(calendar: Calendar, error: GoogleError) -> None:
    at = clock.now()
    with current.transaction():
        known = Calendar.objects.select_for_update(no_key=True).filter(pk=calendar.pk).first()
        if known is None:
            return
        known.problem = next((word for kind, word in PROBLEMS.items() if isinstance(error, kind)), "unavailable")
        known.failures = min(known.failures + 1, 1000)
        known.next_sync_at = pace.after_failure(
            at,
            failures=known.failures,
            retry_after=error.retry_after if isinstance(error, GoogleUnavailable) else None,
            is_parked=isinstance(error, QuotaExhausted),
        )
        known.save(update_fields=["problem", "failures", "next_sync_at"])
