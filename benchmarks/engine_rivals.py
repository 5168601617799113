"""The engine against two rivals on companies of every scenario, in one run.

`python -m benchmarks.engine_rivals [--people 10 20] [--scenarios company dst] [--seed 2] [--seconds 10 60]
[--rival-seconds 100]`. The rivals: an exact CP-SAT model of the whole problem (two workers), and a plain simulated
annealing (one core). *ratio* is the engine's gain over `before` against that of the better rival, after the shorter and
after the longer time; it should be at least 1. *gap* is (bound - score) / (bound - before) after the longer one.
"""

from __future__ import annotations

import argparse
import math

from benchmarks.companies import ZONES, company
from benchmarks.rivals.annealing import anneal
from benchmarks.rivals.exact import solve_exactly
from benchmarks.rivals.found import Found
from scheduling.engine.instance import parse
from scheduling.engine.solution import Solution
from scheduling.engine.solve import solve

COLUMNS = ("instance", "before", "soon", "later", "status", "gap", "annealing", "exact", "its gap", "ratio", "later")
ROW = "{:18} {:>12} {:>12} {:>12} {:>8} {:>6} {:>12} {:>12} {:>7} {:>7} {:>7}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[10, 20, 40, 60, 100])
    parser.add_argument("--scenarios", nargs="+", choices=sorted(ZONES), default=sorted(ZONES))
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--seconds", type=float, nargs=2, default=[10.0, 60.0])
    parser.add_argument("--rival-seconds", type=float, default=100.0)
    parser.add_argument("--no-exact", action="store_true", help="leave the exact model out")
    options = parser.parse_args()
    print(ROW.format(*COLUMNS), flush=True)
    for people in options.people:
        for scenario in options.scenarios:
            instance = parse(company(people, seed=options.seed, scenario=scenario))
            soon, later = (solve(instance, seed=1, seconds=seconds, workers=2) for seconds in options.seconds)
            plain = anneal(instance, options.rival_seconds, seed=1)
            exact = Found(-math.inf) if options.no_exact else solve_exactly(instance, options.rival_seconds)
            print(_row(soon, later, plain, exact), flush=True)


def _row(soon: Solution, later: Solution, plain: Found, exact: Found) -> str:
    before, best = later.before or 0.0, max(plain.score, exact.score)
    ratios = [(found.score - before) / (best - before) if best > before else 1.0 for found in (soon, later)]
    return ROW.format(
        later.instance,
        *(f"{score:,.2f}" for score in (before, soon.score, later.score)),
        later.status,
        _gap(before, later.score, later.bound),
        f"{plain.score:,.2f}",
        f"{exact.score:,.2f}" if math.isfinite(exact.score) else "-",
        _gap(before, exact.score, exact.bound),
        *(f"{ratio:.4f}" for ratio in ratios),
    )


def _gap(before: float, reached: float, bound: float | None) -> str:
    if bound is None or not math.isfinite(bound) or not math.isfinite(reached):
        return "-"
    return f"{(bound - reached) / (bound - before):.1%}" if bound > before else "0.0%"


if __name__ == "__main__":
    main()
