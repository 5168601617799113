"""The parts of a run under way: a task for each, and the run's own worker takes those that no other has taken yet.

So a run comes to its end with one worker as with ten, and a part whose worker died is missed, not waited for.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from clockwise import clock
from clockwise.tenancy import current
from scheduling import independent_parts, tasks
from scheduling.engine.instance import parse
from scheduling.engine.solve import solve
from scheduling.independent_parts import Document
from scheduling.models import OptimizationPart, OptimizationRun

log = logging.getLogger(__name__)
SEED = 1
# Plans depend on iterations alone; the time limit is a safety for crowded machines.
ITERATIONS = 20_000
ITERATIONS_PER_MEETING = 1_000
MOST_ITERATIONS = 2_000_000
PART_SECONDS = 60.0
# A part that hasn't come back by then never will; and how long a run waits for all of its parts.
PATIENCE = timedelta(seconds=2 * PART_SECONDS)
RUN_SECONDS = 8 * 60.0
LEFT_BEHIND = timedelta(hours=1)
POLL_SECONDS = 0.5


class Outcome(NamedTuple):
    """`solution`: None where a part has none; `problem`: a word for what it lacks, or nothing."""

    solution: Mapping[Any, Any] | None
    problem: str = ""


def solve_here(parts: Sequence[Document]) -> list[Outcome]:
    """One after the other, with nothing stored. Raises what a part raises."""
    return [_solved(part) for part in parts]


def share_out(run: OptimizationRun, parts: Sequence[Document]) -> list[Outcome]:
    """Solve the parts with all workers that are free. A part that failed or is late has no solution."""
    with current.transaction():
        # What workers that died have left; another run may be under way.
        OptimizationPart.objects.filter(run__created_at__lt=clock.now() - LEFT_BEHIND).delete()
        rows = OptimizationPart.objects.bulk_create(
            OptimizationPart(run=run, number=number, instance=dict(part)) for number, part in enumerate(parts)
        )
        transaction.on_commit(lambda: tasks.start_parts([row.pk for row in rows]))
    try:
        _help(run)
        with current.transaction():
            return [_outcome(row) for row in OptimizationPart.objects.filter(run=run).order_by("number")]
    finally:
        with current.transaction():
            OptimizationPart.objects.filter(run=run).delete()


def carry_out(part_id: UUID) -> None:
    """Solve a part that nobody has taken; once its run is over, there is none."""
    with current.transaction():
        mine = OptimizationPart.objects.filter(pk=part_id, state=OptimizationPart.State.QUEUED)
        if not mine.update(state=OptimizationPart.State.RUNNING, claimed_at=clock.now()):
            return
        instance: Mapping[str, Any] = OptimizationPart.objects.get(pk=part_id).instance
    try:
        found = _solved(instance)
    except Exception:
        _save(part_id, OptimizationPart.State.FAILED, Outcome(None))
        raise
    _save(part_id, OptimizationPart.State.DONE, found)


def _solved(part: Document) -> Outcome:
    """The part's solution, as the independent scorer confirms it."""
    end = time.monotonic() + PART_SECONDS
    budget = ITERATIONS + ITERATIONS_PER_MEETING * independent_parts.movable_events(part)
    iterations = min(MOST_ITERATIONS, budget)
    found = solve(parse(part), seed=SEED, iterations=iterations, interrupted=lambda: time.monotonic() >= end)
    cut_short = time.monotonic() >= end
    solution = found.as_document()
    independent_parts.check(part, solution)
    return Outcome(solution, "part_cut_short" if cut_short else "")


def _save(part_id: UUID, state: str, found: Outcome) -> None:
    with current.transaction():
        row = OptimizationPart.objects.select_for_update().filter(pk=part_id).first()
        if row is not None:
            row.state, row.cut_short = state, bool(found.problem)
            row.solution = None if found.solution is None else {**found.solution}
            row.save(update_fields=["state", "cut_short", "solution"])


def _help(run: OptimizationRun) -> None:
    """Take parts as long as there are any, then wait for those that others have taken."""
    end = time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        with current.transaction():
            rows = OptimizationPart.objects.filter(run=run)
            queued = rows.filter(state=OptimizationPart.State.QUEUED).order_by("number").values_list("pk", flat=True)
            part_id = queued.first()
            running = rows.filter(state=OptimizationPart.State.RUNNING, claimed_at__gt=clock.now() - PATIENCE).exists()
        if part_id is not None:
            try:
                carry_out(part_id)
            except Exception:
                log.exception("A part of a run failed; its people stay as they are.")
        elif running:
            time.sleep(POLL_SECONDS)
        else:
            return


def _outcome(row: OptimizationPart) -> Outcome:
    if row.state == OptimizationPart.State.DONE:
        return Outcome(row.solution, "part_cut_short" if row.cut_short else "")
    return Outcome(None, "part_failed" if row.state == OptimizationPart.State.FAILED else "part_late")
