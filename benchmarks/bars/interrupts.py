"""SIGTERM and SIGINT at random moments after the first second: exit 0 and a valid plan each time.

`python -m benchmarks.bars.interrupts [TIMES] [PEOPLE]`; 50 times, 100 people by default.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bars.command import CHECKOUT, read
from benchmarks.companies import company
from tests.scheduling.engine.judge import Document, judge

LONGEST = 8.0  # seconds until the signal; the run would take 20


def interrupted(document: Document, folder: Path, after: float, number: int) -> tuple[str, float]:
    """(what is wrong with the answer, seconds from the signal to the end)."""
    source, out = folder / "in.json", folder / "out.json"
    out.unlink(missing_ok=True)
    source.write_text(json.dumps(document))
    command = [sys.executable, "-m", "scheduling.engine", str(source), "--out", str(out), "--seconds", "20"]
    with subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(after)
        process.send_signal(number)
        sent = time.monotonic()
        _, stderr = process.communicate(timeout=120)
        seconds = time.monotonic() - sent
    if process.returncode != 0 or stderr:
        return f"exit {process.returncode}: {stderr[-300:]}", seconds
    errors = judge(document, read(out)).errors
    return (f"breaks a rule: {errors[0]}" if errors else ""), seconds


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    people = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    rng, valid, slowest = random.Random(1), 0, 0.0
    document = company(people, seed=3)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            after, number = rng.uniform(1.0, LONGEST), rng.choice((signal.SIGTERM, signal.SIGINT))
            wrong, seconds = interrupted(document, Path(folder), after, number)
            valid, slowest = valid + (not wrong), max(slowest, seconds)
            if wrong:
                print(f"{number.name} after {after:.2f} s: {wrong}", flush=True)
    print(f"{valid} of {times} interrupts left a valid plan ({valid / times:.1%}); at most {slowest:.1f} s to the end")


if __name__ == "__main__":
    main()
