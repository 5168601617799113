"""Moves of the search: another place for one event, and for one that is in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduling.engine.arrays import NOWHERE, Model
from scheduling.engine.compiled import hot_kernel
from scheduling.engine.kernels import (
    BLOCKED,
    EXCESS,
    FREE,
    NO_EXCESS,
    SCORE,
    below,
    blocker,
    chance,
    change,
    first_cell,
    is_home,
    is_start,
    nth_start,
    put,
)

if TYPE_CHECKING:
    from scheduling.engine.kernels import State

GO_HOME, OTHER_ROOM, ALIGN = 0.06, 0.15, 0.5  # shares of proposals; measured on company-40-1
TRIES = 6  # places tried for an event that has to make way


@hot_kernel
def propose(model: Model, state: State, e: int) -> tuple[int, int]:
    """A random place for an event: (start, room); its own where none was found."""
    start, room = state.start[e], state.room[e]
    home = model.home[e]
    dice = chance(state)
    if dice < GO_HOME and home != NOWHERE:
        return home, model.home_room[e]
    rooms = model.room_off[e + 1] - model.room_off[e]
    if rooms == 0:
        return start, room
    if dice < OTHER_ROOM and rooms > 1 and (start != home or model.home_legal[e]):
        return start, model.room[model.room_off[e] + below(state, rooms)]
    if model.starts[e] == 0:
        return start, model.room[model.room_off[e] + below(state, rooms)] if model.home_legal[e] else room
    start = nth_start(model, e, below(state, model.starts[e]))
    if chance(state) < ALIGN:
        start = _align(model, state, e, start)
    return start, _room_for(model, state, e, start)


@hot_kernel
def _align(model: Model, state: State, e: int, start: int) -> int:
    """Slide a start to either end of the free time around it of one attendee, if it may begin there."""
    people = model.person_off[e + 1] - model.person_off[e]
    if people == 0:
        return start
    c = first_cell(model, model.person[model.person_off[e] + below(state, people)], start)
    low, high, found = start, start + model.duration[e], False
    for k in range(model.free_off[c], model.free_off[c + 1]):
        if model.free_start[k] <= start < model.free_end[k]:
            low, high, found = model.free_start[k], model.free_end[k], True
    if not found:
        return start
    for i in range(model.list_off[c], model.list_off[c] + state.held[c]):
        f = state.listed[i]
        if f == e:
            continue
        if state.start[f] + model.duration[f] <= start:
            low = max(low, state.start[f] + model.duration[f])
        elif state.start[f] > start:
            high = min(high, state.start[f])
    slid = -(-low // model.step) * model.step
    if chance(state) < 0.5:
        slid = (high - model.duration[e]) // model.step * model.step
    return slid if is_start(model, e, slid) else start


@hot_kernel
def _room_for(model: Model, state: State, e: int, start: int) -> int:
    """The first room that is free then, from a random one on; a random one where none is."""
    first, rooms = model.room_off[e], model.room_off[e + 1] - model.room_off[e]
    if rooms == 1:
        return model.room[first]
    at = below(state, rooms)
    for i in range(rooms):
        room = model.room[first + (at + i) % rooms]
        if blocker(model, state, e, start, room) == FREE:
            return room
    return model.room[first + at]


@hot_kernel
def accepts(state: State, gain: float, excess: float, heat: float) -> bool:
    """Metropolis's rule; limits may never be broken further."""
    if state.total[EXCESS] + excess > NO_EXCESS and excess > -NO_EXCESS:
        return False
    if gain >= 0.0 or excess < -NO_EXCESS:
        return True
    return heat > 0.0 and gain > -30.0 * heat and chance(state) < 2.718281828459045 ** (gain / heat)


@hot_kernel
def move(model: Model, state: State, e: int, start: int, room: int, heat: float) -> bool:
    """Move an event if the place is free and the rule accepts it."""
    gain, excess = change(model, state, e, start, room)
    if not accepts(state, gain, excess, heat):
        return False
    put(model, state, e, start, room)
    state.total[SCORE] += gain
    state.total[EXCESS] += excess
    return True


@hot_kernel
def shift(model: Model, state: State, e: int, start: int, room: int) -> tuple[float, float]:
    """Move an event whatever it costs: (gain, excess)."""
    gain, excess = change(model, state, e, start, room)
    put(model, state, e, start, room)
    return gain, excess


@hot_kernel
def eject(model: Model, state: State, e: int, start: int, room: int, f: int, heat: float) -> bool:
    """Move an event to where f stands, and f to the best of a few places; all or nothing.

    The place that e leaves is tried first, so that this swaps two events where they fit.
    """
    e_start, e_room, f_start, f_room = state.start[e], state.room[e], state.start[f], state.room[f]
    gain1, excess1 = shift(model, state, f, NOWHERE, f_room)
    if blocker(model, state, e, start, room) != FREE:
        put(model, state, f, f_start, f_room)
        return False
    gain2, excess2 = shift(model, state, e, start, room)
    found, best_start, best_room, gain3, excess3 = False, NOWHERE, -1, 0.0, 0.0
    for i in range(TRIES):
        if i == 0:
            to_start, to_room = (
                e_start,
                model.home_room[f] if e_start == model.home[f] else _some_room(model, state, f, f_room),
            )
            if e_start == NOWHERE or not (is_start(model, f, e_start) or is_home(model, f, to_start, to_room)):
                continue
        elif i == 1 and model.home[f] != NOWHERE:
            to_start, to_room = model.home[f], model.home_room[f]
        elif model.starts[f] > 0 and model.room_off[f + 1] > model.room_off[f]:
            to_start = nth_start(model, f, below(state, model.starts[f]))
            to_room = _some_room(model, state, f, f_room)
        else:
            break
        if (to_start == f_start and to_room == f_room) or blocker(model, state, f, to_start, to_room) != FREE:
            continue
        gain, excess = change(model, state, f, to_start, to_room)
        if not found or (excess, -gain) < (excess3, -gain3):
            found, best_start, best_room, gain3, excess3 = True, to_start, to_room, gain, excess
    gain, excess = gain1 + gain2 + gain3, excess1 + excess2 + excess3
    if found and accepts(state, gain, excess, heat):
        put(model, state, f, best_start, best_room)
        state.total[SCORE] += gain
        state.total[EXCESS] += excess
        return True
    put(model, state, e, e_start, e_room)
    put(model, state, f, f_start, f_room)
    return False


@hot_kernel
def _some_room(model: Model, state: State, e: int, keep: int) -> int:
    """Mostly the room that it has, if it may be moved within it."""
    first, rooms = model.room_off[e], model.room_off[e + 1] - model.room_off[e]
    if rooms == 0:
        return keep
    if rooms > 1 and chance(state) < 0.5:
        return model.room[first + below(state, rooms)]
    for i in range(rooms):
        if model.room[first + i] == keep:
            return keep
    return model.room[first + below(state, rooms)]


@hot_kernel
def try_one(model: Model, state: State, e: int, heat: float) -> bool:
    """One try of the search; whether anything moved."""
    start, room = propose(model, state, e)
    if (start == state.start[e] and room == state.room[e]) or start == NOWHERE:
        return False
    f = blocker(model, state, e, start, room)
    if f == BLOCKED:
        return False
    if f == FREE:
        return move(model, state, e, start, room, heat)
    return eject(model, state, e, start, room, f, heat)
