"""How long things are kept, and the job that deletes what has been kept for long enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.plans import Feature, ensure
from clockwise.tenancy import current
from privacy.models import DataExport, Erasure, Purge, RetentionSettings


class BadRetention(ValueError):
    """The message says which days are possible."""


@dataclass(frozen=True)
class Retention:
    """`too_old` gets the instant before which things are too old, and names the rows, a query a table. `least` and
    `most` bound the days; where they are the same nobody can choose.
    """

    name: str
    label: str
    why: str
    days: int
    least: int
    most: int
    too_old: Callable[[datetime], Sequence[QuerySet[Any]]]

    def count(self, before: datetime) -> int:
        return sum(rows.count() for rows in self.too_old(before))

    def delete(self, before: datetime) -> int:
        """How many rows went, those that hang on them included."""
        return sum(rows.delete()[0] for rows in self.too_old(before))

    @property
    def is_fixed(self) -> bool:
        return self.least == self.most


_retentions: dict[str, Retention] = {}


def retention(found: Retention) -> Retention:
    """Register something that is kept for a time."""
    _retentions[found.name] = found
    return found


def all_of_them() -> list[Retention]:
    return sorted(_retentions.values(), key=lambda found: found.label)


def days_of(found: Retention) -> int:
    """What holds in the current organization: the shorter of nothing, what an admin chose or the default."""
    saved = RetentionSettings.objects.first()
    chosen = saved.days.get(found.name) if saved else None
    return min(max(int(chosen), found.least), found.most) if chosen is not None else found.days


def preview(name: str, days: int) -> int:
    """How many rows would go at once. Raises BadRetention."""
    found = _checked(name, days)
    return found.count(clock.now() - timedelta(days=days))


def choose(name: str, days: int, *, by: UUID) -> int:
    """Keep for so many days from now on; what is older goes at once. Returns how many rows went.

    Raises BadRetention and FeatureLocked.
    """
    ensure(Feature.RETENTION_SETTINGS)
    found = _checked(name, days)
    saved = RetentionSettings.objects.select_for_update().first() or RetentionSettings()
    before = days_of(found)
    saved.days = {**saved.days, name: days}
    saved.save()
    record("privacy.retention_changed", by=by, target=saved, what=name, before=before, after=days)
    return _apply(found, days)


def apply_all() -> dict[str, int]:
    """Delete what is too old in the current organization. Opens its own transactions."""
    counts = {}
    for found in all_of_them():
        with current.transaction():
            if gone := _apply(found, days_of(found)):
                counts[found.name] = gone
    return counts


def _apply(found: Retention, days: int) -> int:
    gone = found.delete(clock.now() - timedelta(days=days))
    if gone:
        record("privacy.retention_applied", by=None, what=found.name, rows=gone)
    return gone


def _checked(name: str, days: int) -> Retention:
    found = _retentions.get(name)
    if found is None:
        raise BadRetention("There is nothing of that name.")
    if not found.least <= days <= found.most:
        raise BadRetention(f"Choose from {found.least} to {found.most} days.")
    return found


PROOF_DAYS = 3 * 365

retention(
    Retention(
        name="exports",
        label="Exports of a person's data",
        why="A copy of everything is worth stealing; whoever asked has had a day to fetch it.",
        days=1,
        least=1,
        most=1,
        too_old=lambda before: [DataExport.objects.filter(requested_at__lte=before)],
    )
)
retention(
    Retention(
        name="proofs",
        label="Proofs of purges and erasures",
        why="They hold numbers and times alone, and answer who asks whether it was done.",
        days=PROOF_DAYS,
        least=PROOF_DAYS,
        most=PROOF_DAYS,
        too_old=lambda before: [model.objects.filter(finished_at__lt=before) for model in (Purge, Erasure)],
    )
)
