"""Simulated annealing (Kirkpatrick, Gelatt, Vecchi, 1983) over single moves, swaps and ejections.

Part by part: parts share neither people nor rooms, so each is cooled with a heat of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduling.engine.arrays import NOWHERE, Ints, Model
from scheduling.engine.compiled import hot_kernel
from scheduling.engine.kernels import EXCESS, FREE, LEAST_GAIN, NO_EXCESS, SCORE, below, blocker, change, put
from scheduling.engine.search.neighbours import move, try_one

if TYPE_CHECKING:
    from scheduling.engine.kernels import State


@hot_kernel
def anneal(
    model: Model, state: State, pool: Ints, tries: int, hot: float, cold: float,
    best_start: Ints, best_room: Ints, best_score: float,
) -> float:  # fmt: skip
    """Try that often to move one of `pool`, cooling geometrically from `hot` to `cold`.

    Keeps the best places of the pool in best_start, best_room and returns their score.
    """
    cooling = (cold / hot) ** (1.0 / max(tries, 1))
    heat, unsaved = hot, 0
    for _ in range(tries):
        heat *= cooling
        e = pool[below(state, pool.size)]
        try_one(model, state, e, heat)
        unsaved += 1
        # Saving costs a pass over the pool, so a long pool is saved at most once in as many tries.
        if (
            state.total[SCORE] > best_score + LEAST_GAIN
            and state.total[EXCESS] <= NO_EXCESS
            and unsaved >= pool.size // 64
        ):
            best_score, unsaved = state.total[SCORE], 0
            for k in range(pool.size):
                best_start[pool[k]], best_room[pool[k]] = state.start[pool[k]], state.room[pool[k]]
    return best_score


@hot_kernel
def restore(model: Model, state: State, pool: Ints, start: Ints, room: Ints) -> None:
    """Put the events of a pool where they were saved, first all away, since the saved places may overlap today's."""
    for e in pool:
        if state.start[e] != start[e] or state.room[e] != room[e]:
            shift(model, state, e, NOWHERE, state.room[e])
    for e in pool:
        if state.start[e] == NOWHERE and start[e] != NOWHERE:
            shift(model, state, e, start[e], room[e])


@hot_kernel
def shift(model: Model, state: State, e: int, start: int, room: int) -> None:
    gain, excess = change(model, state, e, start, room)
    put(model, state, e, start, room)
    state.total[SCORE] += gain
    state.total[EXCESS] += excess


@hot_kernel
def descend(model: Model, state: State, pool: Ints) -> int:
    """Move each event of a pool to its best place once; how many moved."""
    moved = 0
    for e in pool:
        best, best_start, best_room = LEAST_GAIN, NOWHERE, -1
        for k in range(model.run_off[e], model.run_off[e + 1]):
            for i in range(model.run_count[k]):
                start = model.run_start[k] + i * model.step
                if blocker(model, state, e, start, -1) != FREE and start != model.home[e]:  # whatever the room
                    continue
                for r in range(model.room_off[e], model.room_off[e + 1]):
                    if blocker(model, state, e, start, model.room[r]) == FREE:
                        best, best_start, best_room = _better(
                            model, state, e, start, model.room[r], best, best_start, best_room
                        )
                        break  # one free room is as good as another
        if model.home[e] != NOWHERE:
            best, best_start, best_room = _better(
                model, state, e, model.home[e], model.home_room[e], best, best_start, best_room
            )
            if model.home_legal[e]:
                for r in range(model.room_off[e], model.room_off[e + 1]):
                    best, best_start, best_room = _better(
                        model, state, e, model.home[e], model.room[r], best, best_start, best_room
                    )
        if best_start != NOWHERE and move(model, state, e, best_start, best_room, 0.0):
            moved += 1
    return moved


@hot_kernel
def _better(
    model: Model, state: State, e: int, start: int, room: int, best: float, best_start: int, best_room: int
) -> tuple[float, int, int]:
    if start == state.start[e] and room == state.room[e]:
        return best, best_start, best_room
    if blocker(model, state, e, start, room) != FREE:
        return best, best_start, best_room
    gain, excess = change(model, state, e, start, room)
    if gain > best and state.total[EXCESS] + excess <= NO_EXCESS:
        return gain, start, room
    return best, best_start, best_room
