"""Runs the optimizer for the current organization: load, leave, solve, check, save.

The engine comes along, with a compiler: workers and commands import this, the web asks by `run_requests`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from calendars.models import Event
from clockwise import clock
from clockwise.organizations import rules
from clockwise.tenancy import current
from scheduling import checking, facts, plan, problem, run_requests
from scheduling.engine.instance import parse
from scheduling.engine.solve import solve
from scheduling.models import HoldChange, Move, OptimizationRun, Proposal, Stay
from scheduling.plan import Plan
from scheduling.problem import Problem

SEED = 1
# Plans depend on iterations alone; the time limit is a safety for crowded machines.
ITERATIONS = 20_000
ITERATIONS_PER_MEETING = 1_000
MOST_ITERATIONS = 2_000_000
MOST_SECONDS = 60.0


def execute(run_id: UUID) -> Proposal | None:
    """Carry out a queued run and store its proposal; None when somebody else has it, or when it failed.

    Opens its own transactions: the optimizer works outside them.
    """
    run = _claim(run_id)
    if run is None:
        return None
    try:
        found, made = _solve(run)
        with current.transaction():
            return _store(run, found, made)
    except checking.PlanRefused:
        _fail(run, "plan_refused")
        raise
    except Exception:
        _fail(run, "error")
        raise


def compute(*, day: date | None = None, only_holds_of: UUID | None = None) -> Plan:
    """The plan that a run would store, with nothing written anywhere."""
    with current.transaction():
        first = day or run_requests.today()
    found = _load(first, only_holds_of)
    return _checked(found, only_holds_of)


def _claim(run_id: UUID) -> OptimizationRun | None:
    with current.transaction():
        queued = OptimizationRun.objects.filter(pk=run_id, state=OptimizationRun.State.QUEUED)
        if not queued.update(state=OptimizationRun.State.RUNNING):
            return None
        return OptimizationRun.objects.get(pk=run_id)


def _solve(run: OptimizationRun) -> tuple[Problem, Plan]:
    found = _load(run.first_day, run.only_holds_of_id)
    return found, _checked(found, run.only_holds_of_id)


def _load(first: date, only_holds_of: UUID | None) -> Problem:
    """Under the organization's rules as they are now: freeze, window, words."""
    with current.transaction():
        settled = rules.current()
        horizon = problem.horizon(first, settled)
        known = facts.load(*horizon.instants, only=[only_holds_of] if only_holds_of else None)
    return problem.build(known, horizon, freeze=settled.freeze, only_holds=only_holds_of is not None)


def _checked(found: Problem, only_holds_of: UUID | None) -> Plan:
    iterations = min(MOST_ITERATIONS, ITERATIONS + ITERATIONS_PER_MEETING * len(found.candidates))
    solution = solve(parse(found.document), seed=SEED, iterations=iterations, seconds=MOST_SECONDS)
    document: Mapping[str, Any] = solution.as_document()
    made = plan.read(found, document, only=only_holds_of)
    checking.check(made, found)
    return made


def _store(run: OptimizationRun, found: Problem, made: Plan) -> Proposal:
    """Older open proposals of the same kind give way; the rows are written in bulk."""
    at = clock.now()
    older = Proposal.objects.filter(state=Proposal.State.OPEN, run__only_holds_of=run.only_holds_of_id)
    older.update(state=Proposal.State.SUPERSEDED)
    proposal = Proposal.objects.create(
        run=run,
        plan_hash=made.plan_hash,
        engine_status=made.status,
        score_before=made.score_before,
        score=made.score,
        bound=made.bound,
        created_at=at,
    )
    events = {event.pk: event for event in Event.objects.filter(pk__in=[m.copy.event_id for m in made.moves])}
    Move.objects.bulk_create(
        Move(
            proposal=proposal,
            event=events[move.copy.event_id],
            etag=move.copy.etag,
            old_start=move.occurrence.start,
            old_end=move.occurrence.end,
            start=move.start,
            end=move.end,
            gain=move.gain,
            reason=move.reason,
        )
        for move in made.moves
        if move.copy.event_id in events
    )
    _store_holds(proposal, made)
    _store_stays(proposal, made)
    _finish(run, at)
    return proposal


def _store_holds(proposal: Proposal, made: Plan) -> None:
    HoldChange.objects.bulk_create(
        HoldChange(
            proposal=proposal,
            member_id=change.member_id,
            action=change.action,
            kind=change.kind,
            hold_id=change.hold.hold_id if change.hold else None,
            start=change.start,
            end=change.end,
            old_start=change.hold.start if change.hold else None,
            old_end=change.hold.end if change.hold else None,
        )
        for change in made.holds
    )


def _store_stays(proposal: Proposal, made: Plan) -> None:
    Stay.objects.bulk_create(
        Stay(
            proposal=proposal,
            event_id=stay.occurrence.copies[0].event_id,
            reason=stay.reason,
            blockers=list(stay.blockers),
        )
        for stay in made.stays
        if stay.occurrence.copies
    )


def _finish(run: OptimizationRun, at: datetime) -> None:
    run.state, run.finished_at = OptimizationRun.State.DONE, at
    run.save(update_fields=["state", "finished_at"])


def _fail(run: OptimizationRun, problem_word: str) -> None:
    with current.transaction():
        OptimizationRun.objects.filter(pk=run.pk).update(
            state=OptimizationRun.State.FAILED, finished_at=clock.now(), problem=problem_word
        )
