"""Erasures that an admin's or a member's decision asked for: queued with the decision, done by a worker, proved."""

from collections import Counter
from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import transaction

from clockwise import clock
from clockwise.audit.record import record
from clockwise.tenancy import current, messages
from privacy import policy
from privacy.models import Purge

Counts = dict[str, int]
Work = Callable[[Purge], Counts]
_work: dict[str, Work] = {}


def carries_out(cause: Purge.Cause) -> Callable[[Work], Work]:
    """Register what erases for a cause. It runs in one transaction, while nobody stores anything."""

    def register(function: Work) -> Work:
        _work[cause] = function
        return function

    return register


def request(
    cause: Purge.Cause, *, by: UUID | None, cause_id: UUID | None = None, member_id: UUID | None = None
) -> Purge:
    """Queue it in the caller's transaction; the worker is woken at its end, and the sweep finds what it missed."""
    purge = Purge.objects.create(
        cause=cause, cause_id=cause_id, member_id=member_id, requested_by=by, requested_at=clock.now()
    )
    transaction.on_commit(_wake)
    return purge


def _wake() -> None:
    from privacy import tasks

    messages.wake(tasks.carry_out_purges)


def carry_out_all() -> int:
    """Everything that is queued, oldest first. Opens its own transactions; returns how many it finished."""
    done = 0
    while _carry_out_next():
        done += 1
    return done


def _carry_out_next() -> bool:
    with current.transaction():
        queued = Purge.objects.filter(finished_at=None).order_by("requested_at", "id")
        purge = queued.select_for_update(skip_locked=True).first()
        if purge is None:
            return False
        policy.change()
        purge.counts = _work[purge.cause](purge)
        purge.finished_at = clock.now()
        purge.save(update_fields=["counts", "finished_at"])
        record("privacy.purge_finished", by=purge.requested_by, target=purge, cause=purge.cause, counts=purge.counts)
        return True


def add_up(all_counts: Iterable[Counts]) -> Counts:
    """One count for each word, none for what there was nothing of."""
    total: Counter[str] = Counter()
    for counts in all_counts:
        total.update(counts)
    return {word: count for word, count in sorted(total.items()) if count}
