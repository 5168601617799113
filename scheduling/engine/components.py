"""Independent parts: movable events that share, directly or through others, a person's week or a room's day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scheduling.engine.arrays import NOWHERE, Ints, Model
from scheduling.engine.compiled import kernel
from scheduling.engine.kernels import first_cell


class Part(NamedTuple):
    """Movable events, and the weeks (person, week) whose value they may change. Parts share neither."""

    events: Ints
    weeks: Ints


def parts(model: Model) -> list[Part]:
    """All parts, by their first event. `model` is a view."""
    event_root, week_root = _roots(model)
    events, weeks = _groups(event_root), _groups(week_root)
    nothing = np.empty(0, np.int64)
    return [Part(found, weeks.get(root, nothing)) for root, found in events.items()]


def untouched_weeks(model: Model, found: list[Part]) -> Ints:
    """The weeks of people whom no movable event concerns."""
    free = np.ones(model.week_goal.size, np.bool_)
    for part in found:
        free[part.weeks] = False
    return np.flatnonzero(free)


def _groups(root: Ints) -> dict[int, Ints]:
    """Numbers by their root (-1: in none), both in order."""
    order = np.argsort(root, kind="stable")
    order = order[root[order] >= 0]
    keys, first = np.unique(root[order], return_index=True)
    return dict(zip(keys.tolist(), np.split(order, first[1:]), strict=True)) if keys.size else {}


@kernel
def _roots(model: Model) -> tuple[Ints, Ints]:
    """The first event of each event's part, and of each week's (-1: none)."""
    root = np.arange(model.home.size)
    of_week, of_cell = np.full(model.week_goal.size, -1), np.full(model.cell_end.size, -1)
    for e in range(model.home.size):
        for k in range(model.person_off[e], model.person_off[e + 1]):
            _join(root, of_week, model.person_week[k], e)
            _join_cells(model, root, of_week, of_cell, model.person[k], e)
        if model.home_room[e] >= 0:
            _join_cells(model, root, of_week, of_cell, model.people + model.home_room[e], e)
        for k in range(model.room_off[e], model.room_off[e + 1]):
            if model.room[k] >= 0:
                _join_cells(model, root, of_week, of_cell, model.people + model.room[k], e)
    for e in range(root.size):
        root[e] = _root(root, e)
    for w in range(of_week.size):
        if of_week[w] >= 0:
            of_week[w] = _root(root, of_week[w])
    return root, of_week


@kernel
def _join_cells(model: Model, root: Ints, of_week: Ints, of_cell: Ints, resource: int, e: int) -> None:
    """Join an event with all others that may be in the same week or, where there is no week, the same cell."""
    if model.home[e] != NOWHERE:
        _join_from(model, root, of_week, of_cell, resource, e, model.home[e])
    for k in range(model.run_off[e], model.run_off[e + 1]):
        start, last = model.run_start[k], model.run_start[k] + (model.run_count[k] - 1) * model.step
        while start <= last:
            border = _join_from(model, root, of_week, of_cell, resource, e, start)
            # The next start that reaches beyond that cell.
            start += max(1, (border - start - model.duration[e]) // model.step) * model.step


@kernel
def _join_from(model: Model, root: Ints, of_week: Ints, of_cell: Ints, resource: int, e: int, start: int) -> int:
    c = first_cell(model, resource, start)
    while True:
        if model.cell_week[c] >= 0:
            _join(root, of_week, model.cell_week[c], e)
        else:
            _join(root, of_cell, c, e)
        if model.cell_end[c] >= start + model.duration[e]:
            return model.cell_end[c]
        c += 1


@kernel
def _join(root: Ints, of: Ints, key: int, e: int) -> None:
    if of[key] < 0:
        of[key] = e
    a, b = _root(root, of[key]), _root(root, e)
    root[max(a, b)] = min(a, b)


@kernel
def _root(root: Ints, event: int) -> int:
    while root[event] != event:
        root[event] = root[root[event]]
        event = root[event]
    return event
