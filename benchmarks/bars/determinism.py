"""The same seed and iterations, one and two workers, one or several interpreters: identical plans.

`python -m benchmarks.bars.determinism [--runs 20] [--people 20] [--python OTHER/bin/python ...]`. Each run is a process
of its own. An interpreter named by `--python` needs the project's lock file installed (`make setup` in a copy of the
checkout, or a virtual environment anywhere).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.bars.command import optimize, read
from benchmarks.companies import company

TOLD = ("seconds",)  # the only thing that may differ


def plan(path: Path) -> str:
    """Everything in an answer but how long it took, reasons and bound included."""
    document = {key: value for key, value in read(path).items() if key not in TOLD}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:12]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=50_000)
    parser.add_argument("--python", action="append", default=[], help="another interpreter")
    options = parser.parse_args()
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in.json"), Path(folder, "out.json")
        source.write_text(json.dumps(company(options.people, seed=1, limits=True)))
        for python in (sys.executable, *options.python):
            version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.split()[
                1
            ]
            for workers in ("1", "2"):
                here: Counter[str] = Counter()
                for _ in range(options.runs):
                    words = ("--iterations", str(options.iterations), "--seed", "7", "--workers", workers)
                    done = optimize(source, out, *words, python=python)
                    here[plan(out) if done.status == 0 else f"exit {done.status}: {done.stderr[-200:]}"] += 1
                found += here
                print(f"Python {version}, {workers} worker(s), {options.runs} runs: {dict(here)}", flush=True)
    same = max(found.values())
    print(f"{same} of {found.total()} answers are identical ({same / found.total():.1%})")


if __name__ == "__main__":
    main()
