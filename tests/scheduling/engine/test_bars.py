"""Short rounds of the bars that benchmarks/bars measures in full."""

from __future__ import annotations

import json
import os
import pty
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bars import bad_input, exhaustive, placing, repair
from benchmarks.bars.command import optimize
from benchmarks.companies import company
from scheduling.engine import solve as solving
from scheduling.engine.instance import parse
from scheduling.engine.reading import HORIZON as FAR
from scheduling.engine.reading import InstanceError
from scheduling.engine.solve import solve
from tests.scheduling.engine.instances import instance
from tests.scheduling.engine.judge import false_gains, judge
from tests.scheduling.engine.small import small
from tests.scheduling.engine.test_solve import CHECKOUT, run


@pytest.mark.parametrize("seed", range(1000, 1012))
def test_a_small_instance_of_any_kind_is_solved_and_proved_as_trying_everything_does(seed: int) -> None:
    assert exhaustive.failure(seed) == ""


@pytest.mark.parametrize("seed", range(1000, 1008))
def test_new_meetings_are_placed_as_well_as_by_trying_everything_or_refused(seed: int) -> None:
    assert placing.failure(seed) == ""


@pytest.mark.parametrize("seed", [1, 2, 4, 6])
def test_a_mutated_file_ends_in_an_answer_or_a_reason(seed: int, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_bytes(bad_input.mutated(seed))
    done = optimize(tmp_path / "in.json", tmp_path / "out.json", "--iterations", "300")
    assert bad_input.complaint(done.status, done.stderr, 0.0, done.peak_bytes) == ""


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("$.events[0].movable.windows", lambda d: d["events"][0].update(movable={"windows": [[-FAR, FAR]]})),
        (
            "$.people[0].days",
            lambda d: d["people"][0]["days"][0].update(lunch={"window": [-FAR, FAR], "min": 1, "ideal": FAR}),
        ),
    ],
)
def test_more_choices_than_memory_holds_are_refused(path: str, change: Any) -> None:
    """Each took all memory before it was counted."""
    document = {**instance(2, seed=1), "step": 1}
    change(document)
    with pytest.raises(InstanceError) as refused:
        parse(document)
    assert refused.value.path == path


def test_an_interrupt_while_libraries_are_loaded_still_writes_an_answer(tmp_path: Path) -> None:
    """Python's own handlers ended it with a traceback, and nothing was written."""
    source, out = tmp_path / "in.json", tmp_path / "out.json"
    source.write_text(json.dumps(instance(4, seed=2)))
    words = ["scheduling.engine", str(source), "--out", str(out), "--seconds", "60"]
    interrupting = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'numba':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        f"sys.argv = {words!r}\n"
        "from scheduling.engine.__main__ import main\n"
        "sys.exit(main())\n"
    )
    run_python(interrupting)
    assert json.loads(out.read_text())["format"] == "clockwise-solution/1"


def test_a_repair_leaves_alone_what_need_not_move() -> None:
    """Going back for less than a move is worth: a search that starts again changes a third of all events."""
    document = company(24, seed=2)
    earlier = solve(parse(document), seed=1, iterations=30_000)
    listed = repair.change(document, random.Random(1))
    found = solve(parse(document), seed=2, iterations=30_000, warm=earlier.events, changed=listed)
    assert judge(document, found.as_document()).errors == []
    assert len(repair.unneeded(document, earlier.as_document(), found.as_document(), {*listed})) <= 3


@pytest.mark.parametrize("seed", [3, 14])
def test_no_plan_that_was_reported_is_better_than_the_answer(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Going back to earlier places at the end cost what the lines of progress had promised."""
    monkeypatch.setattr(solving, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(solving, "REPORT_SPACING", 0.0)
    document = company(16, seed=seed)
    earlier = solve(parse(document), seed=1, iterations=10_000)
    listed = repair.change(document, random.Random(1))
    told: list[float] = []
    found = solve(
        parse(document),
        seed=2,
        iterations=1_500,
        warm=earlier.events,
        changed=listed,
        progress=lambda progress: told.append(progress.score),
    )
    assert told == sorted(told)
    assert found.score >= told[-1] - 1e-6


@pytest.mark.parametrize("seed", [58, 121, 247])
def test_a_few_meetings_are_proved_however_few_the_iterations(seed: int) -> None:
    """Searching them through takes milliseconds; the multipliers alone left these open."""
    found = solve(parse(small(seed)), seed=1, iterations=2_000)
    assert (found.status, found.bound) == ("optimal", found.score)


@pytest.mark.parametrize("limits", [False, True])
@pytest.mark.parametrize("iterations", [100, 10_000])
def test_what_is_explained_is_true_of_a_hasty_plan_too(iterations: int, *, limits: bool) -> None:
    document = company(12, seed=4, limits=limits)
    answer = solve(parse(document), seed=1, iterations=iterations).as_document()
    assert judge(document, answer).errors == []
    told, wrong = false_gains(document, answer)
    assert told > 0
    assert wrong == []


def test_manage_py_optimizes_a_file_without_loading_django(tmp_path: Path) -> None:
    """Its set-up takes longer than a small instance."""
    source, out = tmp_path / "in.json", tmp_path / "out.json"
    source.write_text(json.dumps(instance(4, seed=2)))
    listing = "import atexit, runpy, sys; atexit.register(lambda: print('django' in sys.modules));"
    words = ["manage.py", "optimize_instance", str(source), "--out", str(out), "--iterations", "100"]
    done = run_python(f"{listing} sys.argv = {words!r}; runpy.run_path('manage.py', run_name='__main__')")
    assert done == "False\n"
    assert json.loads(out.read_text())["format"] == "clockwise-solution/1"


def run_python(text: str) -> str:
    return subprocess.run([sys.executable, "-c", text], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout


def test_a_terminal_gets_a_bar_and_a_pipe_gets_nothing(tmp_path: Path) -> None:
    quiet = run(tmp_path, json.dumps(instance(4, seed=2)), "--iterations", "5000")
    assert (quiet.stdout, quiet.stderr) == ("", "")

    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "scheduling.engine", str(tmp_path / "in.json"), "--out", str(tmp_path / "out.json")]
    child = os.posix_spawn(
        sys.executable,
        [*words, "--iterations", "5000"],
        {**os.environ, "TERM": "xterm", "PYTHONPATH": str(CHECKOUT)},
        file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 2)],
    )
    os.close(theirs)
    drawn = b""
    while chunk := _read(ours):
        drawn += chunk
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert b"score " in drawn
    assert drawn.rstrip().endswith(b"\x1b[?25h")  # the cursor is back


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # nobody has the other end open any more
        return b""
