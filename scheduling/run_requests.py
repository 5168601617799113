"""Asks for a run of the optimizer; `runs` carries it out, in a worker."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from clockwise import clock
from clockwise.organizations.models import Member, Organization
from clockwise.tenancy import current
from scheduling import tasks
from scheduling.hours import local_date
from scheduling.models import OptimizationRun
from scheduling.problem import Horizon

# A run that hasn't come back by then never will: its worker died. It is asked for anew.
PATIENCE = timedelta(minutes=10)


def ask(*, by: Member, only_holds: bool = False, day: date | None = None) -> OptimizationRun:
    """Ask for a run, in the caller's transaction; a worker does it. One under way is joined."""
    waiting = [OptimizationRun.State.QUEUED, OptimizationRun.State.RUNNING]
    recent = OptimizationRun.objects.filter(state__in=waiting, created_at__gt=clock.now() - PATIENCE)
    same = recent.filter(only_holds_of=by if only_holds else None)
    run = same.first() or create(by=by, only_holds=only_holds, day=day)
    transaction.on_commit(lambda: tasks.start(run.pk))
    return run


def create(*, by: Member, only_holds: bool = False, day: date | None = None) -> OptimizationRun:
    """A run that the caller executes itself. `day`: the first local date that may change, today by default."""
    first = day or today()
    start, end = Horizon(first).instants
    return OptimizationRun.objects.create(
        requested_by=by,
        only_holds_of=by if only_holds else None,
        first_day=first,
        horizon_start=start,
        horizon_end=end,
        created_at=clock.now(),
    )


def today() -> date:
    """The date where the organization is."""
    organization = Organization.objects.get(pk=current.require_organization_id())
    return local_date(clock.now(), ZoneInfo(organization.time_zone))
