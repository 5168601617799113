"""Taking up the places of an earlier plan, as many as are legal still; the other events stay at today's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduling.engine.arrays import NOWHERE, Ints, Model
from scheduling.engine.compiled import hot_kernel, kernel
from scheduling.engine.kernels import EXCESS, FREE, NO_EXCESS, blocker, is_home, is_start, put, recount

if TYPE_CHECKING:
    import numpy.typing as npt

    from scheduling.engine.kernels import State

    Bools = npt.NDArray[np.bool_]


@kernel
def adopt(model: Model, state: State, start: Ints, room: Ints) -> None:
    """Put each event where the earlier plan has it (NOWHERE: it has none), beginning with all at today's places.

    One whose earlier place is taken, or breaks a limit, stays at today's, and so do those that would stand in its way.
    """
    waiting = np.zeros(start.size, np.bool_)
    for e in range(start.size):
        waiting[e] = start[e] != NOWHERE and _is_legal(model, e, start[e], room[e])
    _put_where_free(model, state, waiting, start, room)
    for e in range(start.size):  # they may be waiting for each other's places
        if waiting[e]:
            put(model, state, e, NOWHERE, state.room[e])
    _put_where_free(model, state, waiting, start, room)
    _send_home(model, state, waiting)
    recount(model, state)
    while state.total[EXCESS] > NO_EXCESS:
        for e in range(start.size):
            waiting[e] = _breaks_limit(model, state, e)
        _send_home(model, state, waiting)
        recount(model, state)


@hot_kernel
def _is_legal(model: Model, e: int, start: int, room: int) -> bool:
    if is_home(model, e, start, room):
        return False  # it is there already
    known = False
    for k in range(model.room_off[e], model.room_off[e + 1]):
        known = known or model.room[k] == room
    return known and (is_start(model, e, start) or (start == model.home[e] and model.home_legal[e]))


@hot_kernel
def _put_where_free(model: Model, state: State, waiting: Bools, start: Ints, room: Ints) -> None:
    for e in range(waiting.size):
        if waiting[e] and blocker(model, state, e, start[e], room[e]) == FREE:
            put(model, state, e, start[e], room[e])
            waiting[e] = False


@hot_kernel
def _send_home(model: Model, state: State, waiting: Bools) -> None:
    """Put these events at today's places, and with them the moved ones that stand there."""
    found = True
    while found:
        found = False
        for e in range(waiting.size):
            if not waiting[e]:
                continue
            waiting[e], found = False, True
            if is_home(model, e, state.start[e], state.room[e]):
                continue
            put(model, state, e, model.home[e], model.home_room[e])
            for f in range(waiting.size):
                if _stands_over_home(model, state, f, e):
                    waiting[f] = True


@hot_kernel
def _stands_over_home(model: Model, state: State, f: int, e: int) -> bool:
    """Whether a moved event overlaps another, which is at today's place, for one of its people or in its room."""
    start, end = state.start[e], state.start[e] + model.duration[e]
    if f == e or start == NOWHERE or state.start[f] >= end or state.start[f] + model.duration[f] <= start:
        return False
    if is_home(model, f, state.start[f], state.room[f]):
        return False
    found = state.room[e] >= 0 and state.room[f] == state.room[e]
    for k in range(model.person_off[e], model.person_off[e + 1]):
        for i in range(model.person_off[f], model.person_off[f + 1]):
            found = found or model.person[k] == model.person[i]
    return found


@hot_kernel
def _breaks_limit(model: Model, state: State, e: int) -> bool:
    """Whether a moved event has an attendee who loses too much focus, or has too many moved ones, in some week."""
    found = False
    if not is_home(model, e, state.start[e], state.room[e]):
        for k in range(model.person_off[e], model.person_off[e + 1]):
            p = model.person[k]
            for w in range(model.person_weeks[p], model.person_weeks[p + 1]):
                found = found or state.excess[w] > NO_EXCESS
    return found
