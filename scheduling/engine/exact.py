"""Small parts to proven optimality: depth-first branch and bound over the places of their events.

The bound of a node is the value of its placed events with the others gone: a person's focus, lunches and conflicts only
get worse when one comes back, since a stretch is worth at least as much as its pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduling.engine.arrays import NOWHERE, Floats, Ints, Model
from scheduling.engine.compiled import hot_kernel, kernel
from scheduling.engine.kernels import FREE, blocker, is_home, place_cost, put
from scheduling.engine.lunches import best_week

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from scheduling.engine.components import Part
    from scheduling.engine.kernels import State

MOST_NODES = 3_000_000
NODES_AT_ONCE = 20_000  # between two looks at the clock
TIE = 1e-6  # a plan must be better by more than that


def prove(
    model: Model, state: State, part: Part, start: Ints, room: Ints, score: float, interrupted: Callable[[], bool],
    *, allowed: Mapping[int, Container[int]] | None = None, most_nodes: int = MOST_NODES,
) -> float | None:  # fmt: skip
    """Search a small part through, from the best places known (start, room: updated) and their exact score.

    `allowed`: the starts of each event that are looked at; all where it is missing. Returns the best score, or None
    where the search had to end early. The state has the part's events nowhere then.
    """
    order = np.array(sorted(part.events, key=lambda e: (model.person_off[e] - model.person_off[e + 1], e)), np.int64)
    off, places = _candidates(model, order, allowed)
    depth, best = np.array([0], np.int64), np.array([score])
    at, cost = off[:-1].copy(), np.zeros(order.size + 1)
    for event in order.tolist():
        put(model, state, event, NOWHERE, int(model.home_room[event]))
    least = np.append(np.cumsum(_least_costs(model, order)[::-1])[::-1], 0.0)
    for _ in range(most_nodes // NODES_AT_ONCE):
        if _dive(
            model, state, order, off, places, part.weeks, least, at, cost, depth, best, start, room, NODES_AT_ONCE
        ):
            return float(best[0])
        if interrupted():
            break
    for event in order.tolist():
        put(model, state, event, NOWHERE, int(model.home_room[event]))
    return None


def exact_score(model: Model, state: State, part: Part) -> float:
    """The score of a part as it stands, with its best lunches."""
    return float(_part_score(model, state, part.events, part.weeks))


def _least_costs(model: Model, order: Ints) -> Floats:
    home, moved = model.home_cost[order], model.move_cost[order]
    return np.where(model.home[order] == NOWHERE, 0.0, np.minimum(home, moved))


def _candidates(model: Model, order: Ints, allowed: Mapping[int, Container[int]] | None) -> tuple[Ints, Ints]:
    """Each event's places, today's first: (off, rows of start and room)."""
    rows: list[tuple[int, int]] = []
    off = [0]
    for event in order:
        here: dict[tuple[int, int], None] = {}
        rooms = [int(room) for room in model.room[model.room_off[event] : model.room_off[event + 1]]]
        if model.home[event] != NOWHERE:
            here[int(model.home[event]), int(model.home_room[event])] = None
            if model.home_legal[event]:
                here |= {(int(model.home[event]), room): None for room in rooms}
        for run in range(model.run_off[event], model.run_off[event + 1]):
            for number in range(model.run_count[run]):
                here |= {(int(model.run_start[run]) + number * model.step, room): None for room in rooms}
        rows += [place for place in here if allowed is None or place[0] in allowed[int(event)]]
        off.append(len(rows))
    return np.array(off, np.int64), np.array(rows, np.int64).reshape(-1, 2)


@kernel
def _part_score(model: Model, state: State, events: Ints, weeks: Ints) -> float:
    """Overlaps among events at home are counted from the later one on, so each once."""
    total = 0.0
    lunches = np.empty(model.cell_end.size, np.int64)
    for w in weeks:
        total += best_week(model, state, w, lunches)
    pairs = 0.0
    for e in events:
        cost = place_cost(model, state, e, state.start[e], state.room[e])
        own = model.home_cost[e] if is_home(model, e, state.start[e], state.room[e]) else cost
        total -= own
        pairs += cost - own
    return total - pairs / 2


@hot_kernel
def _most(model: Model, state: State, weeks: Ints) -> float:
    """At least the weeks' values: the better lunches on either line that bounds the week's value from above."""
    total = 0.0
    for w in weeks:
        full = model.focus * state.week[w, 1] - state.week[w, 2]
        less = model.focus * model.beyond * state.week[w, 3] - state.week[w, 4]
        less += model.focus * (1.0 - model.beyond) * model.week_goal[w]
        total += min(full, less) if model.beyond <= 1.0 else max(full, less)
    return total


@kernel
def _dive(
    model: Model, state: State, order: Ints, off: Ints, places: Ints, weeks: Ints, least: Floats,
    at: Ints, cost: Floats, depth: Ints, best: Floats, best_start: Ints, best_room: Ints, nodes: int,
) -> bool:  # fmt: skip
    """Go on for that many nodes; whether the search is through."""
    lunches = np.empty(model.cell_end.size, np.int64)
    d = depth[0]
    for _ in range(nodes):
        while d >= 0 and at[d] == off[d + 1]:
            at[d] = off[d]
            d -= 1
            if d >= 0:
                put(model, state, order[d], NOWHERE, model.home_room[order[d]])
        if d < 0:
            depth[0] = d
            return True
        e, start, room = order[d], places[at[d], 0], places[at[d], 1]
        at[d] += 1
        if blocker(model, state, e, start, room) != FREE:
            continue
        cost[d + 1] = cost[d] + place_cost(model, state, e, start, room)
        put(model, state, e, start, room)
        most = _most(model, state, weeks) - cost[d + 1] - least[d + 1]
        if most > best[0] + TIE and _within_limits(state, weeks):
            if d + 1 < order.size:
                d += 1
                continue
            value = -cost[d + 1]
            for w in weeks:
                value += best_week(model, state, w, lunches)
            if value > best[0] + TIE:
                best[0] = value
                for k in order:
                    best_start[k], best_room[k] = state.start[k], state.room[k]
        put(model, state, e, NOWHERE, model.home_room[e])
    depth[0] = d
    return False


@hot_kernel
def _within_limits(state: State, weeks: Ints) -> bool:
    worst = 0.0
    for w in weeks:
        worst = max(worst, state.excess[w])
    return worst <= 1e-9
