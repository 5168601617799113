"""Small random instances against trying everything: the same score, status optimal, the bound equal to the score.

`python -m benchmarks.bars.exhaustive [COUNT] [FIRST SEED]`; 300 of them by default. The rival is the tests' judge,
which shares no code with the engine. Prints the seeds that fail and the share of those that hold.
"""

from __future__ import annotations

import sys
import time

from scheduling.engine.instance import parse
from scheduling.engine.solution import Solution
from scheduling.engine.solve import Infeasible, solve
from tests.scheduling.engine.judge import Document, best_score, judge
from tests.scheduling.engine.small import small

ITERATIONS = 20_000


def failure(seed: int) -> str:
    """What is wrong with the engine's answer to the instance of that seed; nothing where all holds."""
    document = small(seed)
    best = best_score(document)
    try:
        found = solve(parse(document), seed=seed, iterations=ITERATIONS)
    except Infeasible as refused:
        return f"{refused} although nothing has to be placed"
    return shortfall(document, found, best)


def shortfall(document: Document, found: Solution, best: float | None) -> str:
    """What a plan lacks: valid, worth what it says, the best there is, and proved to be."""
    judged = judge(document, found.as_document())
    if judged.errors:
        return f"breaks a rule: {judged.errors[0]}"
    if abs(judged.total - found.score) > 0.001:
        return f"says {found.score}, is worth {judged.total}"
    if best is None or abs(found.score - best) > 0.001:
        return f"finds {found.score}, the best is {best}"
    if found.status != "optimal" or found.bound != found.score:
        return f"{found.status}, score {found.score}, bound {found.bound}"
    return ""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    held, began = 0, time.process_time()
    for seed in range(first, first + count):
        wrong = failure(seed)
        held += not wrong
        if wrong:
            print(f"seed {seed}: {wrong}", flush=True)
    print(f"{held} of {count} equal trying everything, proved optimal ({held / count:.1%}); ", end="")
    print(f"{time.process_time() - began:.0f} s of processor time")


if __name__ == "__main__":
    main()
