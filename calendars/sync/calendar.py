"""Syncs one calendar: in full when it must be, else by its sync token. Google is called between transactions."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from functools import cache, partial
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Exists, OuterRef, QuerySet

from calendars import connections, exclusions, locks
from calendars.models import Calendar, GoogleConnection, SetAsideEvent
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
from clockwise.tenancy.prepared import Prepared, by_ids
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
Store = Callable[..., bool]


class Outcome(Enum):
    SETTLED = auto()
    NEWS = auto()  # settled, and meanwhile somebody said that there is more
    DISTURBED = auto()  # nothing stored: what was asked for, or what we have, changed under way


@dataclass(frozen=True)
class Plan:
    """What is needed to talk to Google, read in one transaction and used outside it."""

    calendar: Calendar
    wanted: dict[str, bool]
    client: CalendarClient

    @property
    def fields(self) -> str:
        return list_fields(**self.wanted)

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
        _until_settled(calendar_id, _plan(calendar_id))


def refresh(calendar_id: UUID) -> bool:
    """Bring the calendar up to date if it is due. Answers whether to look again in a moment: something changed
    under way, or somebody else is at it and may be past what changed.

    Waits for nobody. Raises GoogleError as `sync` does, and Busy when it never comes to rest.
    """
    try:
        with locks.hold(_lock(calendar_id), lease_seconds=LEASE_SECONDS, wait_seconds=0):
            plan = _plan(calendar_id)
            if plan is None or not plan.is_due:
                return False
            return _until_settled(calendar_id, plan) is Outcome.NEWS
    except locks.Busy:
        return True


def _lock(calendar_id: UUID) -> str:
    return f"calendar:{calendar_id}"


def _until_settled(calendar_id: UUID, plan: Plan | None) -> "Outcome":
    for _ in range(MOST_ATTEMPTS):
        outcome = _carry_out(plan) if plan else Outcome.SETTLED
        if outcome is not Outcome.DISTURBED:
            return outcome
        plan = _plan(calendar_id)
    raise locks.Busy(_lock(calendar_id))


def _plan(calendar_id: UUID) -> Plan | None:
    """None for what isn't read any more."""
    with current.transaction():
        calendar = next(iter(_with_connection().rows(calendar_id)), None)
        if calendar is None:
            return None
        admission = exclusions.Admission(calendar.connection_id)
        try:
            admission.judge_now(calendar)
        except CalendarExcluded:
            return None  # its rows are on their way out
        wanted = processing.wanted_by(calendar.parts_let_in)
        return Plan(calendar, wanted, connections.client_of(calendar.connection_id, admission))


@by_ids
def _with_connection(calendar_id: UUID) -> QuerySet[Calendar, Any]:
    rows = _readable().select_related("connection").annotate(parts_let_in=processing.as_column())
    return rows.filter(pk=calendar_id)


def _readable() -> QuerySet[Calendar]:
    return Calendar.objects.filter(connection__state=GoogleConnection.State.ACTIVE, is_read=True)


def _carry_out(plan: Plan) -> Outcome:
    began_at = clock.now()
    try:
        return _sync(plan)
    except GrantRevoked as revoked:
        # If the member has connected again meanwhile, the new grant gets its try.
        is_ended = connections.mark_revoked(plan.calendar.connection_id, reason=revoked.reason, since=began_at)
        return Outcome.SETTLED if is_ended else Outcome.DISTURBED
    except CalendarExcluded:
        return Outcome.SETTLED  # its rows are on their way out
    except GoogleError as error:
        if isinstance(error, NotFound | NotPermitted) and not calendar_list.look_again(plan.calendar, plan.client):
            return Outcome.SETTLED
        _note_problem(plan.calendar, error)
        raise


def _sync(plan: Plan) -> Outcome:
    if plan.is_incremental:
        try:
            return _incrementally(plan)
        except SyncTokenExpired:
            # Google says so "occasionally" for no reason of ours; the old rows are served meanwhile (SYNC S4).
            pass
    return _in_full(plan)


def _incrementally(plan: Plan) -> Outcome:
    calendar = plan.calendar
    assert calendar.window_start and calendar.window_end  # noqa: S101 - a token comes with its window
    window = Window(calendar.window_start, calendar.window_end)
    listing = _listing(plan, sync_token=calendar.details.sync_token)
    with current.transaction():
        return _store(plan, listing, window, apply.difference)


def _in_full(plan: Plan) -> Outcome:
    began_at, window = clock.now(), horizon()
    listing = _listing(plan, time_min=window.start, time_max=window.end)
    store = partial(apply.whole, anew=plan.calendar.request_shape != plan.shape)
    with current.transaction():
        plan.calendar.listed_at = began_at
        return _store(plan, listing, window, store)


def _listing(plan: Plan, **which: Any) -> Listing:
    calendar = plan.calendar
    return read(plan.client, calendar.details.google_id, time_zone=calendar.time_zone, fields=plan.fields, **which)


def _store(plan: Plan, listing: Listing, window: Window, store: Store) -> Outcome:
    """Disturbed when a write of ours was settled while Google listed: what was listed may be older than the write's
    answer, and would look like somebody's edit of it. Also when an admin has meanwhile shut out what was asked for.
    """
    policy.hold_still()
    locked = _locked(plan)
    if locked is None:
        return Outcome.SETTLED
    is_still_wanted = processing.wanted_by(locked.parts_let_in) == plan.wanted
    if locked.writes_settled != plan.calendar.writes_settled or not is_still_wanted:
        return Outcome.DISTURBED
    is_first, is_watched = locked.synced_at is None, locked.is_watched
    has_changed = store(locked, listing, window, shut_out=processing.shut_out_by(plan.wanted))
    if has_changed or is_first:
        locked.changed_at = clock.now()
    if is_watched and has_changed and plan.is_incremental and not plan.is_announced:
        channels.distrust(locked)
        is_watched = False
    _save(plan, locked, listing, window, is_watched=is_watched)
    return Outcome.SETTLED if locked.wake_ups == plan.calendar.wake_ups else Outcome.NEWS


def _locked(plan: Plan) -> Any:
    """The row to write to, with `has_set_aside`, `is_watched` and `parts_let_in` beside it.

    None if it was deselected, or its connection ended, while Google answered.
    """
    return next(iter(_to_write_to().rows(plan.calendar.pk, clock.now())), None)


@cache
def _to_write_to() -> Prepared[Any]:
    calendar_id, now = uuid4(), datetime.fromtimestamp(0, UTC)
    rows = _readable().annotate(
        has_set_aside=Exists(SetAsideEvent.objects.filter(calendar=OuterRef("pk"))),
        is_watched=Exists(channels.heard(now).filter(calendar=OuterRef("pk"))),
        parts_let_in=processing.as_column(),
    )
    found = rows.select_for_update(of=("self",), no_key=True).filter(pk=calendar_id)
    return Prepared(found, [calendar_id, now])


def _save(plan: Plan, calendar: Calendar, listing: Listing, window: Window, *, is_watched: bool) -> None:
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
