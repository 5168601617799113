"""Runs the optimizer for the current organization: load, leave, solve, check, save.

The engine comes along, with a compiler: workers and commands import this, the web asks by `run_requests`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from calendars.models import Event
from clockwise import clock
from clockwise.organizations import rules
from clockwise.tenancy import current
from scheduling import checking, facts, independent_parts, part_runs, plan, problem, run_requests
from scheduling.independent_parts import Document, PartRefused
from scheduling.models import HoldChange, Move, OptimizationRun, Proposal, Stay
from scheduling.part_runs import Outcome
from scheduling.plan import Plan
from scheduling.problem import Problem


def execute(run_id: UUID) -> Proposal | None:
    """Carry out a queued run and store its proposal; None when somebody else has it, or when it failed.

    Opens its own transactions: the optimizer works outside them.
    """
    run = _claim(run_id)
    if run is None:
        return None
    try:
        found = _load(run.first_day, run.only_holds_of_id)
        parts = independent_parts.divide(found.document)
        outcomes = part_runs.share_out(run, parts) if _is_worth_sharing(parts) else part_runs.solve_here(parts)
        made = _checked(found, parts, outcomes, run.only_holds_of_id)
        with current.transaction():
            return _store(run, made, _left_out(outcomes))
    except (checking.PlanRefused, PartRefused):
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
    parts = independent_parts.divide(found.document)
    return _checked(found, parts, part_runs.solve_here(parts), only_holds_of)


def _claim(run_id: UUID) -> OptimizationRun | None:
    with current.transaction():
        queued = OptimizationRun.objects.filter(pk=run_id, state=OptimizationRun.State.QUEUED)
        if not queued.update(state=OptimizationRun.State.RUNNING):
            return None
        return OptimizationRun.objects.get(pk=run_id)


def _load(first: date, only_holds_of: UUID | None) -> Problem:
    """Under the organization's rules as they are now: freeze, window, words."""
    with current.transaction():
        settled = rules.current()
        horizon = problem.horizon(first, settled)
        known = facts.load(*horizon.instants, only=[only_holds_of] if only_holds_of else None)
    return problem.build(known, horizon, freeze=settled.freeze, only_holds=only_holds_of is not None)


def _is_worth_sharing(parts: Sequence[Document]) -> bool:
    return sum(independent_parts.movable_events(part) > 0 for part in parts) > 1


def _checked(
    found: Problem, parts: Sequence[Document], outcomes: Sequence[Outcome], only_holds_of: UUID | None
) -> Plan:
    """The parts' solutions as one plan that breaks no rule. Raises PartRefused, PlanRefused."""
    solved = [outcome.solution for outcome in outcomes if outcome.solution is not None]
    if not solved:
        raise PartRefused("no part has a solution")
    together = independent_parts.put_together(found.document, solved, all_of_them=len(solved) == len(parts))
    made = plan.read(found, together, only=only_holds_of)
    unsolved = [part for part, outcome in zip(parts, outcomes, strict=True) if outcome.solution is None]
    left = {found.people.get(key) for key in independent_parts.people_of(unsolved)}
    made = replace(made, holds=tuple(hold for hold in made.holds if hold.member_id not in left))
    checking.check(made, found)
    return made


def _left_out(outcomes: Sequence[Outcome]) -> str:
    """The worst that befell a part, in a word."""
    problems = {outcome.problem for outcome in outcomes}
    return next((word for word in ("part_failed", "part_late", "part_cut_short") if word in problems), "")


def _store(run: OptimizationRun, made: Plan, left_out: str) -> Proposal:
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
    _finish(run, at, left_out)
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


def _finish(run: OptimizationRun, at: datetime, left_out: str) -> None:
    run.state, run.finished_at, run.problem = OptimizationRun.State.DONE, at, left_out
    run.save(update_fields=["state", "finished_at", "problem"])


def _fail(run: OptimizationRun, problem_word: str) -> None:
    with current.transaction():
        OptimizationRun.objects.filter(pk=run.pk).update(
            state=OptimizationRun.State.FAILED, finished_at=clock.now(), problem=problem_word
        )
