"""Ten people, 1,000 iterations, from process start to the written answer: at most 1.5 s with warm caches.

`python -m benchmarks.bars.startup [RUNS]`, for `manage.py optimize_instance` and `python -m scheduling.engine`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.bars.command import optimize
from benchmarks.companies import company
from scheduling.engine.command import warm_up

MOST_SECONDS = 1.5


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in.json"), Path(folder, "out.json")
        source.write_text(json.dumps(company(10, seed=1)))
        for program in ("manage.py", "engine"):
            done = [optimize(source, out, "--iterations", "1000", program=program) for _ in range(runs)]
            wall, cpu = sorted(one.seconds for one in done), sorted(one.cpu for one in done)
            print(
                f"{program:10} median {wall[runs // 2]:.2f} s of wall time, {cpu[runs // 2]:.2f} s of processor time;"
                f" {wall[runs // 2] / MOST_SECONDS:.0%} of the {MOST_SECONDS} s allowed"
            )


if __name__ == "__main__":
    main()
