"""300, 1,000, 3,000 and 10,000 people: what a plan takes, how much of a longer run's gain it has, how both grow.

`python -m benchmarks.bars.scale [--people 300 1000 3000 10000] [--seconds 60] [--long 600] [--seed 5]`. Validity is
the judge's word. *t95* is the time from loading until the plan has 95 % of its final gain; *growth* divides its ratio
to the row above by the ratio of n log n, so that at most 1 is asked. *share*: gain against the long run (0: none).
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path

from benchmarks.bars.command import optimize, read
from benchmarks.companies import company
from scheduling.engine.command import warm_up
from tests.scheduling.engine.judge import judge

SIZES = (300, 1_000, 3_000, 10_000)
GIGABYTE = 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--long", type=float, default=600.0, help="seconds of the run compared with; 0: none")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    warm_up()
    columns = f"{'wall s':>7} {'cpu s':>7} {'GB':>5} {'valid':>5} {'gain':>12} {'t95 s':>6} {'growth':>6} {'share':>6}"
    print(f"{'people':>7} {columns}")
    earlier: tuple[int, float] | None = None
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in.json"), Path(folder, "out.json")
        for people in options.people:
            source.write_text(json.dumps(company(people, seed=options.seed)))
            done = optimize(source, out, "--seconds", str(options.seconds), "--json-progress")
            if done.status:
                raise SystemExit(f"{people} people: exit {done.status}: {done.stderr}")
            answer = read(out)
            gain = answer["score"] - answer["before"]
            valid = "no" if judge(read(source), answer).errors else "yes"
            reached = _time_to(0.95, answer["before"], gain, done.stdout)
            growth = math.nan if earlier is None else reached / earlier[1] / (_work(people) / _work(earlier[0]))
            share = math.nan if not options.long else gain / _long_gain(source, out, options.long)
            print(
                f"{people:7,} {done.seconds:7.1f} {done.cpu:7.1f} {done.peak_bytes / GIGABYTE:5.2f} {valid:>5}"
                f" {gain:12,.1f} {reached:6.1f} {growth:6.2f} {share:6.1%}",
                flush=True,
            )
            earlier = people, reached


def _work(people: int) -> float:
    return people * math.log(people)


def _time_to(share: float, before: float, gain: float, lines: str) -> float:
    """Seconds after loading until the plan told had that share of the final gain; NaN where none told had."""
    for line in map(json.loads, lines.splitlines()):
        if line["score"] - before >= share * gain:
            return float(line["t_ms"]) / 1000
    return math.nan


def _long_gain(source: Path, out: Path, seconds: float) -> float:
    optimize(source, out, "--seconds", str(seconds))
    answer = read(out)
    return float(answer["score"] - answer["before"])


if __name__ == "__main__":
    main()
