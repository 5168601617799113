"""The best path through one person-day for given pays: a dynamic program over its times.

Beside each time stand the values of all ways to get there, by lunch (had or not) and by the set of events on the way
that have a bit. A free stretch may be cut anywhere, since the pieces are never worth more than the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduling.engine.arrays import Floats, Ints, Model
from scheduling.engine.compiled import hot_kernel
from scheduling.engine.views import view

if TYPE_CHECKING:
    from scheduling.engine.bound.graphs import Graphs


class Paths(NamedTuple):
    """Scratch of one person-day, as large as the largest needs; [nodes, lunch, mask]."""

    reached: Floats  # the best way to be free from that time on
    arrived: Floats  # the best way whose last event ends then
    half: Floats  # [lunch, mask]: the best start of a stretch worth half its length
    full: Floats
    picked: Ints  # the multipliers on the best path
    slots: Ints  # and their slots


def new_paths(graph: Graphs, most_bits: int) -> Paths:
    widest, size = int(np.diff(graph.node_off).max(initial=1)), 2 << most_bits
    found: Paths = view(
        Paths(
            reached=np.zeros(widest * size), arrived=np.zeros(widest * size), half=np.zeros(size), full=np.zeros(size),
            picked=np.zeros(2 * widest, np.int64), slots=np.zeros(2 * widest, np.int64),
        )
    )  # fmt: skip
    return found


@hot_kernel
def _gauge(model: Model, c: int, time: int, share: float) -> float:
    """A stretch [a, b) that is worth `share` of its length, is worth the gauge of b less that of a."""
    side, noon = model.focus_side[model.cell_person[c]], model.cell_noon[c]
    value = time * share
    if side == 1:
        value += model.side_bonus * min(time, noon)
    elif side == 2:
        value += model.side_bonus * max(time, noon)
    return value


@hot_kernel
def best_day(model: Model, graph: Graphs, paths: Paths, pays: Floats, d: int, bits: int, rate: float) -> float:
    """The value of the best path; leaves the ways in `paths`. `rate`: what a minute of focus is worth."""
    size = 2 << bits
    first, count = graph.node_off[d], graph.node_off[d + 1] - graph.node_off[d]
    c = graph.cell[d]
    p = model.cell_person[c]
    least, block = model.focus_min[p], model.focus_block[p]
    reached, arrived, half, full = paths.reached, paths.arrived, paths.half, paths.full
    for i in range(count * size):
        arrived[i] = -np.inf
    stretch = next_half = next_full = -1
    for j in range(count):
        time, here = graph.node_time[first + j], j * size
        if j == 0:
            for k in range(size):
                reached[k] = -np.inf
            reached[0] = 0.0
        else:
            for k in range(size):
                reached[here + k] = max(reached[here - size + k], arrived[here + k])
        into = graph.node_into[first + j]
        if into >= 0:
            if into != stretch:
                stretch = next_half = next_full = into
                for k in range(size):
                    half[k] = full[k] = -np.inf
            while graph.node_time[first + next_half] <= time - least:
                less = rate * _gauge(model, c, graph.node_time[first + next_half], 0.5)
                for k in range(size):
                    half[k] = max(half[k], reached[next_half * size + k] - less)
                next_half += 1
            while graph.node_time[first + next_full] <= time - block:
                less = rate * _gauge(model, c, graph.node_time[first + next_full], 1.0)
                for k in range(size):
                    full[k] = max(full[k], reached[next_full * size + k] - less)
                next_full += 1
            more_half, more_full = rate * _gauge(model, c, time, 0.5), rate * _gauge(model, c, time, 1.0)
            for k in range(size):
                reached[here + k] = max(reached[here + k], max(half[k] + more_half, full[k] + more_full))
        for a in range(graph.arc_off[first + j], graph.arc_off[first + j + 1]):
            to, pay, bit = graph.arc_to[a], pays[graph.arc_pay[a]], graph.slot_bit[graph.arc_slot[a]]
            if graph.arc_clash[a] == 1:
                for j2 in range(count - 1, j, -1):
                    _extend(arrived, arrived, j2 * size, max(j2, to) * size, size, bit, pay - model.conflict)
            _extend(reached, arrived, here, to * size, size, bit, pay)
        half_size = size // 2
        for a in range(graph.lunch_off[first + j], graph.lunch_off[first + j + 1]):
            there, cost = graph.lunch_to[a] * size + half_size, graph.lunch_cost[a]
            for k in range(half_size):
                arrived[there + k] = max(arrived[there + k], reached[here + k] - cost)
    end = (count - 1) * size
    best = -np.inf
    for k in range(size):
        best = max(best, reached[end + k] - (model.cell_missed[c] if k < size // 2 else 0.0))
    return best


@hot_kernel
def _extend(source: Floats, target: Floats, here: int, there: int, size: int, bit: int, pay: float) -> None:
    """Go on over an event, with every mask that doesn't hold it."""
    if bit < 0:
        for k in range(size):
            target[there + k] = max(target[there + k], source[here + k] + pay)
        return
    width = 1 << bit
    for block in range(0, size, 2 * width):
        for k in range(block, block + width):
            target[there + k + width] = max(target[there + k + width], source[here + k] + pay)


@hot_kernel
def trace(
    model: Model, graph: Graphs, paths: Paths, pays: Floats, d: int, bits: int, rate: float, best: float
) -> tuple[int, float]:
    """Follow the best path back: its multipliers into `paths.picked` and `paths.slots`; (how many, focus minutes)."""
    size = 2 << bits
    first, count = graph.node_off[d], graph.node_off[d + 1] - graph.node_off[d]
    c = graph.cell[d]
    p = model.cell_person[c]
    reached, arrived = paths.reached, paths.arrived
    j, k, n, focus = count - 1, 0, 0, 0.0
    for i in range(size):
        if reached[j * size + i] - (model.cell_missed[c] if i < size // 2 else 0.0) == best:
            k = i
    on_arrival = False
    while j > 0:
        value = arrived[j * size + k] if on_arrival else reached[j * size + k]
        if not on_arrival and value == reached[(j - 1) * size + k]:
            j -= 1
            continue
        if value == arrived[j * size + k]:
            found = False
            for i in range(j):
                for a in range(graph.arc_off[first + i], graph.arc_off[first + i + 1]):
                    bit = graph.slot_bit[graph.arc_slot[a]]
                    if graph.arc_to[a] > j or (bit >= 0 and not k >> bit & 1):
                        continue
                    before = k if bit < 0 else k - (1 << bit)
                    pay = pays[graph.arc_pay[a]]
                    if graph.arc_to[a] == j and reached[i * size + before] + pay == value:
                        found, to, on_arrival = True, i, False
                    elif graph.arc_clash[a] == 1:
                        for j2 in range(i + 1, j + 1):
                            earlier = arrived[j2 * size + before] + (pay - model.conflict)
                            if max(j2, graph.arc_to[a]) == j and earlier == value and (j2 != j or bit >= 0):
                                found, to, on_arrival = True, j2, True
                    if found:
                        paths.picked[n], paths.slots[n] = graph.arc_pay[a], graph.arc_slot[a]
                        n += 1
                        j, k = to, before
                        break
                if found:
                    break
                if k >= size // 2:
                    for a in range(graph.lunch_off[first + i], graph.lunch_off[first + i + 1]):
                        if graph.lunch_to[a] == j and reached[i * size + k - size // 2] - graph.lunch_cost[a] == value:
                            found, on_arrival = True, False
                            j, k = i, k - size // 2
                            break
                if found:
                    break
            if found:
                continue
            break
        on_arrival = False
        time, into = graph.node_time[first + j], graph.node_into[first + j]
        found = False
        for i in range(max(into, 0), j):
            begin = graph.node_time[first + i]
            for option in range(2):
                share = 1.0 if option == 0 else 0.5
                if time - begin < (model.focus_block[p] if option == 0 else model.focus_min[p]):
                    continue
                less, more = rate * _gauge(model, c, begin, share), rate * _gauge(model, c, time, share)
                if reached[i * size + k] - less + more == value:
                    focus += _gauge(model, c, time, share) - _gauge(model, c, begin, share)
                    found, j = True, i
                    break
            if found:
                break
        if not found:
            break
    return n, focus
