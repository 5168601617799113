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
    from collections.abc import Iterable

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
    people = _joined(np.arange(model.person_off[e], model.person_off[e + 1]) for e in events.tolist())
    heads = model.person_off[events + 1] - model.person_off[events]
    attend_off = _borders(heads)
    owner = np.repeat(np.arange(events.size), heads)
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
    cells = np.unique(_joined(model.week_cells[model.week_off[w] : model.week_off[w + 1]] for w in part.weeks.tolist()))
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
    nodes = np.unique(np.concatenate(keys))
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
    slots = np.unique(day * FAR + event)
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
    off, starts, costs = [0], [], []
    for e in events.tolist():
        runs = range(model.run_off[e], model.run_off[e + 1])
        found = [model.run_start[k] + model.step * np.arange(model.run_count[k]) for k in runs]
        here = np.concatenate(found) if found and model.room_off[e + 1] > model.room_off[e] else np.empty(0, np.int64)
        home = model.home[e]
        if home == NOWHERE:
            starts.append(here)
            costs.append(np.zeros(here.size))
        else:
            here = here[here != home]
            rooms = model.room[model.room_off[e] : model.room_off[e + 1]]
            other_room = model.home_legal[e] and bool((rooms != model.home_room[e]).any())
            stay = min(model.home_cost[e], model.move_cost[e]) if other_room else model.home_cost[e]
            starts.append(np.append(home, here))
            costs.append(np.append(stay, np.full(here.size, model.move_cost[e])))
        off.append(off[-1] + starts[-1].size)
    empty = np.empty(0, np.int64)
    return (
        np.array(off),
        np.concatenate([empty, *starts]).astype(np.int64),
        np.concatenate([empty, *costs]).astype(float),
    )


def _rows(off: Ints, cells: Ints) -> tuple[Ints, Ints]:
    """(day, row) of each row that belongs to one of the cells, in order."""
    count = off[cells + 1] - off[cells]
    day = np.repeat(np.arange(cells.size), count)
    return day, np.arange(day.size) - _borders(count)[day] + off[cells][day]


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


def _joined(rows: Iterable[Ints]) -> Ints:
    return np.concatenate([np.empty(0, np.int64), *rows])


def _borders(count: Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(count)))


def _view(**columns: Any) -> Graphs:
    arrays: dict[str, Any] = {
        name: np.ascontiguousarray(column, np.float64 if column.dtype.kind == "f" else np.int64)
        for name, column in columns.items()
    }
    found: Graphs = view(Graphs(**arrays))
    return found
