"""Checks a plan against the rules before it is stored, from the facts and without the engine's code.

A plan that breaks one is refused whole: better no proposal than a wrong one.
"""

from scheduling.checking import focus, holds, moves
from scheduling.checking.taken import taken
from scheduling.plan import Plan
from scheduling.problem import Problem

ROUNDING = 0.01


class PlanRefused(Exception):
    """`broken`: each broken rule, by word and id."""

    def __init__(self, broken: list[str]) -> None:
        super().__init__("; ".join(broken[:5]))
        self.broken = broken


def check(plan: Plan, problem: Problem) -> None:
    """Raises PlanRefused."""
    before, after = taken(problem, {}), taken(problem, plan.places)
    broken = [
        *moves.broken(plan, problem, after),
        *focus.broken(plan, problem, before, after),
        *holds.broken(plan, problem, after),
    ]
    if plan.bound is not None and plan.bound < plan.score - ROUNDING:
        broken.append("bound below score")
    if broken:
        raise PlanRefused(broken)
