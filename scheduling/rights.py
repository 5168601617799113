"""How long runs and their proposals are kept."""

from datetime import datetime

from django.db.models import QuerySet

from privacy.retention import Retention, retention
from scheduling.models import OptimizationRun


def _old(before: datetime) -> QuerySet[OptimizationRun]:
    return OptimizationRun.objects.filter(created_at__lt=before)


retention(
    Retention(
        name="proposals",
        label="Runs, proposals and their reasons",
        why="Past proposals explain why a meeting stands where it does. Older ones can no longer be looked at.",
        days=90,
        least=14,
        most=730,
        too_old=lambda before: [_old(before)],
    )
)
