"""The best lunches for given places, exactly.

A week's value is concave in its focus, so of each day only the Pareto front of (focus, cost of lunch) matters, and of
the days so far only the front of their sums: a dynamic program over the person's week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduling.engine.arrays import NOWHERE, Floats, Ints, Model
from scheduling.engine.compiled import hot_kernel, kernel
from scheduling.engine.kernels import (
    FOCUS_FULL,
    FOCUS_LESS,
    cut_stretches,
    focus_value,
    gather,
    lunch_fits,
    lunch_loss,
)

if TYPE_CHECKING:
    from scheduling.engine.kernels import State

NO_LUNCH = -1


@kernel
def best_lunches(model: Model, state: State, weeks: Ints, chosen: Ints) -> float:
    """Write the best lunch of each day of these weeks into chosen[cells]; the sum of the weeks' values.

    A lunch is an index of the model's lunches, or NO_LUNCH.
    """
    total = 0.0
    for w in weeks:
        total += best_week(model, state, w, chosen)
    return total


@kernel
def best_week(model: Model, state: State, w: int, chosen: Ints) -> float:
    first, days = model.week_off[w], model.week_off[w + 1] - model.week_off[w]
    if days == 0:
        return 0.0
    if model.beyond <= 1.0:  # a minute beyond the goal is worth no more, so that no plan is above either tangent
        for tangent, touches in ((1.0, state.week[w, FOCUS_FULL] <= model.week_goal[w]),
                                 (model.beyond, state.week[w, FOCUS_LESS] >= model.week_goal[w])):  # fmt: skip
            if touches:
                for k in range(first, first + days):
                    chosen[model.week_cells[k]] = best_lunch(model, state, model.week_cells[k], model.focus * tangent)
                return float(state.value[w])
    off = np.zeros(days + 2, np.int64)
    focus, cost = np.zeros(1), np.zeros(1)
    all_parents, all_options = np.empty(256, np.int64), np.empty(256, np.int64)
    size = 0
    for d in range(days):
        day_focus, day_cost, day_option = day_front(model, state, model.week_cells[first + d])
        focus, cost, parents, options = _combine(focus, cost, day_focus, day_cost, day_option)
        while size + parents.size > all_parents.size:
            all_parents = np.append(all_parents, np.empty_like(all_parents))
            all_options = np.append(all_options, np.empty_like(all_options))
        all_parents[size : size + parents.size] = parents
        all_options[size : size + parents.size] = options
        off[d] = size
        size += parents.size
    best, best_value = 0, -np.inf
    for i in range(focus.size):
        value = focus_value(model, w, focus[i]) - cost[i]
        if value > best_value:
            best, best_value = i, value
    for d in range(days - 1, -1, -1):
        chosen[model.week_cells[first + d]] = all_options[off[d] + best]
        best = all_parents[off[d] + best]
    return best_value


@hot_kernel
def best_lunch(model: Model, state: State, c: int, worth: float) -> int:
    """A day's best choice of lunch where a minute of focus is worth that much; among equals the first."""
    busy = gather(model, state, c, -1, NOWHERE)
    stretches, _ = cut_stretches(model, state, c, busy)
    best, least = NO_LUNCH, model.cell_missed[c]
    for k in range(model.lunch_off[c], model.lunch_off[c + 1]):
        if lunch_fits(model, state, k, busy):
            cost = worth * lunch_loss(model, state, c, k, stretches) + model.lunch_cost[k]
            if cost < least:
                best, least = k, cost
    return best


@kernel
def day_front(model: Model, state: State, c: int) -> tuple[Floats, Floats, Ints]:
    """A day's choices of lunch that no other beats in both focus and cost: (focus, cost, option)."""
    busy = gather(model, state, c, -1, NOWHERE)
    stretches, free = cut_stretches(model, state, c, busy)
    most = model.lunch_off[c + 1] - model.lunch_off[c] + 1
    focus, cost, option = np.empty(most), np.empty(most), np.empty(most, np.int64)
    focus[0], cost[0], option[0] = free, model.cell_missed[c], NO_LUNCH
    n = 1
    for k in range(model.lunch_off[c], model.lunch_off[c + 1]):
        if lunch_fits(model, state, k, busy):
            focus[n], cost[n], option[n] = free - lunch_loss(model, state, c, k, stretches), model.lunch_cost[k], k
            n += 1
    keep = front(focus[:n], cost[:n])
    return focus[keep], cost[keep], option[keep]


@kernel
def front(focus: Floats, cost: Floats) -> Ints:
    """Indexes of the Pareto front: less focus only for less cost."""
    by_cost = np.argsort(cost, kind="mergesort")
    order = by_cost[np.argsort(-focus[by_cost], kind="mergesort")]
    keep = np.empty(order.size, np.int64)
    n, least = 0, np.inf
    for i in order:
        if cost[i] < least - 1e-9:
            keep[n], least = i, cost[i]
            n += 1
    return keep[:n].copy()


@kernel
def _combine(
    focus: Floats, cost: Floats, day_focus: Floats, day_cost: Floats, day_option: Ints
) -> tuple[Floats, Floats, Ints, Ints]:
    sums, costs = np.empty(focus.size * day_focus.size), np.empty(focus.size * day_focus.size)
    for i in range(focus.size):
        for j in range(day_focus.size):
            sums[i * day_focus.size + j] = focus[i] + day_focus[j]
            costs[i * day_focus.size + j] = cost[i] + day_cost[j]
    keep = front(sums, costs)
    return sums[keep], costs[keep], (keep // day_focus.size).astype(np.int64), day_option[keep % day_focus.size]
