"""The fairness guard (F22): no move costs anybody more of a week's focus time than is allowed.

Focus time is measured as docs/engine.md has it, lunches that a plan may still place left out.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from uuid import UUID

from scheduling.checking.taken import Taken
from scheduling.days import WEEK, WorkDay, work_days
from scheduling.facts import Person
from scheduling.intervals import MINUTE, Interval, overlap, subtract
from scheduling.plan import Plan
from scheduling.problem import FOCUS_DROP, Problem

SHORTEST, BLOCK = 60, 120  # minutes
SHORT_SHARE = 0.5
SIDE_BONUS = 0.1
ROUNDING = 0.01


def broken(plan: Plan, problem: Problem, before: Taken, after: Taken) -> Iterator[str]:
    """Each person, by id, who would lose more of a week's focus than FOCUS_DROP minutes."""
    for member_id in sorted(_touched(plan, problem)):
        person = problem.facts.people[member_id]
        for week in range(problem.horizon.weeks):
            monday = problem.horizon.monday + week * WEEK
            days = work_days(person, monday, monday + WEEK)
            was, will = (
                sum(_focus(person, day, [place for _, place in there.people[member_id]]) for day in days)
                for there in (before, after)
            )
            if was - will > FOCUS_DROP + ROUNDING:
                yield f"focus drop {member_id}"


def _touched(plan: Plan, problem: Problem) -> set[UUID]:
    return {member_id for move in plan.moves for member_id in problem.facts.attending(move.occurrence)}


def _focus(person: Person, day: WorkDay, busy: Iterable[Interval]) -> float:
    """What the day's free stretches are worth, in minutes."""
    there = [place for place in busy if overlap(place, day.span)]
    return sum(_worth(person, day, free) for free in subtract(day.working, there))


def _worth(person: Person, day: WorkDay, free: Interval) -> float:
    start, end = _up(free[0] - day.noon), (free[1] - day.noon) // MINUTE
    length = end - start
    if length < SHORTEST:
        return 0.0
    mornings, afternoons = min(end, 0) - min(start, 0), max(end, 0) - max(start, 0)
    preferred = {"morning": mornings, "afternoon": afternoons}.get(person.focus_side, 0)
    return length * (1 if length >= BLOCK else SHORT_SHARE) + SIDE_BONUS * preferred


def _up(length: timedelta) -> int:
    """Whole minutes, rounded up: what begins with odd seconds lasts to the next minute."""
    return -(-length // MINUTE)
