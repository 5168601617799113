"""What the bound is computed on: each event's starts, and each person-day as a graph of its times.

A person-day is a path from its first time to its last: over events at one of their starts, over one lunch, over
nothing. Multipliers say what a person is paid for an event at a start (`days.py`); there is one for each attendee of
each event and each of its starts, and each is the pay of one arc of one person-day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scheduling.engine.arrays import FAR, NOWHERE, Floats, Ints, Model, cells_at
from scheduling.engine.views import view

if TYPE_CHECKING:
    from scheduling.engine.components import Part

Bools = npt.NDArray[np.bool_]

MOST_ARCS = 5_000_000  # of a part with more the graphs wouldn't fit into memory


class Graphs(NamedTuple):
    """Numbers of events, weeks and days count within the part; nodes are times of one day, in order."""

    choice_off: Ints  # [events + 1]
    choice_start: Ints
    choice_cost: Floats  # what the event's own place costs at least, rooms left out
    attend_off: Ints  # [events + 1]
    attend_pay: Ints  # [attendances]: the first of as many multipliers as the event has starts
    pay_counts: Floats  # [multipliers]: 0 for one that no day looks at; it stays 0
    cell: Ints  # [days]: the model's number of each day
    week: Ints  # [days]
    week_of: Ints  # [weeks]: the model's number of each week
    node_off: Ints  # [days + 1]
    node_time: Ints
    node_into: Ints  # the node (within its day) at which the free stretch up to this node begins; -1: none
    arc_off: Ints  # [nodes + 1]: arcs that leave each node
    arc_pay: Ints  # the multiplier
    arc_to: Ints  # the node (within its day)
    arc_slot: Ints
    arc_clash: Ints  # 1: today's place, and that of another movable event of the person overlaps it
    lunch_off: Ints  # [nodes + 1]
    lunch_to: Ints
    lunch_cost: Floats
    slot_off: Ints  # [days + 1]: the events that may fall on each day
    slot_bit: Ints  # the event's bit in the day's masks; -1: none, so that a path may hold it twice


def build(model: Model, part: Part) -> Graphs | None:
    """None where the part is too large."""
    events = part.events
    choice_off, choice_start, choice_cost = _choices(model, events)
    counts = np.diff(choice_off)
    owner, people = _rows(model.person_off, events)
    attend_off = _borders(model.person_off[events + 1] - model.person_off[events])
    attend_pay = _borders(counts[owner])
    if attend_pay[-1] > MOST_ARCS:
        return None
    # One arc for each attendance and start.
    attendance = np.repeat(np.arange(owner.size), counts[owner])
    choice = np.arange(attend_pay[-1]) - attend_pay[attendance] + choice_off[owner[attendance]]
    person, event = model.person[people][attendance], owner[attendance]
    start = choice_start[choice]
    end = start + model.duration[events][event]
    cell = cells_at(model.cell_person, model.cell_end, person, start)
    pay = np.flatnonzero(model.cell_week[cell] >= 0)
    cells = _distinct(model.week_cells[_rows(model.week_off, part.weeks)[1]])
    day = np.searchsorted(cells, cell[pay])
    start, end, event = start[pay], end[pay], event[pay]
    home = model.home[events][event] == start

    free, lunch = _rows(model.free_off, cells), _rows(model.lunch_off, cells)
    keys = [day * FAR + start, day * FAR + end]
    for (of_day, rows), columns in (
        (free, (model.free_start, model.free_end)),
        (lunch, (model.lunch_start, model.lunch_end)),
    ):
        keys += [of_day * FAR + column[rows] for column in columns]
    keys.append(np.arange(cells.size) * FAR)  # a day without anything has one node
    nodes = _distinct(np.concatenate(keys))
    node_day = nodes // FAR
    node_time = nodes % FAR
    node_off = np.searchsorted(node_day, np.arange(cells.size + 1))

    def node(of_day: Ints, time: Ints) -> Ints:
        return np.searchsorted(nodes, of_day * FAR + time)

    counts_for = np.zeros(attend_pay[-1])
    counts_for[pay] = 1.0
    order = np.lexsort((event, nodes[node(day, start)]))
    pay, day, start, end, event, home = pay[order], day[order], start[order], end[order], event[order], home[order]
    arc_from = node(day, start)
    slots = _distinct(day * FAR + event)
    lunch_order = np.argsort(node(lunch[0], model.lunch_start[lunch[1]]), kind="stable")
    lunch_day, lunch_row = lunch[0][lunch_order], lunch[1][lunch_order]
    free_from = free[0] * FAR + model.free_start[free[1]]
    stretch = np.searchsorted(free_from, nodes, side="left") - 1
    inside = (stretch >= 0) & (free[0].take(stretch, mode="clip") == node_day if free[0].size else False)
    if free[0].size:
        inside &= node_time <= model.free_end[free[1][stretch]]
        into = np.where(inside, np.searchsorted(nodes, free_from[stretch]) - node_off[node_day], -1)
    else:
        into = np.full(nodes.size, -1)
    return _view(
        choice_off=choice_off, choice_start=choice_start, choice_cost=choice_cost,
        attend_off=attend_off, attend_pay=attend_pay[:-1], pay_counts=counts_for,
        cell=cells, week=np.searchsorted(part.weeks, model.cell_week[cells]), week_of=part.weeks,
        node_off=node_off, node_time=node_time, node_into=into,
        arc_off=np.searchsorted(arc_from, np.arange(nodes.size + 1)),
        arc_pay=pay, arc_to=node(day, end) - node_off[day], arc_slot=np.searchsorted(slots, day * FAR + event),
        arc_clash=(home & _clashes(day, event, start, end, home)).astype(np.int64),
        lunch_off=np.searchsorted(node(lunch_day, model.lunch_start[lunch_row]), np.arange(nodes.size + 1)),
        lunch_to=node(lunch_day, model.lunch_end[lunch_row]) - node_off[lunch_day],
        lunch_cost=model.lunch_cost[lunch_row],
        slot_off=np.searchsorted(slots // FAR, np.arange(cells.size + 1)), slot_bit=np.full(slots.size, -1),
    )  # fmt: skip


def _choices(model: Model, events: Ints) -> tuple[Ints, Ints, Floats]:
    """Each event's starts, today's first, and the least that a place with that start costs."""
    home, home_room = model.home[events], model.home_room[events]
    of_room, rooms = _rows(model.room_off, events)
    has_room, has_other = np.zeros(events.size, np.bool_), np.zeros(events.size, np.bool_)
    has_room[of_room] = True
    has_other[of_room[model.room[rooms] != home_room[of_room]]] = True
    of_run, runs = _rows(model.run_off, events)
    count = model.run_count[runs]
    of_start = np.repeat(of_run, count)
    nth = np.arange(of_start.size) - np.repeat(_borders(count)[:-1], count)
    start = np.repeat(model.run_start[runs], count) + model.step * nth
    elsewhere = has_room[of_start] & (start != home[of_start])
    of_start, start = of_start[elsewhere], start[elsewhere]
    placed = np.flatnonzero(home != NOWHERE)
    other_room = (model.home_legal[events] != 0) & has_other
    stay = model.home_cost[events]
    stay = np.where(other_room, np.minimum(stay, model.move_cost[events]), stay)
    go = np.where(home == NOWHERE, 0.0, model.move_cost[events])
    owner = np.concatenate((placed, of_start))
    order = np.argsort(owner, kind="stable")
    return (
        _borders(np.bincount(owner, minlength=events.size)),
        np.concatenate((home[placed], start))[order],
        np.concatenate((stay[placed], go[of_start]))[order],
    )


def _rows(off: Ints, owners: Ints) -> tuple[Ints, Ints]:
    """(number of the owner, row) of each row that belongs to one of the owners, in order."""
    count = off[owners + 1] - off[owners]
    owner = np.repeat(np.arange(owners.size), count)
    return owner, np.arange(owner.size) - _borders(count)[owner] + off[owners][owner]


def _clashes(
    day: Ints, event: Ints, start: Ints, end: Ints, home: np.typing.NDArray[np.bool_]
) -> np.typing.NDArray[np.bool_]:
    """Which arcs at home overlap another event's home on the same day."""
    found = np.zeros(day.size, np.bool_)
    rows = np.flatnonzero(home)
    for i, a in enumerate(rows):
        for b in rows[i + 1 :]:
            if day[b] != day[a] or start[b] >= end[a]:
                break
            if event[a] != event[b]:
                found[a] = found[b] = True
    return found


def _distinct(keys: Ints) -> Ints:
    """In order. `np.unique` hashes, which takes ten times as long for millions of keys."""
    keys = np.sort(keys)
    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if keys.size else keys


def _borders(count: Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(count)))


def _view(**columns: Any) -> Graphs:
    arrays: dict[str, Any] = {
        name: np.ascontiguousarray(column, np.float64 if column.dtype.kind == "f" else np.int64)
        for name, column in columns.items()
    }
    found: Graphs = view(Graphs(**arrays))
    return found
