"""What a solution means: its ids turned back into meetings, people and holds."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from scheduling import holds, summary
from scheduling.eligibility import Status
from scheduling.facts import Copy, Occurrence
from scheduling.holds import PlannedHold
from scheduling.intervals import Interval
from scheduling.models.proposal import MoveReason
from scheduling.problem import Problem


@dataclass(frozen=True)
class PlannedMove:
    """One meeting at another time, through which copy it is written, and what it brings."""

    occurrence: Occurrence
    copy: Copy
    start: datetime
    end: datetime
    gain: float
    reason: MoveReason


@dataclass(frozen=True)
class PlannedStay:
    """A flexible meeting that stays. `blockers`: ids of events and members, as the reason has them."""

    occurrence: Occurrence
    reason: str
    blockers: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    moves: tuple[PlannedMove, ...]
    holds: tuple[PlannedHold, ...]
    stays: tuple[PlannedStay, ...]
    score_before: float
    score: float
    bound: float | None
    status: str

    @property
    def places(self) -> dict[bytes, Interval]:
        """Where the moved meetings will be, by index."""
        return {move.occurrence.meeting_index: (move.start, move.end) for move in self.moves}

    @property
    def plan_hash(self) -> str:
        """Equal for equal plans, whatever ids our rows have (F18)."""
        content = {
            "moves": sorted([m.copy.google_id, _text(m.start), _text(m.end)] for m in self.moves),
            "holds": sorted([str(h.member_id), h.kind, h.action, _text(h.start), _text(h.end)] for h in self.holds),
        }
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def read(problem: Problem, solution: Mapping[str, Any], *, only: UUID | None = None) -> Plan:
    """`only`: hold changes of this member alone."""
    moves = _moves(problem, solution)
    return Plan(
        moves=moves,
        holds=tuple(_holds(problem, solution, moves, only)),
        stays=tuple(_stays(problem, solution)),
        score_before=float(solution["before"]),
        score=float(solution["score"]),
        bound=None if solution["bound"] is None else float(solution["bound"]),
        status=str(solution["status"]),
    )


def _moves(problem: Problem, solution: Mapping[str, Any]) -> tuple[PlannedMove, ...]:
    places = {key: _place(problem, key, change["start"]) for key, change in solution["events"].items()}
    busy = summary.busy_with(problem.facts, {problem.events[key].meeting_index: place for key, place in places.items()})
    return tuple(
        _move(problem, key, place, solution["explanations"]["moves"].get(key, {}), busy)
        for key, place in sorted(places.items(), key=lambda item: item[1])
        if place != problem.events[key].interval
    )


def _place(problem: Problem, key: str, start: int) -> Interval:
    occurrence = problem.events[key]
    begins = problem.instant(start)
    return begins, begins + (occurrence.end - occurrence.start)


def _move(problem: Problem, key: str, place: Interval, told: Mapping[str, Any], busy: summary.Busy) -> PlannedMove:
    candidate = problem.candidates[key]
    change = summary.effect(problem.facts, candidate.occurrence, candidate.occurrence.interval, place, busy)
    gains = {key: float(gain) for key, gain in told.get("by_person", {}).items()}
    # Of colleagues known by free/busy alone there is nothing to gain.
    by_person = {str(problem.people[key]): gain for key, gain in gains.items() if key in problem.people}
    reason = MoveReason(
        by_person=by_person,
        conflicts_solved=max(0, -change.conflicts),
        focus_minutes=change.focus_minutes,
        lunches=change.lunches,
    )
    return PlannedMove(candidate.occurrence, candidate.copy, *place, float(told.get("gain", 0.0)), reason)


def _holds(
    problem: Problem, solution: Mapping[str, Any], moves: tuple[PlannedMove, ...], only: UUID | None
) -> list[PlannedHold]:
    final = {move.occurrence.meeting_index: (move.start, move.end) for move in moves}
    keys = {member_id: key for key, member_id in problem.people.items()}
    busy: dict[UUID, list[Interval]] = {member_id: [] for member_id in keys}
    for occurrence in problem.facts.occurrences:
        for member_id in problem.facts.attending(occurrence):
            busy[member_id].append(final.get(occurrence.meeting_index, occurrence.interval))
    found = []
    for member_id, person in problem.facts.people.items():
        if only is None or member_id == only:
            lunches = [
                (problem.instant(a), problem.instant(b)) for a, b in solution["lunches"].get(keys[member_id], ())
            ]
            found += holds.plan(person, problem.facts, problem.horizon, busy=busy[member_id], lunches=lunches)
    return found


def _stays(problem: Problem, solution: Mapping[str, Any]) -> list[PlannedStay]:
    """Those that the rules keep in place, and those for which the engine found nothing better."""
    ruled = [PlannedStay(o, _ruled_reason(status), tuple(map(str, status.blockers))) for o, status in problem.stays]
    weighed = [
        PlannedStay(problem.events[key], f"engine:{told['reason']}", _blockers(problem, told["blockers"]))
        for key, told in solution["explanations"]["stays"].items()
        if key in problem.candidates
    ]
    return [*ruled, *weighed]


def _ruled_reason(status: Status) -> str:
    return f"{status.state}:{status.reason}"


def _blockers(problem: Problem, keys: list[str]) -> tuple[str, ...]:
    """Ids of events (of their first copy) and of members."""
    found = []
    for key in keys:
        if key in problem.events:
            found.append(str(problem.events[key].copies[0].event_id))
        elif key in problem.people:
            found.append(str(problem.people[key]))
    return tuple(found)


def _text(at: datetime) -> str:
    return at.isoformat()
