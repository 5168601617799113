"""A plain simulated annealing, written for the comparison: single moves and one ejection, one geometric cooling.

It shares the engine's kernels for what is legal and for the change of the score, not its search: no coolings, no
alignment to other meetings, no blocks, no descent. Compiled as the engine is, on one core.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.rivals.found import Found
from scheduling.engine.arrays import NOWHERE, Ints, Model, build
from scheduling.engine.compiled import kernel
from scheduling.engine.instance import Instance
from scheduling.engine.kernels import (
    EXCESS,
    FREE,
    LEAST_GAIN,
    NO_EXCESS,
    SCORE,
    State,
    below,
    blocker,
    chance,
    change,
    new_state,
    nth_start,
    places_cost,
    put,
)
from scheduling.engine.lunches import NO_LUNCH, best_lunches
from scheduling.engine.search.anneal import restore
from scheduling.engine.views import view

HOT, COLD = 100.0, 1.0
AT_ONCE = 20_000  # tries between two looks at the clock


def anneal(instance: Instance, seconds: float, *, seed: int) -> Found:
    """The best plan of one cooling of that length, scored with its best lunches."""
    arrays = build(instance)
    model = view(arrays.model)
    state = new_state(model, seed)
    everything = np.arange(model.home.size, dtype=np.int64)
    start, room = state.start.copy(), state.room.copy()
    best, trace = float(state.total[SCORE]), list[tuple[float, float]]()
    _tries(model, state, everything[:0], 0, 1.0, start, room, best)  # compiled before the clock runs
    begin, fraction = time.monotonic(), 0.0
    while fraction < 1.0 and everything.size:
        heat = HOT * (COLD / HOT) ** fraction
        reached = _tries(model, state, everything, AT_ONCE, heat, start, room, best)
        passed = time.monotonic() - begin
        if reached > best:
            best = reached
            trace.append((passed, best + float(arrays.constant)))
        fraction = min(1.0, passed / seconds)
    restore(model, state, everything, start, room)
    lunches = np.full(model.cell_end.size, NO_LUNCH, np.int64)
    weeks = np.arange(model.week_goal.size, dtype=np.int64)
    exact = best_lunches(model, state, weeks, lunches) + arrays.constant - places_cost(model, state)
    return Found(float(exact), trace=trace)


@kernel
def _tries(
    model: Model, state: State, pool: Ints, tries: int, heat: float, best_start: Ints, best_room: Ints, best: float
) -> float:
    for _ in range(tries):
        e = pool[below(state, pool.size)]
        start, room = _place(model, state, e)
        if start == NOWHERE or (start == state.start[e] and room == state.room[e]):
            continue
        f = blocker(model, state, e, start, room)
        if f == FREE:
            gain, excess = change(model, state, e, start, room)
            if _accepts(state, gain, excess, heat):
                _keep(model, state, e, start, room, gain, excess)
        elif f >= 0:
            _eject(model, state, e, start, room, f, heat)
        if state.total[SCORE] > best + LEAST_GAIN and state.total[EXCESS] <= NO_EXCESS:
            best = state.total[SCORE]
            best_start[:], best_room[:] = state.start, state.room
    return best


@kernel
def _place(model: Model, state: State, e: int) -> tuple[int, int]:
    """Today's place or a legal one, each as likely as the others."""
    starts, rooms = model.starts[e], model.room_off[e + 1] - model.room_off[e]
    at = below(state, starts * max(rooms, 1) + 1)
    if at == starts * max(rooms, 1):
        return model.home[e], model.home_room[e]
    if starts == 0 or rooms == 0:
        return NOWHERE, -1
    return nth_start(model, e, at // rooms), model.room[model.room_off[e] + at % rooms]


@kernel
def _eject(model: Model, state: State, e: int, start: int, room: int, f: int, heat: float) -> None:
    """Move e to where f stands, and f to one place drawn as any."""
    e_start, e_room, f_start, f_room = state.start[e], state.room[e], state.start[f], state.room[f]
    to_start, to_room = _place(model, state, f)
    if to_start == NOWHERE:
        return
    gain1, excess1 = change(model, state, f, NOWHERE, f_room)
    put(model, state, f, NOWHERE, f_room)
    if blocker(model, state, e, start, room) == FREE:
        gain2, excess2 = change(model, state, e, start, room)
        put(model, state, e, start, room)
        if blocker(model, state, f, to_start, to_room) == FREE:
            gain3, excess3 = change(model, state, f, to_start, to_room)
            gain, excess = gain1 + gain2 + gain3, excess1 + excess2 + excess3
            if _accepts(state, gain, excess, heat):
                _keep(model, state, f, to_start, to_room, gain, excess)
                return
        put(model, state, e, e_start, e_room)
    put(model, state, f, f_start, f_room)


@kernel
def _accepts(state: State, gain: float, excess: float, heat: float) -> bool:
    if state.total[EXCESS] + excess > NO_EXCESS:
        return False
    return gain >= 0.0 or chance(state) < 2.718281828459045 ** (gain / heat)


@kernel
def _keep(model: Model, state: State, e: int, start: int, room: int, gain: float, excess: float) -> None:
    put(model, state, e, start, room)
    state.total[SCORE] += gain
    state.total[EXCESS] += excess
