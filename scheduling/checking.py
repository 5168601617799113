"""Checks a plan against the rules before it is stored, from the facts and without the engine's code.

A plan that breaks one is refused whole: better no proposal than a wrong one.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from scheduling.eligibility import State, is_frozen, status
from scheduling.facts import Occurrence
from scheduling.hours import DAY_MINUTES, Hours, instant, local_date, meeting_on, monday_of
from scheduling.intervals import Interval, inside, overlap, subtract, union
from scheduling.models import Flexibility
from scheduling.plan import Plan, PlannedMove
from scheduling.problem import Problem, organizer_of

GRID_MINUTES = 15


class PlanRefused(Exception):
    """`broken`: each broken rule, by word and id."""

    def __init__(self, broken: list[str]) -> None:
        super().__init__("; ".join(broken[:5]))
        self.broken = broken


def check(plan: Plan, problem: Problem) -> None:
    """Raises PlanRefused."""
    broken = [*_meetings(plan, problem), *_holds(plan)]
    if plan.bound is not None and plan.bound < plan.score - 0.01:
        broken.append("bound below score")
    if broken:
        raise PlanRefused(broken)


def _meetings(plan: Plan, problem: Problem) -> Iterator[str]:
    final = {move.occurrence.meeting_index: (move.start, move.end) for move in plan.moves}
    busy, busy_colleagues = _busy(problem, final), _busy_colleagues(problem, final)
    for move in plan.moves:
        name = str(move.copy.event_id)
        yield from (f"{rule} {name}" for rule in _of_itself(move, problem))
        for member_id in problem.facts.attending(move.occurrence):
            person = problem.facts.people[member_id]
            if not inside((move.start, move.end), _meeting_hours(person.hours, person.away, move)):
                yield f"meeting hours {name}"
            others = [place for other, place in busy[member_id] if other is not move.occurrence]
            if any(overlap((move.start, move.end), other) for other in others):
                yield f"overlap {name}"
        yield from (f"{rule} {name}" for rule in _with_colleagues(move, problem, busy_colleagues))


def _with_colleagues(
    move: PlannedMove, problem: Problem, busy: dict[str, list[tuple[Occurrence | None, Interval]]]
) -> Iterator[str]:
    """Those known by free/busy alone are free there too."""
    place = (move.start, move.end)
    for colleague in problem.facts.colleagues_at(move.occurrence):
        if not inside(place, _meeting_hours(colleague.hours, (), move)):
            yield "meeting hours"
        if move.end > colleague.known_until:
            yield "unknown time"
        others = [other for occurrence, other in busy[colleague.address] if occurrence is not move.occurrence]
        if any(overlap(place, other) for other in others):
            yield "overlap"


def _of_itself(move: PlannedMove, problem: Problem) -> Iterator[str]:
    """What holds for a move whatever else there is: consent, freeze, range, window, grid, length."""
    occurrence, facts = move.occurrence, problem.facts
    consent = facts.consent_for(occurrence)
    if consent is None or status(occurrence, facts, freeze=problem.freeze).state != State.ELIGIBLE:
        yield "not eligible"
        return
    if is_frozen(move.start, facts.at, problem.freeze):
        yield "frozen target"
    if move.end - move.start != occurrence.end - occurrence.start:
        yield "length"
    if move.start.minute % GRID_MINUTES or move.start.second:
        yield "grid"
    zone = organizer_of(occurrence, facts, move.copy).hours.zone
    was, will = local_date(occurrence.original, zone), local_date(move.start, zone)
    by_day = consent.range == Flexibility.Range.DAY
    first, days = (was, 1) if by_day else (monday_of(was), 7)
    if not instant(first, 0, zone) <= move.start < move.end <= instant(first, days * DAY_MINUTES, zone):
        yield "range"
    if consent.window and not instant(will, consent.window[0], zone) <= move.start < move.end <= instant(
        will, consent.window[1], zone
    ):
        yield "window"


def _meeting_hours(hours: Hours, away: Iterable[Interval], move: PlannedMove) -> list[Interval]:
    first = local_date(move.start, hours.zone)
    days = (first - timedelta(days=1), first, first + timedelta(days=1))
    return subtract(union(interval for day in days for interval in meeting_on(hours, day)), away)


def _busy(problem: Problem, final: dict[bytes, Interval]) -> dict[UUID, list[tuple[Occurrence, Interval]]]:
    busy: dict[UUID, list[tuple[Occurrence, Interval]]] = {member_id: [] for member_id in problem.facts.people}
    for occurrence in problem.facts.occurrences:
        for member_id in problem.facts.attending(occurrence):
            busy[member_id].append((occurrence, final.get(occurrence.meeting_index, occurrence.interval)))
    return busy


def _busy_colleagues(
    problem: Problem, final: dict[bytes, Interval]
) -> dict[str, list[tuple[Occurrence | None, Interval]]]:
    """By address: with meetings, where each will be, and with what we don't know."""
    busy: dict[str, list[tuple[Occurrence | None, Interval]]] = {
        address: [(None, interval) for interval in intervals]
        for address, intervals in problem.facts.otherwise_busy().items()
    }
    for occurrence in problem.facts.occurrences:
        for colleague in problem.facts.colleagues_at(occurrence):
            busy[colleague.address].append((occurrence, final.get(occurrence.meeting_index, occurrence.interval)))
    return busy


def _holds(plan: Plan) -> Iterator[str]:
    """No hold over another of the same person."""
    by_member: dict[UUID, list[Interval]] = {}
    for hold in plan.holds:
        if hold.action != "delete":
            by_member.setdefault(hold.member_id, []).append(hold.interval)
    for member_id, intervals in by_member.items():
        ordered = sorted(intervals)
        if any(one[1] > other[0] for one, other in pairwise(ordered)):
            yield f"holds overlap {member_id}"
