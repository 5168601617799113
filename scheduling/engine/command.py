"""The command line, shared by `manage.py optimize_instance` and `python -m scheduling.engine`.

Exit status: 0 written, 2 bad input, 3 a new meeting has no place.
"""

from __future__ import annotations

import argparse
import compileall
import gc
import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduling.engine.solve import Progress


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("instance", type=Path, metavar="IN.json", nargs="?")
    parser.add_argument("--out", type=Path, metavar="OUT.json")
    parser.add_argument("--seconds", type=float, help="wall time from process start to the written file")
    parser.add_argument("--iterations", type=int, help="tried moves; alone, there is no time limit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="the plan doesn't depend on it")
    parser.add_argument("--warm", type=Path, metavar="OUT.json", help="an earlier solution to start from")
    parser.add_argument("--changed", default="", help="ids of events that differ since, comma separated")
    parser.add_argument("--json-progress", action="store_true")
    parser.add_argument("--warm-up", action="store_true", help="compile the kernels and exit")


def run(options: argparse.Namespace, *, began: float, error: Callable[[str], object]) -> int:
    if options.warm_up:
        warm_up()
        return 0
    complaint = _complaint(options)
    if complaint:
        error(complaint)
        return 2
    # Before the libraries are loaded, which may take a second: from here on an interrupt ends with an answer.
    interrupts: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: interrupts.append(received))
    from scheduling.engine.reading import InstanceError
    from scheduling.engine.solve import Infeasible

    try:
        _solve(options, began, interrupts)
    except InstanceError as problem:
        error(str(problem))
        return 2
    except OSError as problem:
        error(f"{problem.filename}: {problem.strerror}")
        return 2
    except Infeasible as problem:
        error(json.dumps({"infeasible": problem.event, "blockers": list(problem.blockers)}))
        return 3
    return 0


def _complaint(options: argparse.Namespace) -> str:
    if options.instance is None or options.out is None:
        return "IN.json and --out OUT.json are needed."
    if options.seconds is not None and not 0 <= options.seconds < math.inf:
        return "--seconds must be a number of seconds from 0 on."
    if options.iterations is not None and options.iterations < 0:
        return "--iterations must be at least 0."
    return ""


def _process_began(now: float) -> float:
    """When this process started, on the monotonic clock; `now` where the system doesn't tell."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        began = ticks / os.sysconf("SC_CLK_TCK") - time.clock_gettime(time.CLOCK_BOOTTIME) + time.monotonic()
    except (OSError, ValueError, IndexError, AttributeError):
        return now
    return min(now, began)


def _solve(options: argparse.Namespace, began: float, interrupts: list[int]) -> None:
    from scheduling.engine.instance import load, load_json
    from scheduling.engine.solution import parse_events
    from scheduling.engine.solve import solve

    # Nothing here is garbage before the end, and looking for it takes as long as reading a large file.
    gc.disable()
    if options.warm:
        load_kernels()
    instance = load(options.instance)
    with _display(options) as show:
        solution = solve(
            instance,
            seed=options.seed,
            seconds=options.seconds,
            iterations=options.iterations,
            workers=options.workers,
            warm=parse_events(load_json(options.warm)) if options.warm else None,
            changed={key for key in options.changed.split(",") if key},
            progress=_Report(options.out, show),
            interrupted=lambda: bool(interrupts),
            since=_process_began(began),
        )
    write(options.out, solution.as_document())


@contextmanager
def _display(options: argparse.Namespace) -> Iterator[Callable[[Progress], object]]:
    """What shows how far it has come: lines of JSON, a bar on a terminal, or nothing."""
    if options.json_progress:
        yield _print_line
    elif sys.stderr.isatty():
        from scheduling.engine.progress_bar import progress_bar

        with progress_bar() as show:
            yield show
    else:
        yield lambda progress: None


def _print_line(progress: Progress) -> None:
    line = {"t_ms": progress.t_ms, "score": progress.score, "bound": progress.bound}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class _Report:
    """Writes the best plan so far, at once and then at most every second, and tells how it goes."""

    EVERY_SECONDS = 1.0

    def __init__(self, out: Path, show: Callable[[Progress], object]) -> None:
        self._out, self._show, self._written, self._best = out, show, 0.0, -math.inf

    def __call__(self, progress: Progress) -> None:
        self._show(progress)
        now = time.monotonic()
        if progress.score > self._best and now - self._written > self.EVERY_SECONDS:
            write(self._out, progress.solution.as_document())
            self._written, self._best = now, progress.score


def write(path: Path, document: dict[str, object]) -> None:
    """Atomically: a reader finds the old file or the new one, whole."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(document))
    unfinished.replace(path)


def load_kernels() -> None:
    """Read compiled kernels from disk, which a repair shouldn't have to wait for once its instance is there."""
    from scheduling.engine.instance import parse
    from scheduling.engine.solution import Change
    from scheduling.engine.solve import solve

    solve(parse(TINY), iterations=1, warm={"e1": Change(540, "r0")}, progress=lambda progress: None)


def warm_up() -> None:
    """Compile every kernel on a tiny instance, and the modules that this loads, so that nobody waits for it later."""
    from scheduling.engine.instance import parse
    from scheduling.engine.solve import solve

    solve(parse(TINY), iterations=20_000)
    load_kernels()
    # Some installers leave libraries as source, and PYTHONDONTWRITEBYTECODE keeps it so: a second at each start.
    for module in list(sys.modules.values()):
        source = getattr(module, "__file__", None)
        if source and source.endswith(".py"):
            compileall.compile_file(source, quiet=2)


# A few people whose meetings lean on each other, so that every method comes to its turn.
TINY: dict[str, Any] = {
    "format": "clockwise-instance/1",
    "name": "tiny",
    "origin": "2027-01-04T00:00:00Z",
    "step": 15,
    "weights": {},
    "people": [
        {
            "id": f"p{person}",
            "limits": {"focus_drop": 60, "moves": 2} if person == 0 else None,
            "working": [[540, 1020]],
            "meeting": [[540, 1020]],
            "days": [
                {"week": 0, "span": [540, 1020], "noon": 720, "lunch": {"window": [690, 810], "min": 30, "ideal": 60}}
            ],
            "focus": {"min": 60, "block": 120, "goal": [300], "side": "morning"},
        }
        for person in range(5)
    ],
    "rooms": [{"id": "r0", "capacity": 4, "building": "b"}],
    "events": [
        {
            "id": f"e{n}",
            "start": start,
            "end": start + 30,
            "attendees": [f"p{n % 5}", f"p{(n + 1 + n // 5) % 5}"],
            "room": "r0" if n == 1 else None,
            "movable": {"windows": [[540, 1020]], "rooms": ["r0"] if n == 1 else None, "cost": 0} if n else None,
        }
        for n, start in enumerate(range(600, 600 + 14 * 25, 25))
    ],
}
