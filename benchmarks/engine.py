"""How much of what is possible at most the engine finds in a few seconds, against today's calendar.

`python -m benchmarks.engine [SECONDS]`. Baseline: nothing moved, the best lunches (`before`). The last column is
(score - before) / (bound - before), a lower limit of the share that was found.
"""

import sys

from scheduling.engine.instance import parse
from scheduling.engine.solve import solve
from tests.scheduling.engine.instances import instance

SIZES = (10, 20, 40, 100)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    print(f"{'people':>6} {'movable':>8} {'before':>10} {'score':>10} {'bound':>10} {'found':>6}")
    for size in SIZES:
        document = instance(size, seed=1)
        found = solve(parse(document), seed=1, seconds=seconds)
        before, bound = found.before or 0.0, found.bound or found.score
        share = (found.score - before) / (bound - before) if bound > before else 1.0
        movable = sum(event["movable"] is not None for event in document["events"])
        print(f"{size:>6} {movable:>8} {before:>10,.0f} {found.score:>10,.0f} {bound:>10,.0f} {share:>6.0%}")


if __name__ == "__main__":
    main()
