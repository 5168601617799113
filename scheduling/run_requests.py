"""Asks for a run of the optimizer; `runs` carries it out, in a worker."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations import rules
from clockwise.organizations.models import Member, Organization
from clockwise.tenancy import current
from scheduling import tasks
from scheduling.models import OptimizationRun
from scheduling.problem import horizon

# A run that hasn't come back by then never will: its worker died. It is asked for anew.
PATIENCE = timedelta(minutes=10)


def ask(*, by: Member, only_holds: bool = False, day: date | None = None) -> OptimizationRun:
    """Ask for a run, in the caller's transaction; a worker does it. One under way is joined."""
    run = under_way(by if only_holds else None) or create(by=by, only_holds=only_holds, day=day)
    transaction.on_commit(lambda: tasks.start(run.pk))
    return run


def under_way(only_holds_of: Member | None = None) -> OptimizationRun | None:
    """A run of the whole organization, or of one member's holds, that may still come back."""
    waiting = [OptimizationRun.State.QUEUED, OptimizationRun.State.RUNNING]
    recent = OptimizationRun.objects.filter(state__in=waiting, created_at__gt=clock.now() - PATIENCE)
    return recent.filter(only_holds_of=only_holds_of).first()


def create(
    *, by: Member | None, only_holds: bool = False, day: date | None = None, daily_on: date | None = None
) -> OptimizationRun:
    """A run that the caller executes itself. `day`: the first local date that may change, today by default.

    by: None for the daily run, whose date `daily_on` is.
    """
    first = day or today()
    start, end = horizon(first, rules.current()).instants
    run = OptimizationRun.objects.create(
        requested_by=by,
        only_holds_of=by if only_holds else None,
        daily_on=daily_on,
        first_day=first,
        horizon_start=start,
        horizon_end=end,
        created_at=clock.now(),
    )
    record("run.started", by=by.pk if by else None, target=run)
    return run


def today() -> date:
    """The date where the organization is."""
    return local_now().date()


def local_now() -> datetime:
    """What the clock shows where the organization is."""
    organization = Organization.objects.get(pk=current.require_organization_id())
    return clock.now().astimezone(ZoneInfo(organization.time_zone))
