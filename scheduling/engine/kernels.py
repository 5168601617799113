"""Kernels that keep the score while events move: a change is worked out from the person-days that it touches.

The lunch of each person-day is the better for the week of two choices: the best where a minute of focus counts in full
(below the week's goal), and the best where it counts as beyond the goal. That is exact unless the goal lies between
the two; `lunches.py` closes the gap at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from scheduling.engine.arrays import NOWHERE, Floats, Ints, Model
from scheduling.engine.compiled import hot_kernel
from scheduling.engine.places import overlaps
from scheduling.engine.views import view

if TYPE_CHECKING:
    Values = tuple[float, float, float, float, float]

LEAST_GAIN, NO_EXCESS = 1e-6, 1e-9  # what a gain and a breach of limits must exceed, since sums are rounded
FREE, BLOCKED = -1, -2  # answers of `blocker` besides the one event in the way
SLACK = 1e-6  # minutes of focus by which sums in another order may differ
UNPLACED = 1e6  # what a meeting costs as long as it has no place

MOST_KNOWN_OF_CELL, MOST_KNOWN = 64, 1_000_000  # contents of cells whose figures are remembered, 48 bytes each
NOTHING_KNOWN = 2**64 - 1

FOCUS, FOCUS_FULL, COST_FULL, FOCUS_LESS, COST_LESS = 0, 1, 2, 3, 4
SCORE, EXCESS = 0, 1


class State(NamedTuple):
    """Where the events are, and what follows from it."""

    start: Ints  # [events], NOWHERE for one without a place
    room: Ints  # [events], -1: none
    listed: Ints  # events of each cell, sorted by start, from list_off on
    held: Ints  # [cells]: how many
    cell: Floats  # [cells, 5]: focus without lunch; (focus, lunch cost) of either choice
    week: Floats  # [weeks, 5]: sums of these
    value: Floats  # [weeks]
    excess: Floats  # [weeks]: by how much the limits are broken
    drop_from: Floats  # [weeks]: focus of today's events less the drop that is allowed
    moves: Ints  # [weeks]: moved events that count
    total: Floats  # SCORE (less the constant), EXCESS
    random: npt.NDArray[np.uint64]
    content: npt.NDArray[np.uint64]  # [cells]: a hash of the intervals of each cell's events
    known_content: npt.NDArray[np.uint64]  # [cells, KNOWN]: contents whose figures are remembered, by their last bits
    known: Floats  # [cells, KNOWN, 5]: these figures
    cut: Ints  # scratch: busy starts, ends, stretch starts, ends; [4, n]
    worth: Floats  # scratch: the stretches' values
    touched: Ints  # scratch
    parts: Floats  # scratch: as long as the most attendees
    day_without: Floats  # scratch: [cells, 2]
    week_without: Floats  # scratch: [weeks, 2]


def remembered(cells: int) -> int:
    """How many contents of each cell are remembered: a power of two, so that all fit into MOST_KNOWN."""
    return 1 << max(0, min(MOST_KNOWN_OF_CELL, MOST_KNOWN // max(1, cells)).bit_length() - 1)


def new_state(model: Model, seed: int, *, is_searched: bool = True) -> State:
    """Today's places, with what follows from them; a meeting to be placed is nowhere.

    is_searched: figures of cells are remembered, which takes memory.
    """
    events, cells, weeks = model.home.size, model.cell_end.size, model.week_goal.size
    widest = int(np.diff(model.list_off).max(initial=0) + np.diff(model.free_off).max(initial=0)) + 4
    slots = remembered(cells) if is_searched else 1
    state: State = view(
        State(
            start=np.full(events, NOWHERE, np.int64),
            room=model.home_room.copy(),
            listed=np.zeros(model.list_off[-1], np.int64),
            held=np.zeros(cells, np.int64),
            cell=np.zeros((cells, 5)),
            week=np.zeros((weeks, 5)),
            value=np.zeros(weeks),
            excess=np.zeros(weeks),
            drop_from=np.full(weeks, -np.inf),
            moves=np.zeros(weeks, np.int64),
            total=np.zeros(2),
            random=np.array([seed % 2**64], np.uint64),
            content=np.zeros(cells, np.uint64),
            known_content=np.full((cells, slots), NOTHING_KNOWN, np.uint64),
            known=np.zeros((cells, slots, 5)),
            cut=np.zeros((4, widest), np.int64),
            worth=np.zeros(widest),
            touched=np.zeros(2 * cells + 2, np.int64),
            day_without=np.zeros((cells, 2)),
            week_without=np.zeros((weeks, 2)),
            parts=np.zeros(int(np.diff(model.person_off).max(initial=0)) + 1),
        )
    )
    settle(model, state)
    return state


@hot_kernel
def settle(model: Model, state: State) -> None:
    """Put every event, none being anywhere, at today's place and work out all that follows."""
    for e in range(model.home.size):
        state.start[e] = model.home[e]
        if model.home[e] != NOWHERE:
            for k in range(model.person_off[e], model.person_off[e + 1]):
                _enlist(model, state, e, model.person[k])
            if model.home_room[e] >= 0:
                _enlist(model, state, e, model.people + model.home_room[e])
    for c in range(model.cell_end.size):
        if model.cell_week[c] >= 0:
            _store_cell(model, state, c)
    for w in range(model.week_goal.size):
        _sum_week(model, state, w)
        state.drop_from[w] = state.week[w, FOCUS] - model.week_drop[w]
        _settle_week(model, state, w)
    recount(model, state)


@hot_kernel
def recount(model: Model, state: State) -> None:
    """Work out the totals anew."""
    state.total[SCORE] = state.total[EXCESS] = 0.0
    for w in range(model.week_goal.size):
        state.total[SCORE] += state.value[w]
        state.total[EXCESS] += state.excess[w]
    state.total[SCORE] -= places_cost(model, state)


@hot_kernel
def places_cost(model: Model, state: State) -> float:
    """What the places of all events cost, besides focus and lunches; an overlap is seen from both of its events."""
    once = twice = 0.0
    for e in range(model.home.size):
        cost = place_cost(model, state, e, state.start[e], state.room[e])
        if is_home(model, e, state.start[e], state.room[e]):
            once += model.home_cost[e]
            twice += cost - model.home_cost[e]
        else:
            once += cost
    return once + twice / 2


@hot_kernel
def draw(state: State) -> int:
    """The next 62 random bits (splitmix64: Steele, Lea, Flood, 2014)."""
    state.random[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state.random[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(2))  # type: ignore[return-value]


@hot_kernel
def below(state: State, n: int) -> int:
    return draw(state) % n


@hot_kernel
def chance(state: State) -> float:
    return draw(state) / 4611686018427387904.0


@hot_kernel
def is_home(model: Model, e: int, start: int, room: int) -> bool:
    return start == model.home[e] and room == model.home_room[e] and start != NOWHERE


@hot_kernel
def first_cell(model: Model, resource: int, time: int) -> int:
    c = model.cell_off[resource]
    while model.cell_end[c] <= time:
        c += 1
    return c


@hot_kernel
def nth_start(model: Model, e: int, n: int) -> int:
    """The n-th legal start of an event."""
    low, high = model.run_off[e], model.run_off[e + 1] - 1
    while low < high:
        middle = (low + high + 1) // 2
        if model.run_before[middle] <= n:
            low = middle
        else:
            high = middle - 1
    return model.run_start[low] + (n - model.run_before[low]) * model.step


@hot_kernel
def is_start(model: Model, e: int, start: int) -> bool:
    for k in range(model.run_off[e], model.run_off[e + 1]):
        if start < model.run_start[k]:
            return False
        past = start - model.run_start[k]
        if past < model.run_count[k] * model.step:
            return past % model.step == 0
    return False


@hot_kernel
def blocker(model: Model, state: State, e: int, start: int, room: int) -> int:
    """What forbids that place: FREE, one movable event that could make way, or BLOCKED.

    The place itself is legal by windows and meeting hours. At today's place only moved events are in the way.
    """
    home, found = is_home(model, e, start, room), FREE
    end = start + model.duration[e]
    for k in range(model.person_off[e], model.person_off[e + 1]):
        found = _blocker_in(model, state, e, model.person[k], start, end, home, found)
        if found == BLOCKED:
            return BLOCKED
    if room >= 0:
        if not home:
            resource = model.people + room
            here = slice(model.fixed_off[resource], model.fixed_off[resource + 1])
            if overlaps(model.fixed_start[here], model.fixed_end[here], start, end):
                return BLOCKED
        found = _blocker_in(model, state, e, model.people + room, start, end, home, found)
    return found


@hot_kernel
def _blocker_in(model: Model, state: State, e: int, resource: int, start: int, end: int, home: bool, found: int) -> int:
    c = first_cell(model, resource, start)
    while True:
        first = model.list_off[c]
        for i in range(first, first + state.held[c]):
            f = state.listed[i]
            if state.start[f] >= end:
                break
            if f == e or state.start[f] + model.duration[f] <= start:
                continue
            if f == found:
                continue
            if home and is_home(model, f, state.start[f], state.room[f]):
                continue
            if found != FREE:
                return BLOCKED
            found = f
        if model.cell_end[c] >= end:
            return found
        c += 1


@hot_kernel
def _overlap_cost(model: Model, state: State, e: int, start: int, room: int) -> float:
    """What other movable events below that place cost, each pair counted once for each person and room."""
    cost, end = 0.0, start + model.duration[e]
    for k in range(model.person_off[e], model.person_off[e + 1]):
        cost += model.conflict * overlapping(model, state, e, model.person[k], start, end)
    if room >= 0:
        cost += model.room_conflict * overlapping(model, state, e, model.people + room, start, end)
    return cost


@hot_kernel
def overlapping(model: Model, state: State, e: int, resource: int, start: int, end: int) -> int:
    """How many other movable events of a resource overlap [start, end)."""
    count, c = 0, first_cell(model, resource, start)
    border = NOWHERE
    while True:
        for i in range(model.list_off[c], model.list_off[c] + state.held[c]):
            f = state.listed[i]
            if state.start[f] >= end:
                break
            # An event in several cells is counted in the one in which the overlap begins.
            if f != e and state.start[f] + model.duration[f] > start and max(start, state.start[f]) >= border:
                count += 1
        if model.cell_end[c] >= end:
            return count
        border = model.cell_end[c]
        c += 1


@hot_kernel
def change(model: Model, state: State, e: int, start: int, room: int) -> tuple[float, float]:
    """(gain in score, gain in broken limits) if that event went there; nothing is changed.

    Either place may be NOWHERE. The new one is not blocked, except that today's may lie over others at home.
    """
    old_start, old_room = state.start[e], state.room[e]
    was_moved, is_moved = _is_moved(model, e, old_start, old_room), _is_moved(model, e, start, room)
    gain = place_cost(model, state, e, old_start, old_room) - place_cost(model, state, e, start, room)
    excess = 0.0
    for k in range(model.person_off[e], model.person_off[e + 1]):
        p = model.person[k]
        if start != old_start:
            more, worse = _person_change(model, state, e, p, start, model.person_week[k], is_moved - was_moved)
            gain, excess = gain + more, excess + worse
        elif is_moved != was_moved:
            w = model.person_week[k]
            excess += (
                _excess(model, state, w, state.week[w, FOCUS], state.moves[w] + is_moved - was_moved) - state.excess[w]
            )
    return gain, excess


@hot_kernel
def _is_moved(model: Model, e: int, start: int, room: int) -> int:
    return int(start != NOWHERE and model.home[e] != NOWHERE and not is_home(model, e, start, room))


@hot_kernel
def place_cost(model: Model, state: State, e: int, start: int, room: int) -> float:
    if start == NOWHERE:
        return UNPLACED
    if is_home(model, e, start, room):
        return model.home_cost[e] + _overlap_cost(model, state, e, start, room)
    return 0.0 if model.home[e] == NOWHERE else model.move_cost[e]


@hot_kernel
def _person_change(
    model: Model, state: State, e: int, p: int, start: int, move_week: int, moved: int
) -> tuple[float, float]:
    n = _touch(model, state, p, state.start[e], start, model.duration[e])
    gain = excess = 0.0
    counted = moved == 0
    for i in range(n):
        c = state.touched[i]
        w = model.cell_week[c]
        if w < 0:
            continue
        first = True
        for j in range(i):
            first = first and model.cell_week[state.touched[j]] != w
        if not first:
            continue
        f0 = state.week[w, 0]
        f1, c1, f2, c2 = state.week[w, 1], state.week[w, 2], state.week[w, 3], state.week[w, 4]
        for j in range(i, n):
            d = state.touched[j]
            if model.cell_week[d] == w:
                new = cell_values(model, state, d, e, start)
                f0 += new[0] - state.cell[d, 0]
                f1 += new[1] - state.cell[d, 1]
                c1 += new[2] - state.cell[d, 2]
                f2 += new[3] - state.cell[d, 3]
                c2 += new[4] - state.cell[d, 4]
        gain += week_value(model, w, f1, c1, f2, c2) - state.value[w]
        here = moved if w == move_week else 0
        counted = counted or w == move_week
        excess += _excess(model, state, w, f0, state.moves[w] + here) - state.excess[w]
    if not counted:
        w = move_week
        excess += _excess(model, state, w, state.week[w, FOCUS], state.moves[w] + moved) - state.excess[w]
    return gain, excess


@hot_kernel
def _touch(model: Model, state: State, p: int, old: int, new: int, duration: int) -> int:
    """List the cells of a resource that either interval overlaps, each once; their number."""
    n = 0
    if old != NOWHERE:
        c = first_cell(model, p, old)
        while True:
            state.touched[n] = c
            n += 1
            if model.cell_end[c] >= old + duration:
                break
            c += 1
    if new != NOWHERE:
        before = n
        c = first_cell(model, p, new)
        while True:
            known = False
            for i in range(before):
                known = known or state.touched[i] == c
            if not known:
                state.touched[n] = c
                n += 1
            if model.cell_end[c] >= new + duration:
                break
            c += 1
    return n


@hot_kernel
def put(model: Model, state: State, e: int, start: int, room: int) -> None:
    """Put an event there (or NOWHERE) and bring up to date what follows; the totals are the caller's."""
    was_moved = _is_moved(model, e, state.start[e], state.room[e])
    old_start, old_room = state.start[e], state.room[e]
    if old_start != NOWHERE:
        for k in range(model.person_off[e], model.person_off[e + 1]):
            _unlist(model, state, e, model.person[k])
        if old_room >= 0:
            _unlist(model, state, e, model.people + old_room)
    state.start[e], state.room[e] = start, room
    if start != NOWHERE:
        for k in range(model.person_off[e], model.person_off[e + 1]):
            _enlist(model, state, e, model.person[k])
        if room >= 0:
            _enlist(model, state, e, model.people + room)
    moved = _is_moved(model, e, start, room) - was_moved
    for k in range(model.person_off[e], model.person_off[e + 1]):
        _refresh(model, state, model.person[k], old_start, start, model.duration[e], model.person_week[k], moved)


@hot_kernel
def _refresh(model: Model, state: State, p: int, old: int, new: int, duration: int, move_week: int, moved: int) -> None:
    n = _touch(model, state, p, old, new, duration)
    state.moves[move_week] += moved
    if moved:
        _settle_week(model, state, move_week)
    if old == new:
        return
    for i in range(n):
        if model.cell_week[state.touched[i]] >= 0:
            _store_cell(model, state, state.touched[i])
    for i in range(n):
        w = model.cell_week[state.touched[i]]
        if w >= 0:
            _sum_week(model, state, w)
            _settle_week(model, state, w)


@hot_kernel
def _store_cell(model: Model, state: State, c: int) -> None:
    new = cell_values(model, state, c, -1, NOWHERE)
    for i in range(5):
        state.cell[c, i] = new[i]


@hot_kernel
def _sum_week(model: Model, state: State, w: int) -> None:
    for i in range(5):
        state.week[w, i] = 0.0
    for k in range(model.week_off[w], model.week_off[w + 1]):
        for i in range(5):
            state.week[w, i] += state.cell[model.week_cells[k], i]


@hot_kernel
def _settle_week(model: Model, state: State, w: int) -> None:
    state.value[w] = week_value(model, w, state.week[w, 1], state.week[w, 2], state.week[w, 3], state.week[w, 4])
    state.excess[w] = _excess(model, state, w, state.week[w, FOCUS], state.moves[w])


@hot_kernel
def _excess(model: Model, state: State, w: int, focus: float, moves: int) -> float:
    return max(0.0, state.drop_from[w] - focus - SLACK) + max(0, moves - model.week_moves[w])


@hot_kernel
def focus_value(model: Model, w: int, focus: float) -> float:
    goal = model.week_goal[w]
    return model.focus * (min(focus, goal) + model.beyond * max(0.0, focus - goal))


@hot_kernel
def week_value(model: Model, w: int, focus1: float, cost1: float, focus2: float, cost2: float) -> float:
    return max(focus_value(model, w, focus1) - cost1, focus_value(model, w, focus2) - cost2)


@hot_kernel
def _unlist(model: Model, state: State, e: int, resource: int) -> None:
    start, end = state.start[e], state.start[e] + model.duration[e]
    c = first_cell(model, resource, start)
    while True:
        i, last = model.list_off[c], model.list_off[c] + state.held[c] - 1
        while state.listed[i] != e:
            i += 1
        for j in range(i, last):
            state.listed[j] = state.listed[j + 1]
        state.held[c] -= 1
        state.content[c] -= _hash(start, end)
        if model.cell_end[c] >= end:
            return
        c += 1


@hot_kernel
def _enlist(model: Model, state: State, e: int, resource: int) -> None:
    start, end = state.start[e], state.start[e] + model.duration[e]
    c = first_cell(model, resource, start)
    while True:
        first, i = model.list_off[c], model.list_off[c] + state.held[c]
        while i > first and (state.start[state.listed[i - 1]], state.listed[i - 1]) > (start, e):
            state.listed[i] = state.listed[i - 1]
            i -= 1
        state.listed[i] = e
        state.held[c] += 1
        state.content[c] += _hash(start, end)
        if model.cell_end[c] >= end:
            return
        c += 1


@hot_kernel
def cell_values(model: Model, state: State, c: int, e: int, start: int) -> Values:
    """A person-day's five figures with event e at `start` (NOWHERE: away); e = -1: as it is."""
    content = state.content[c]
    if e >= 0:
        if lies_in(model, c, state.start[e], state.start[e] + model.duration[e]):
            content -= _hash(state.start[e], state.start[e] + model.duration[e])
        if lies_in(model, c, start, start + model.duration[e]):
            content += _hash(start, start + model.duration[e])
    slot = np.int64(content & np.uint64(state.known_content.shape[1] - 1))
    if state.known_content[c, slot] != content:
        found = _work_out_cell(model, state, c, e, start)
        for i in range(5):
            state.known[c, slot, i] = found[i]
        state.known_content[c, slot] = content
    known = state.known
    return known[c, slot, 0], known[c, slot, 1], known[c, slot, 2], known[c, slot, 3], known[c, slot, 4]


@hot_kernel
def _hash(start: int, end: int) -> np.uint64:
    """Of an interval; their sum is the hash of several (finalizer of splitmix64)."""
    z = np.uint64((start << 24) ^ end)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@hot_kernel
def lies_in(model: Model, c: int, start: int, end: int) -> bool:
    return start != NOWHERE and start < model.cell_end[c] and _begins_before(model, c, end)


@hot_kernel
def _work_out_cell(model: Model, state: State, c: int, e: int, start: int) -> Values:
    busy = gather(model, state, c, e, start)
    stretches, focus = cut_stretches(model, state, c, busy)
    full, less = model.focus, model.focus * model.beyond
    best_full, best_less = full * focus - model.cell_missed[c], less * focus - model.cell_missed[c]
    focus1, cost1, focus2, cost2 = focus, model.cell_missed[c], focus, model.cell_missed[c]
    for option in range(model.lunch_off[c], model.lunch_off[c + 1]):
        if not lunch_fits(model, state, option, busy):
            continue
        with_lunch = focus - lunch_loss(model, state, c, option, stretches)
        cost = model.lunch_cost[option]
        if full * with_lunch - cost > best_full:
            best_full, focus1, cost1 = full * with_lunch - cost, with_lunch, cost
        if less * with_lunch - cost > best_less:
            best_less, focus2, cost2 = less * with_lunch - cost, with_lunch, cost
    return focus, focus1, cost1, focus2, cost2


@hot_kernel
def gather(model: Model, state: State, c: int, e: int, start: int) -> int:
    """Write the cell's busy intervals into the scratch rows 0 and 1, sorted by start; their number."""
    n = 0
    waiting = e >= 0 and lies_in(model, c, start, start + model.duration[max(e, 0)])
    for i in range(model.list_off[c], model.list_off[c] + state.held[c]):
        f = state.listed[i]
        if f == e:
            continue
        if waiting and state.start[f] > start:
            state.cut[0, n], state.cut[1, n] = start, start + model.duration[e]
            n += 1
            waiting = False
        state.cut[0, n], state.cut[1, n] = state.start[f], state.start[f] + model.duration[f]
        n += 1
    if waiting:
        state.cut[0, n], state.cut[1, n] = start, start + model.duration[e]
        n += 1
    return n


@hot_kernel
def _begins_before(model: Model, c: int, time: int) -> bool:
    """Whether the cell begins before that time."""
    p = model.cell_person[c]
    return c == model.cell_off[p] or model.cell_end[c - 1] < time


@hot_kernel
def cut_stretches(model: Model, state: State, c: int, busy: int) -> tuple[int, float]:
    """Write the free stretches into the scratch rows 2 and 3, their values beside them: (how many, focus)."""
    n, focus = 0, 0.0
    for k in range(model.free_off[c], model.free_off[c + 1]):
        here, end = model.free_start[k], model.free_end[k]
        for i in range(busy):
            if state.cut[1, i] <= here:
                continue
            if state.cut[0, i] >= end:
                break
            if state.cut[0, i] > here:
                state.cut[2, n], state.cut[3, n] = here, state.cut[0, i]
                state.worth[n] = stretch_value(model, c, here, state.cut[0, i])
                focus += state.worth[n]
                n += 1
            here = state.cut[1, i]
            if here >= end:
                break
        if here < end:
            state.cut[2, n], state.cut[3, n] = here, end
            state.worth[n] = stretch_value(model, c, here, end)
            focus += state.worth[n]
            n += 1
    return n, focus


@hot_kernel
def lunch_fits(model: Model, state: State, option: int, busy: int) -> bool:
    for i in range(busy):
        if state.cut[0, i] < model.lunch_end[option] and model.lunch_start[option] < state.cut[1, i]:
            return False
    return True


@hot_kernel
def lunch_loss(model: Model, state: State, c: int, option: int, stretches: int) -> float:
    """The focus that a lunch takes from the stretches in the scratch."""
    start, end, loss = model.lunch_start[option], model.lunch_end[option], 0.0
    for i in range(stretches):
        if state.cut[3, i] <= start:
            continue
        if state.cut[2, i] >= end:
            break
        if state.worth[i] > 0.0:
            loss += state.worth[i]
            if state.cut[2, i] < start:
                loss -= stretch_value(model, c, state.cut[2, i], start)
            if end < state.cut[3, i]:
                loss -= stretch_value(model, c, end, state.cut[3, i])
    return loss


@hot_kernel
def stretch_value(model: Model, c: int, start: int, end: int) -> float:
    p, length = model.cell_person[c], end - start
    if length < model.focus_min[p]:
        return 0.0
    value = float(length) if length >= model.focus_block[p] else length / 2
    side, noon = model.focus_side[p], model.cell_noon[c]
    if side == 1:
        value += model.side_bonus * max(0, min(end, noon) - start)
    elif side == 2:
        value += model.side_bonus * max(0, end - max(start, noon))
    return value
