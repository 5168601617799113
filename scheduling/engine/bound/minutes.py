"""An upper bound on the score of any solution, week by week and person by person.

In a person's week, only the fixed events are certain to be where they are. Of each movable event it is known how many
minutes of the person's free time it takes at least, wherever it goes. Relaxed, these minutes may be taken anywhere,
cut as finely as one likes. With a price per minute on them (Lagrange), each free stretch decides for itself how much of
it is kept; any price gives a valid bound, the best of a few is taken. The bend of the week's value at its goal is
relaxed by a tangent in the same way. Two events at today's places may overlap and take less; that costs a conflict,
hence no more minutes of one event are counted than a conflict is worth at that price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduling.engine.arrays import NOWHERE, Ints, Model
from scheduling.engine.compiled import hot_kernel, kernel
from scheduling.engine.kernels import first_cell

if TYPE_CHECKING:
    from scheduling.engine.components import Part

TANGENTS = 5
PRICES = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.55, 0.625, 0.75, 0.875, 1.0, 1.1])
MOST_STARTS = 4000  # of an event with more, nothing is known


def part_bound(model: Model, part: Part) -> float:
    """An upper bound on what this part adds to the score, in the terms of `State.total`."""
    minutes, off, week = _least_minutes(model, part.events)
    return float(_bound(model, part.events, part.weeks, minutes, off, week))


@kernel
def _least_minutes(model: Model, events: Ints) -> tuple[Ints, Ints, Ints]:
    """For each attendee of each event: the minutes of free time it takes at least, and the week that loses them."""
    off = np.zeros(events.size + 1, np.int64)
    for i in range(events.size):
        off[i + 1] = off[i] + model.person_off[events[i] + 1] - model.person_off[events[i]]
    minutes, week = np.zeros(off[-1], np.int64), np.full(off[-1], -1, np.int64)
    for i in range(events.size):
        e = events[i]
        if model.starts[e] > MOST_STARTS:
            continue
        for k in range(off[i + 1] - off[i]):
            minutes[off[i] + k], week[off[i] + k] = _least(model, e, model.person[model.person_off[e] + k])
    return minutes, off, week


@hot_kernel
def _least(model: Model, e: int, p: int) -> tuple[int, int]:
    least, week = model.duration[e], -1
    if model.home[e] != NOWHERE:
        taken, week = _taken(model, e, p, model.home[e])
        least = min(least, taken)
    for k in range(model.run_off[e], model.run_off[e + 1]):
        for i in range(model.run_count[k]):
            taken, here = _taken(model, e, p, model.run_start[k] + i * model.step)
            if week == -1:
                week = here
            if here != week:
                return 0, -1
            least = min(least, taken)
    return least, week


@hot_kernel
def _taken(model: Model, e: int, p: int, start: int) -> tuple[int, int]:
    """Minutes of free time in the cell in which an event begins, and the cell's week."""
    c, taken = first_cell(model, p, start), 0
    for k in range(model.free_off[c], model.free_off[c + 1]):
        taken += max(0, min(model.free_end[k], start + model.duration[e]) - max(model.free_start[k], start))
    return taken, model.cell_week[c]


@kernel
def _bound(model: Model, events: Ints, weeks: Ints, minutes: Ints, off: Ints, week: Ints) -> float:
    total = 0.0
    for i in range(events.size):
        e = events[i]
        if model.home[e] != NOWHERE:
            total -= min(model.home_cost[e], model.move_cost[e])
    for w in weeks:
        count = 0
        for i in range(week.size):
            count += week[i] == w
        here = np.empty(count, np.int64)
        count = 0
        for i in range(week.size):
            if week[i] == w:
                here[count] = minutes[i]
                count += 1
        total += _week_bound(model, w, here)
    return total


@kernel
def _week_bound(model: Model, w: int, taken: Ints) -> float:
    """The least of the bounds that the tangents and prices give; `taken`: minutes that each event takes."""
    best = np.inf
    for t in range(TANGENTS):
        slope = model.beyond + (1.0 - model.beyond) * t / (TANGENTS - 1)
        level = (1.0 - slope) * model.week_goal[w]
        if model.beyond > 1.0:  # the bend is upwards: no tangent, but the steeper line is above
            slope, level = model.beyond, 0.0
        for share in PRICES:
            price = model.focus * slope * share
            value = model.focus * level
            for minutes in taken:
                value -= price * minutes if price * minutes < model.conflict else model.conflict
            for k in range(model.week_off[w], model.week_off[w + 1]):
                value += _day_bound(model, model.week_cells[k], model.focus * slope, price)
            best = min(best, value)
    return best


@hot_kernel
def _day_bound(model: Model, c: int, rate: float, price: float) -> float:
    best = _pieces(model, c, 0, 0, rate, price) - model.cell_missed[c]
    for k in range(model.lunch_off[c], model.lunch_off[c + 1]):
        value = _pieces(model, c, model.lunch_start[k], model.lunch_end[k], rate, price) - model.lunch_cost[k]
        best = max(best, value)
    return best


@hot_kernel
def _pieces(model: Model, c: int, start: int, end: int, rate: float, price: float) -> float:
    """The sum over the day's free stretches, cut by a lunch [start, end)."""
    total = 0.0
    for k in range(model.free_off[c], model.free_off[c + 1]):
        a, b = model.free_start[k], model.free_end[k]
        if end <= a or b <= start or start == end:
            total += _piece(model, c, a, b, rate, price)
        else:
            total += _piece(model, c, a, start, rate, price) + _piece(model, c, end, b, rate, price)
    return total


@hot_kernel
def _piece(model: Model, c: int, start: int, end: int, rate: float, price: float) -> float:
    """The most of rate x focus + price x minutes given away; linear in between, so one of five lengths is best."""
    if end <= start:
        return 0.0
    p, length, preferred = model.cell_person[c], end - start, 0
    if model.focus_side[p] == 1:
        preferred = max(0, min(end, model.cell_noon[c]) - start)
    elif model.focus_side[p] == 2:
        preferred = max(0, end - max(start, model.cell_noon[c]))
    best = price * length
    for choice in range(4):
        kept = length
        if choice == 0:
            kept = model.focus_min[p]
        elif choice == 1:
            kept = model.focus_block[p]
        elif choice == 2:
            kept = preferred
        if model.focus_min[p] <= kept <= length:
            focus = float(kept) if kept >= model.focus_block[p] else kept / 2
            best = max(best, rate * (focus + model.side_bonus * min(preferred, kept)) + price * (length - kept))
    return best
