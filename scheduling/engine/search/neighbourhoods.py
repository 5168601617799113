"""Large neighbourhoods: a few meetings in each other's way are taken out and put back in the best way there is.

Large neighbourhood search (Shaw, 1998) with exact repair. Who is taken out: an event, those that stand where it might
go (so that chains of ejections are found whole), then its attendees' nearest others. The best places of these few are
found by branch and bound: putting an event into a calendar never gains anything there, so a plan in which some are
still away is worth at least as much as with them, and what isn't above the best known then needn't be completed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduling.engine.arrays import NOWHERE, Floats, Ints, Model
from scheduling.engine.compiled import hot_kernel
from scheduling.engine.kernels import (
    EXCESS,
    FREE,
    LEAST_GAIN,
    NO_EXCESS,
    SCORE,
    UNPLACED,
    below,
    blocker,
    change,
    is_home,
    nth_start,
)
from scheduling.engine.search.anneal import shift
from scheduling.engine.views import view

if TYPE_CHECKING:
    from scheduling.engine.kernels import State

TAKEN_OUT = 3  # events at once; more cost more time than they find, measured on 40 to 300 people
MOST_NODES = 300  # of one branch and bound, which then keeps the best it has seen


class Neighbourhoods(NamedTuple):
    """Whose events are whose, and scratch space for one branch and bound."""

    theirs_off: Ints  # [people + 1]
    theirs: Ints  # movable events of each person, from theirs_off on
    taken_out: Ints  # [TAKEN_OUT] events
    first: Ints  # [TAKEN_OUT + 1]: where the places of the event at each depth begin
    places: Ints  # [TAKEN_OUT]: how many there are
    next: Ints  # [TAKEN_OUT]: the one to be tried next
    gain: Floats  # [places of all depths]
    start: Ints
    room: Ints
    best_start: Ints  # [TAKEN_OUT]
    best_room: Ints


def neighbourhoods(model: Model) -> Neighbourhoods:
    events = np.repeat(np.arange(model.home.size, dtype=np.int64), np.diff(model.person_off))
    counts = np.bincount(model.person, minlength=model.people)
    most = TAKEN_OUT * (int(model.starts.max(initial=0)) + 1)
    depth = np.zeros(TAKEN_OUT + 1, np.int64)
    made: Neighbourhoods = view(
        Neighbourhoods(
            theirs_off=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            theirs=events[np.argsort(model.person, kind="stable")],
            taken_out=depth.copy(),
            first=depth.copy(),
            places=depth.copy(),
            next=depth.copy(),
            gain=np.zeros(most),
            start=np.zeros(most, np.int64),
            room=np.zeros(most, np.int64),
            best_start=depth.copy(),
            best_room=depth.copy(),
        )
    )
    return made


@hot_kernel
def resolve_some(model: Model, state: State, near: Neighbourhoods, pool: Ints, tries: int) -> int:
    """Resolve neighbourhoods of random events of a pool; ends after at least so many tried places: how many."""
    tried = 0
    while tried < tries:
        e = pool[below(state, pool.size)]
        tried += 1
        if model.starts[e] > 0:
            start = nth_start(model, e, below(state, model.starts[e]))
            size = _take_out(model, state, near, e, start)
            tried += _resolve(model, state, near, size)
    return tried


@hot_kernel
def _take_out(model: Model, state: State, near: Neighbourhoods, e: int, start: int) -> int:
    """Choose e, what stands at `start` in its way, and the nearest others of its attendees: how many; 0: too many."""
    near.taken_out[0] = e
    size, end = 1, start + model.duration[e]
    while True:
        nearest, found = 0, -1
        for k in range(model.person_off[e], model.person_off[e + 1]):
            p = model.person[k]
            for i in range(near.theirs_off[p], near.theirs_off[p + 1]):
                f = near.theirs[i]
                in_the_way = state.start[f] < end and start < state.start[f] + model.duration[f]
                away = min(abs(state.start[f] - start), abs(state.start[f] - state.start[e]))
                distance = -1 if in_the_way else away
                if (found < 0 or distance < nearest) and not _is_taken_out(near, size, f):
                    nearest, found = distance, f
        if found < 0:
            return size
        if size == TAKEN_OUT:
            return 0 if nearest < 0 else size
        near.taken_out[size] = found
        size += 1


@hot_kernel
def _is_taken_out(near: Neighbourhoods, size: int, f: int) -> bool:
    found = False
    for i in range(size):
        found = found or near.taken_out[i] == f
    return found


@hot_kernel
def _resolve(model: Model, state: State, near: Neighbourhoods, size: int) -> int:
    """Put these events where they are worth most together, or back; how many places were tried."""
    if size == 0:
        return 0
    best = state.total[SCORE] + LEAST_GAIN
    for i in range(size):
        e = near.taken_out[i]
        near.best_start[i], near.best_room[i] = state.start[e], state.room[e]
    for i in range(size):
        shift(model, state, near.taken_out[i], NOWHERE, near.best_room[i])
    near.first[0] = near.next[0] = 0
    tried = _list_places(model, state, near, 0, best - UNPLACED * (size - 1))
    depth, nodes = 0, 1
    while depth >= 0:
        e, at = near.taken_out[depth], near.first[depth] + near.next[depth]
        waiting = size - 1 - depth
        if (
            nodes > MOST_NODES
            or near.next[depth] == near.places[depth]
            or state.total[SCORE] + near.gain[at] + UNPLACED * waiting <= best
        ):
            depth -= 1
            if depth >= 0:
                e = near.taken_out[depth]
                shift(model, state, e, NOWHERE, state.room[e])
            continue
        near.next[depth] += 1
        if waiting == 0:
            best = state.total[SCORE] + near.gain[at] + LEAST_GAIN
            for i in range(depth):
                near.best_start[i], near.best_room[i] = (
                    state.start[near.taken_out[i]],
                    state.room[near.taken_out[i]],
                )
            near.best_start[depth], near.best_room[depth] = near.start[at], near.room[at]
            continue
        shift(model, state, e, near.start[at], near.room[at])
        depth += 1
        near.first[depth], near.next[depth] = near.first[depth - 1] + near.places[depth - 1], 0
        tried += _list_places(model, state, near, depth, best - UNPLACED * (size - 1 - depth))
        nodes += 1
    for i in range(size):
        shift(model, state, near.taken_out[i], near.best_start[i], near.best_room[i])
    return tried


@hot_kernel
def _list_places(model: Model, state: State, near: Neighbourhoods, depth: int, floor: float) -> int:
    """List the free places of the event at that depth, best first, that bring the score above `floor`.

    Of several free rooms one is as good as another. How many places were tried.
    """
    e, at, n, tried = near.taken_out[depth], near.first[depth], 0, 0
    if model.home[e] != NOWHERE:
        tried += 1
        if blocker(model, state, e, model.home[e], model.home_room[e]) == FREE:
            n += _list_place(model, state, near, e, model.home[e], model.home_room[e], at, n, floor)
    for k in range(model.run_off[e], model.run_off[e + 1]):
        for i in range(model.run_count[k]):
            start = model.run_start[k] + i * model.step
            tried += 1
            if blocker(model, state, e, start, -1) != FREE:
                continue
            for r in range(model.room_off[e], model.room_off[e + 1]):
                room = model.room[r]
                if blocker(model, state, e, start, room) == FREE:
                    if not is_home(model, e, start, room):
                        n += _list_place(model, state, near, e, start, room, at, n, floor)
                    break
    near.places[depth] = n
    return tried


@hot_kernel
def _list_place(
    model: Model, state: State, near: Neighbourhoods, e: int, start: int, room: int, at: int, n: int, floor: float
) -> int:
    gain, excess = change(model, state, e, start, room)
    if state.total[SCORE] + gain <= floor or state.total[EXCESS] + excess > NO_EXCESS:
        return 0
    i = at + n
    while i > at and near.gain[i - 1] < gain:
        near.gain[i], near.start[i], near.room[i] = near.gain[i - 1], near.start[i - 1], near.room[i - 1]
        i -= 1
    near.gain[i], near.start[i], near.room[i] = gain, start, room
    return 1
