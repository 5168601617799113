"""The organization's daily run: at its own time, on its days, once a local date (F5)."""

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from clockwise import clock
from clockwise.organizations import plans, rules
from clockwise.organizations.models import OrganizationRules
from clockwise.organizations.plans import Feature
from scheduling import run_requests
from scheduling.models import OptimizationRun

# A run that nobody could start by then is left out: people would look at it on the next morning only.
LATEST = timedelta(hours=2)


def is_due() -> bool:
    """Whether the time of the current organization's run has come today and nobody has queued it.

    Local clock times count: one that the clocks leave out comes a little later, one that they repeat comes once. While
    another run of the organization is under way it waits: of two proposals the later would take the other's place.
    """
    settled = rules.current()
    now = run_requests.local_now()
    if not settled.run_enabled or now.weekday() not in settled.run_days or not _has_come(settled, now.hour, now.minute):
        return False
    if not plans.has(Feature.ORGANIZATION_RUN) or OptimizationRun.objects.filter(daily_on=now.date()).exists():
        return False
    return run_requests.under_way() is None


def start_due() -> OptimizationRun | None:
    """Queue today's run if it is due, in the caller's transaction."""
    if not is_due():
        return None
    try:
        with transaction.atomic():
            return run_requests.create(by=None, daily_on=run_requests.today())
    except IntegrityError:
        return None  # another worker was first


def queued() -> list[UUID]:
    """Daily runs that no worker has taken yet, as long as they are still wanted; asking twice does no harm."""
    waiting = OptimizationRun.objects.filter(daily_on__isnull=False, state=OptimizationRun.State.QUEUED)
    return list(waiting.filter(created_at__gt=clock.now() - LATEST).values_list("pk", flat=True))


def _has_come(settled: OrganizationRules, hour: int, minute: int) -> bool:
    late = timedelta(minutes=hour * 60 + minute - settled.run_minute)
    return timedelta() <= late < LATEST
