"""Reads linked calendars, each when it is due. What is fetched is used and forgotten: times alone are kept."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from calendars import locks
from calendars import tasks as calendar_tasks
from calendars.models import Calendar
from clockwise import clock
from clockwise.tenancy import current
from scheduling.hours import zone_of
from scheduling.models import PersonalCalendar
from scheduling.personal import blocks, ics
from scheduling.personal.fetch import Fetched, FetchFailed, fetch

EVERY = timedelta(minutes=15)
# After failures the interval doubles, up to this.
AT_MOST = timedelta(hours=6)
# Even of an unchanged file: the horizon moves on, and blocks that were undone come back.
ANEW_AFTER = timedelta(hours=6)
NOT_A_CALENDAR = "not_a_calendar"
TOO_LARGE = "too_large"
TOO_SLOW = "too_slow"
NO_WORK_CALENDAR = "no_work_calendar"


@dataclass(frozen=True)
class Plan:
    linked: PersonalCalendar
    work: Calendar


def due() -> list[UUID]:
    """In the caller's transaction."""
    rows = PersonalCalendar.objects.filter(unlinked_at=None, next_read_at__lte=clock.now())
    return list(rows.order_by("next_read_at").values_list("pk", flat=True))


def read(personal_calendar_id: UUID) -> None:
    """Fetch it, if it has changed, and bring its blocks in line. Opens its own transactions.

    Raises Busy while somebody else reads it.
    """
    with locks.hold(f"personal:{personal_calendar_id}", lease_seconds=120, wait_seconds=0):
        plan = _plan(personal_calendar_id)
        if plan is None:
            return
        try:
            fetched = _fetched(plan.linked)
            reading = _understood(fetched, plan.work) if fetched.body is not None else None
        except FetchFailed as failure:
            _failed(plan.linked, failure.reason)
        except ics.NotACalendar:
            _failed(plan.linked, NOT_A_CALENDAR)
        except ics.TooManyEvents:
            _failed(plan.linked, TOO_LARGE)
        else:
            _store(plan, fetched, reading)


def gave_up(personal_calendar_id: UUID) -> None:
    """Working it out took too long: a file may have been made to cost us hours."""
    with current.transaction():
        linked = PersonalCalendar.objects.filter(pk=personal_calendar_id).first()
    if linked is not None:
        _failed(linked, TOO_SLOW)


def _plan(personal_calendar_id: UUID) -> Plan | None:
    with current.transaction():
        linked = PersonalCalendar.objects.filter(pk=personal_calendar_id, unlinked_at=None).first()
        work = blocks.work_calendar(linked.member_id) if linked else None
    if linked is not None and work is None:
        _failed(linked, NO_WORK_CALENDAR)
    return Plan(linked, work) if linked and work else None


def _fetched(linked: PersonalCalendar) -> Fetched:
    source = linked.source
    if linked.read_at is None or linked.read_at <= clock.now() - ANEW_AFTER:
        return fetch(source.address)
    return fetch(source.address, etag=source.etag, last_modified=source.last_modified)


def _understood(fetched: Fetched, work: Calendar) -> ics.Reading:
    start, end = blocks.horizon()
    return ics.read(fetched.body or b"", zone=zone_of(work.time_zone), start=start, end=end)


def _store(plan: Plan, fetched: Fetched, reading: ics.Reading | None) -> None:
    """Unless it was unlinked while its server answered."""
    at = clock.now()
    with current.transaction():
        rows = PersonalCalendar.objects.select_for_update().filter(pk=plan.linked.pk, unlinked_at=None)
        linked = rows.first()
        if linked is None:
            return
        linked.next_read_at, linked.failures, linked.problem = at + EVERY, 0, ""
        if reading is not None:
            linked.source = replace(linked.source, etag=fetched.etag, last_modified=fetched.last_modified)
            linked.read_at, linked.set_aside = at, reading.set_aside
            blocks.reconcile(linked, reading.appointments, plan.work)
            calendar_tasks.write_soon()
        linked.save()


def _failed(linked: PersonalCalendar, problem: str) -> None:
    """Its blocks stay: a server that is away for an hour has cancelled nobody's appointments."""
    with current.transaction():
        failures = min(linked.failures + 1, 16)
        PersonalCalendar.objects.filter(pk=linked.pk).update(
            problem=problem, failures=failures, next_read_at=clock.now() + min(EVERY * 2**failures, AT_MOST)
        )
