"""Focus time and lunches: inside the person's hours and over nothing else, with every meeting at its final place."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import chain, pairwise
from uuid import UUID

from scheduling.checking.taken import Taken
from scheduling.days import work_days
from scheduling.facts import Person
from scheduling.holds import PlannedHold
from scheduling.intervals import MINUTE, Interval, inside, overlap
from scheduling.models import Hold, HoldChange
from scheduling.plan import Plan
from scheduling.problem import STEP, Problem

DAY = timedelta(days=1)
SHORTEST_FOCUS = 60 * MINUTE


def broken(plan: Plan, problem: Problem, after: Taken) -> Iterator[str]:
    """Each broken rule, with the member's id."""
    changes: defaultdict[UUID, list[PlannedHold]] = defaultdict(list)
    for change in plan.holds:
        changes[change.member_id].append(change)
    for member_id, own in changes.items():
        new = [change for change in own if change.action != HoldChange.Action.DELETE]
        rules = (
            *chain.from_iterable(_of_itself(hold, problem, after) for hold in new),
            *_with_other_holds(own, new, problem),
        )
        yield from (f"{rule} {member_id}" for rule in rules)
    yield from _under_moves(plan, problem)


def _under_moves(plan: Plan, problem: Problem) -> Iterator[str]:
    """A meeting goes nowhere where a hold stays; focus time that has begun gives way to it."""
    leaving = {change.hold.hold_id for change in plan.holds if change.hold}
    for hold in problem.facts.holds:
        if hold.is_placed and hold.start > problem.facts.at and hold.hold_id not in leaving:
            there = (move for move in plan.moves if overlap(hold.interval, (move.start, move.end)))
            if any(hold.member_id in problem.facts.attending(move.occurrence) for move in there):
                yield f"meeting over a hold that stays {hold.member_id}"


def _of_itself(hold: PlannedHold, problem: Problem, after: Taken) -> Iterator[str]:
    person = problem.facts.people[hold.member_id]
    if hold.start < problem.facts.at or hold.date < problem.horizon.day:
        yield f"{hold.kind} in the past"
    if any(at.minute * MINUTE % STEP or at.second for at in hold.interval):
        yield f"{hold.kind} off the grid"
    if any(overlap(hold.interval, place) for _, place in after.people[hold.member_id]):
        yield f"{hold.kind} over an event"
    if hold.kind == Hold.Kind.LUNCH:
        yield from _lunch(hold, person)
    else:
        yield from _focus(hold, person)


def _lunch(hold: PlannedHold, person: Person) -> Iterator[str]:
    windows = [day.lunch for day in work_days(person, hold.date, hold.date + DAY) if day.lunch]
    if not inside(hold.interval, windows):
        yield "lunch outside its window"
    lunch = person.lunch
    if lunch is None or not lunch.min_minutes <= (hold.end - hold.start) // MINUTE <= lunch.ideal_minutes:
        yield "lunch too short or too long"


def _focus(hold: PlannedHold, person: Person) -> Iterator[str]:
    days = work_days(person, hold.date - DAY, hold.date + DAY)
    if not any(inside(hold.interval, day.working) for day in days):
        yield "focus time outside working hours"
    if hold.end - hold.start < SHORTEST_FOCUS:
        yield "focus time too short"


def _with_other_holds(own: Sequence[PlannedHold], new: Sequence[PlannedHold], problem: Problem) -> Iterator[str]:
    """The new ones lie over none that stays, nor over each other."""
    leaving = {change.hold.hold_id for change in own if change.hold}
    staying = [
        hold.interval
        for hold in problem.facts.holds
        if hold.member_id == own[0].member_id and hold.is_placed and hold.hold_id not in leaving
    ]
    places: list[Interval] = sorted(hold.interval for hold in new)
    if any(one[1] > other[0] for one, other in pairwise(places)):
        yield "holds overlap"
    if any(overlap(place, there) for place in places for there in staying):
        yield "hold over another that stays"
