"""The optimizer's work, as a task."""

import logging
from datetime import timedelta
from uuid import UUID

from calendars.tasks import wake
from clockwise.tenancy.tasks import tenant_task
from scheduling import runs

log = logging.getLogger(__name__)
# A run that nobody has finished by then is asked for anew.
PATIENCE = timedelta(minutes=10)


@tenant_task(name="scheduling.run_optimization")
def run_optimization(run_id: str) -> None:
    """Running it twice does no harm: the second finds the run claimed."""
    runs.execute(UUID(run_id))


def start(run_id: UUID) -> None:
    wake(run_optimization, run_id)
