"""The bound: never below what trying everything finds, and equal to it where a part is proved."""

from __future__ import annotations

import itertools
import random
import time

import numpy as np
import pytest

from scheduling.engine import exact
from scheduling.engine.bound import ascent as ascents
from scheduling.engine.bound.ascent import Ascent
from scheduling.engine.bound.days import best_day
from scheduling.engine.instance import parse
from scheduling.engine.score import score
from scheduling.engine.solution import Change, Lunches
from scheduling.engine.solve import _Run, solve
from tests.scheduling.engine.instances import Document, instance

NEVER = -1e6  # a pay that nobody takes


def small(seed: int) -> Document:
    """Three people, at most three meetings that may move, rooms and limits among them."""
    document = instance(3, seed=seed, days=2, per_person=2, movable=0.0)
    rng = random.Random(seed)
    together = [event for event in document["events"] if len(event["attendees"]) > 1]
    for event in together[:3]:
        day = event["start"] // 1440 * 1440
        rooms = ["r0", "r1"] if event["room"] and rng.random() < 0.5 else None
        window = [day + rng.choice((600, 660)), day + rng.choice((780, 840))]
        event["movable"] = {"windows": [window], "rooms": rooms, "cost": rng.choice((0, 5))}
    return document


def best_by_trying_everything(document: Document) -> float:
    """The score of the best of all valid plans, by the scorer that explains, each with its best lunches."""
    whole = parse(document)
    movable = [event for event in document["events"] if event["movable"]]
    best = -float("inf")
    for choice in itertools.product(*(list(_places(event)) for event in movable)):
        changes = {
            event["id"]: Change(*place)
            for event, place in zip(movable, choice, strict=True)
            if place != (event["start"], event["room"])
        }
        if not score(whole, changes, {}).errors:
            best = max(best, score(whole, changes, _best_lunches(document, changes)).total)
    return best


def _places(event: Document) -> itertools.chain[tuple[int, str | None]]:
    today = (event["start"], event["room"])
    length = event["end"] - event["start"]
    rooms = event["movable"]["rooms"] or [event["room"]]
    starts = [s for a, b in event["movable"]["windows"] for s in range(a, b - length + 1, 15)]
    return itertools.chain([today], ((s, r) for s in starts for r in rooms if (s, r) != today))


def _best_lunches(document: Document, changes: dict[str, Change]) -> Lunches:
    """By the engine itself, on an instance in which nothing moves: no search, no bound, the lunches alone."""
    fixed = {**document, "events": []}
    for event in document["events"]:
        start = changes[event["id"]].start if event["id"] in changes else event["start"]
        end = start + event["end"] - event["start"]
        fixed["events"].append({**event, "start": start, "end": end, "movable": None})
    return solve(parse(fixed), iterations=1).lunches


@pytest.mark.parametrize("seed", range(12))
def test_a_small_instance_is_solved_and_proved_as_trying_everything_does(seed: int) -> None:
    document = small(seed)
    best = best_by_trying_everything(document)
    found = solve(parse(document), seed=seed, iterations=20_000)
    assert found.score == pytest.approx(best, abs=0.01)
    assert (found.status, found.bound) == ("optimal", found.score)


@pytest.mark.parametrize("seed", range(6))
def test_no_pays_whatever_bring_the_bound_below_a_plan(seed: int) -> None:
    document = instance(5, seed=seed, days=3, per_person=3)
    plan = solve(parse(document), seed=1, iterations=5_000)
    rng = np.random.default_rng(seed)
    run = _Run(parse(document), 0, since=time.monotonic())
    total = run.untouched
    for part in run.parts:
        ascent = ascents.begin(run.model, part)
        assert ascent is not None
        ascent.now.pay[:] = rng.normal(0, 60, ascent.now.pay.size) * ascent.graph.pay_counts
        ascent.now.slope[:] = rng.uniform(0.25, 1, ascent.now.slope.size)
        ascent.climb(int(rng.integers(1, 30)), 0.0)
        total += ascent.bound
    assert total >= plan.score - 1e-6


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_a_bound_that_is_taken_up_again_after_its_tree_was_begun_stays_above_every_plan(seed: int) -> None:
    """Between two coolings, a tree is left at some node; the multipliers there bound only that node."""
    document = instance(8, seed=seed, days=3, per_person=4, movable=0.7)
    plan = solve(parse(document), seed=1, iterations=20_000)
    run = _Run(parse(document), 0, since=time.monotonic())
    score = {number: exact.exact_score(run.model, run.state, part) for number, part in enumerate(run.parts)}
    for _ in range(3):
        run.bounds.work(run.search.start, run.search.room, score, lambda: False, effort=2_000)
        assert run.upper >= plan.score - 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_the_best_path_through_a_day_is_worth_its_lunch_its_stretches_and_its_pays(seed: int) -> None:
    """The slow twin tries each arc and each two arcs of a day, and each lunch beside them; two events pay at all."""
    document = instance(2, seed=seed, days=1, per_person=3)
    run = _Run(parse(document), 0, since=time.monotonic())
    rng = np.random.default_rng(seed)
    for part in run.parts:
        ascent = ascents.begin(run.model, part)
        assert ascent is not None
        ascent.now.pay[:] = rng.normal(-40, 60, ascent.now.pay.size) * ascent.graph.pay_counts
        _give_every_event_a_bit(ascent)
        _let_two_events_pay(ascent)
        for day in range(ascent.graph.cell.size):
            rate = 0.8
            fast = best_day(
                run.model, ascent.graph, ascent._paths, ascent.now.pay, day, int(ascent.now.bits[day]), rate
            )
            assert fast == pytest.approx(_best_day_slowly(run, ascent, day, rate), abs=1e-6)


def _give_every_event_a_bit(ascent: Ascent) -> None:
    for day in range(ascent.graph.cell.size):
        first, last = ascent.graph.slot_off[day], ascent.graph.slot_off[day + 1]
        ascent.now.bits[day] = min(last - first, ascents.MOST_BITS)
        ascent.graph.slot_bit[first : first + ascent.now.bits[day]] = np.arange(ascent.now.bits[day])


def _let_two_events_pay(ascent: Ascent) -> None:
    graph = ascent.graph
    for day in range(graph.cell.size):
        for a in range(graph.arc_off[graph.node_off[day]], graph.arc_off[graph.node_off[day + 1]]):
            if graph.arc_slot[a] >= graph.slot_off[day] + 2:
                ascent.now.pay[graph.arc_pay[a]] = NEVER


def _best_day_slowly(run: _Run, ascent: Ascent, day: int, rate: float) -> float:
    model, graph = run.model, ascent.graph
    first, last = graph.node_off[day], graph.node_off[day + 1]
    time_of = graph.node_time[first:last]
    arcs, lunches = [], [(0, 0, 0.0)]
    for node in range(first, last):
        for a in range(graph.arc_off[node], graph.arc_off[node + 1]):
            pay = ascent.now.pay[graph.arc_pay[a]]
            span = int(graph.node_time[node]), int(time_of[graph.arc_to[a]])
            arcs.append((*span, float(pay), int(graph.arc_slot[a]), int(graph.arc_clash[a])))
        lunches += [
            (int(graph.node_time[node]), int(time_of[graph.lunch_to[k]]), float(graph.lunch_cost[k]))
            for k in range(graph.lunch_off[node], graph.lunch_off[node + 1])
        ]
    cell, best = int(graph.cell[day]), -float("inf")
    arcs = [arc for arc in arcs if arc[2] > NEVER]
    tries = [(), *((arc,) for arc in arcs), *itertools.combinations(arcs, 2)]
    for chosen in tries:
        if len({arc[3] for arc in chosen}) < len(chosen):
            continue
        clash = len(chosen) == 2 and chosen[0][0] < chosen[1][1] and chosen[1][0] < chosen[0][1]
        if clash and not chosen[max(range(2), key=lambda i: chosen[i][0])][4]:
            continue
        pays = sum(arc[2] for arc in chosen) - (model.conflict if clash else 0.0)
        for begin, end, cost in lunches:
            if end and any(begin < arc[1] and arc[0] < end for arc in chosen):
                continue
            busy = sorted([(arc[0], arc[1]) for arc in chosen] + ([(begin, end)] if end else []))
            value = pays - (cost if end else float(model.cell_missed[cell]))
            best = max(best, value + rate * _focus(run, cell, busy))
    return best


def _focus(run: _Run, cell: int, busy: list[tuple[int, int]]) -> float:
    model, total = run.model, 0.0
    person = int(model.cell_person[cell])
    for k in range(model.free_off[cell], model.free_off[cell + 1]):
        here, end = int(model.free_start[k]), int(model.free_end[k])
        for start, stop in [*busy, (end, end)]:
            gap = min(start, end) - here
            if gap >= model.focus_min[person]:
                total += gap if gap >= model.focus_block[person] else gap / 2
                noon = int(model.cell_noon[cell])
                if model.focus_side[person] == 1:
                    total += model.side_bonus * max(0, min(here + gap, noon) - here)
                elif model.focus_side[person] == 2:
                    total += model.side_bonus * max(0, here + gap - max(here, noon))
            here = max(here, stop)
    return total
