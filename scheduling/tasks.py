"""The optimizer's work and the reading of personal calendars, as tasks."""

import logging
from collections.abc import Iterable
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from calendars import locks
from clockwise.organizations.models import Organization
from clockwise.tenancy import current, messages
from clockwise.tenancy.tasks import tenant_task
from scheduling.personal import reading

log = logging.getLogger(__name__)
# For fetching, understanding and copying one personal calendar.
READING_SECONDS = 60


@tenant_task(name="scheduling.run_optimization")
def run_optimization(run_id: str) -> None:
    """Running it twice does no harm: the second finds the run claimed."""
    from scheduling import runs  # not above: the web, which starts tasks, needs no engine

    runs.execute(UUID(run_id))


def start(run_id: UUID) -> None:
    messages.wake(run_optimization, run_id)


@tenant_task(name="scheduling.solve_part")
def solve_part(part_id: str) -> None:
    """One independent part of a run; whoever comes first solves it."""
    from scheduling import part_runs  # as above

    part_runs.carry_out(UUID(part_id))


def start_parts(part_ids: Iterable[UUID]) -> None:
    for part_id in part_ids:
        messages.wake(solve_part, part_id)


@shared_task(name="scheduling.start_daily_runs", ignore_result=True)
def start_daily_runs() -> None:
    """Each minute: whose daily run is due, in every organization; and what a lost message left queued."""
    from scheduling import daily_runs  # not above: it asks for runs, which are started here

    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            with current.transaction():
                is_due, queued = daily_runs.is_due(), daily_runs.queued()
            if is_due:
                messages.wake(start_daily_run)
            for run_id in queued:
                start(run_id)


@tenant_task(name="scheduling.start_daily_run")
def start_daily_run() -> None:
    """On its own, so that one organization whose keys can't be had keeps no other waiting."""
    from scheduling import daily_runs  # as above

    with current.transaction():
        run = daily_runs.start_due()
    if run is not None:
        start(run.pk)


@shared_task(name="scheduling.sweep_personal_calendars", ignore_result=True)
def sweep_personal_calendars() -> None:
    """Each minute: which are due, in every organization."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            with current.transaction():
                due = reading.due()
            for personal_calendar_id in due:
                messages.wake(read_personal_calendar, personal_calendar_id)


@tenant_task(name="scheduling.read_personal_calendar", soft_time_limit=READING_SECONDS, time_limit=READING_SECONDS + 30)
def read_personal_calendar(personal_calendar_id: str) -> None:
    try:
        reading.read(UUID(personal_calendar_id))
    except locks.Busy:
        log.info("A personal calendar is being read already.")
    except SoftTimeLimitExceeded:
        reading.gave_up(UUID(personal_calendar_id))
