"""What the engine promises: valid, never worse than staying, the same again, honest about how good it is."""

import json
import signal
import subprocess
import sys
import time
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from scheduling.engine.instance import parse
from scheduling.engine.reading import InstanceError
from scheduling.engine.score import score
from scheduling.engine.search import improve
from scheduling.engine.solution import Change, Solution
from scheduling.engine.solve import solve
from tests.scheduling.engine.instances import Document, instance

CHECKOUT = Path(__file__).resolve().parent.parent.parent.parent
ITERATIONS = 20_000


def solved(document: Document, **options: Any) -> Solution:
    return solve(parse(document), **{"seed": 1, "iterations": ITERATIONS, **options})


def best_lunches_total(document: Document, places: dict[str, Change]) -> float:
    """The score of given places with the best lunches: the engine's own, from an instance in which nothing moves."""
    fixed = deepcopy(document)
    for event in fixed["events"]:
        if event["id"] in places:
            length = event["end"] - event["start"]
            event["start"] = places[event["id"]].start
            event["end"] = event["start"] + length
        event["movable"] = None
    return float(solved(fixed, iterations=1).score)


@pytest.mark.parametrize("seed", range(6))
def test_an_answer_breaks_no_rule_and_tells_its_own_score(seed: int) -> None:
    document = instance(8, seed=seed)
    found = solved(document)
    judged = score(parse(document), found.events, found.lunches)

    assert judged.errors == ()
    assert judged.total == pytest.approx(found.score, abs=0.01)
    assert found.before is not None
    assert found.bound is not None
    assert found.before <= found.score <= found.bound + 0.01
    assert (found.status == "optimal") == (abs(found.bound - found.score) <= 0.01)


@pytest.mark.parametrize("seed", range(6))
def test_each_explained_gain_is_what_the_score_would_lose(seed: int) -> None:
    document = instance(6, seed=seed)
    found, whole = solved(document), parse(document)
    total = score(whole, found.events, found.lunches).total
    assert found.moves is not None
    for key, reason in found.moves.items():
        others = {other: change for other, change in found.events.items() if other != key}
        without = _without_covered_lunches(document, others, found.lunches)
        lost = total - score(whole, others, without).total
        assert reason.gain == pytest.approx(lost, abs=0.02)


def _without_covered_lunches(document: Document, changes: dict[str, Change], lunches: Any) -> Any:
    busy: dict[str, list[tuple[int, int]]] = {}
    for event in document["events"]:
        start = changes[event["id"]].start if event["id"] in changes else event["start"]
        for person in event["attendees"]:
            busy.setdefault(person, []).append((start, start + event["end"] - event["start"]))
    return {
        person: tuple(x for x in taken if not any(s < x[1] and x[0] < e for s, e in busy.get(person, ())))
        for person, taken in lunches.items()
    }


@pytest.mark.parametrize("seed", range(8))
def test_two_movable_meetings_are_placed_as_well_as_by_trying_everything(seed: int) -> None:
    document = instance(3, seed=seed, days=1, per_person=2, movable=0.0)
    movable = [event for event in document["events"] if len(event["attendees"]) > 1][:2]
    for event in movable:
        event["movable"] = {"windows": [[600, 780]], "rooms": None, "cost": 0}
    found = solved(document)
    assert found.score == pytest.approx(_by_trying_everything(document, movable), abs=0.01)


def _by_trying_everything(document: Document, movable: list[Document]) -> float:
    whole = parse(document)
    best = -float("inf")
    choices = [[event["start"], *range(600, 780, 15)] for event in movable]
    for starts in product(*choices):
        changes = {
            event["id"]: Change(start, event["room"])
            for event, start in zip(movable, starts, strict=True)
            if start != event["start"]
        }
        judged = score(whole, changes, {})
        if not judged.errors:
            moved = sum(15 + 5 * len(event["attendees"]) for event in movable if event["id"] in changes)
            best = max(best, best_lunches_total(document, changes) - moved)
    return best


def test_the_same_seed_and_iterations_give_the_same_plan() -> None:
    document = instance(10, seed=3)
    first, second = solved(document), solved(document)
    assert (first.events, first.lunches, first.score) == (second.events, second.lunches, second.score)


def test_two_workers_find_the_plan_of_one() -> None:
    document = instance(10, seed=4)
    alone, together = solved(document, workers=1), solved(document, workers=2)
    assert (alone.events, alone.lunches, alone.bound) == (together.events, together.lunches, together.bound)


def test_a_large_part_is_searched_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a part share people, so that its score is kept across them."""
    monkeypatch.setattr(improve, "SMALL", 0)
    monkeypatch.setattr(improve, "BLOCK", 7)
    document = instance(12, seed=5)
    found, again = solved(document), solved(document)
    judged = score(parse(document), found.events, found.lunches)
    assert judged.errors == ()
    assert judged.total == pytest.approx(found.score, abs=0.01)
    assert found.before is not None
    assert found.score > found.before
    assert found.events == again.events


def test_nothing_movable_is_proved_at_once() -> None:
    found = solved(instance(4, seed=1, movable=0.0))
    assert (found.status, found.events) == ("optimal", {})


def broken(change: Any) -> Document:
    document = instance(2, seed=1)
    change(document)
    return document


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("$.format", lambda d: d.update(format="other/1")),
        ("$.step", lambda d: d.update(step=0)),
        ("$.origin", lambda d: d.update(origin="today")),
        ("$.people", lambda d: d.pop("people")),
        ("$.people[0].working", lambda d: d["people"][0].update(working=[[600, 500]])),
        ("$.people[1].id", lambda d: d["people"][1].update(id="p0")),
        ("$.events[3].start", lambda d: d["events"][3].update(start="9:00")),
        ("$.events[2].attendees", lambda d: d["events"][2].update(attendees=["nobody"])),
        ("$.events[1].room", lambda d: d["events"][1].update(room="r9")),
        ("$.events[0]", lambda d: d["events"][0].update(end=d["events"][0]["start"])),
        ("$.events[0].start", lambda d: d["events"][0].update(start=True)),
        ("$.weights", lambda d: d.update(weights={"conflict": float("nan")})),
    ],
)
def test_bad_input_names_the_place_at_fault(path: str, change: Any) -> None:
    with pytest.raises(InstanceError) as refused:
        parse(broken(change))
    assert str(refused.value).startswith(path)


def run(tmp_path: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    source = tmp_path / "in.json"
    source.write_text(text)
    command = [sys.executable, "-m", "scheduling.engine", str(source), "--out", str(tmp_path / "out.json"), *options]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120)


def test_the_command_writes_a_solution_without_django_or_a_database(tmp_path: Path) -> None:
    done = run(tmp_path, json.dumps(instance(4, seed=2)), "--iterations", "2000", "--seed", "7", "--json-progress")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads((tmp_path / "out.json").read_text())
    assert (answer["format"], answer["seed"]) == ("clockwise-solution/1", 7)
    assert {"t_ms", "score", "bound"} <= set(json.loads(done.stdout.splitlines()[0]))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "clockwise-instance/1"}', '{"format": NaN}'])
def test_the_command_refuses_a_malformed_file_in_one_line(tmp_path: Path, text: str) -> None:
    done = run(tmp_path, text)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out.json").exists()


def test_an_interrupt_ends_the_search_with_a_valid_plan(tmp_path: Path) -> None:
    document = instance(20, seed=4)
    (tmp_path / "in.json").write_text(json.dumps(document))
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", "scheduling.engine", str(tmp_path / "in.json"), "--out", str(out)]
    process = subprocess.Popen([*command, "--seconds", "100"], cwd=CHECKOUT)
    deadline = time.monotonic() + 90
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=60) == 0
    answer = json.loads(out.read_text())
    places = {key: Change(change["start"], change["room"]) for key, change in answer["events"].items()}
    lunches = {key: tuple(map(tuple, taken)) for key, taken in answer["lunches"].items()}
    assert score(parse(document), places, lunches).errors == ()
