"""Lagrange multipliers: what each attendee is paid for an event at each of its starts.

Relaxed is that all attendees of an event mean the same start: each person-day takes the events that pay it best, each
event the start at which it pays least, and the sum of their values bounds every plan, whatever the pays. Also relaxed:
rooms, limits, and the bend of a week's value at its goal, which a tangent replaces. The pays follow the subgradient
with steps after Polyak (1969) towards the best plan known, along an average of the last directions (Camerini, Fratta,
Maffioli, 1975). A path that holds one event twice makes this event's use a state of that day's program (as in
decremental state space relaxation: Righini, Salani, 2008), up to a few events a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduling.engine.arrays import Floats, Ints, Model
from scheduling.engine.bound import graphs
from scheduling.engine.bound.days import Paths, best_day, new_paths, trace
from scheduling.engine.compiled import hot_kernel
from scheduling.engine.views import view

if TYPE_CHECKING:
    from scheduling.engine.bound.graphs import Graphs
    from scheduling.engine.components import Part

MOST_BITS = 6
MEMORY = 0.7  # share of the last direction in the next
PATIENCE = 20  # steps without progress before they get shorter
SHORTER = 0.7
SHORTEST = 1e-3
TANGENT_SCALE = 300.0  # minutes of pay that count as much as a tangent turned from flat to steep
SAFE = 1e-11  # relative; far more than sums of some thousand terms lose in floating point
PROGRESS = 1e-4  # of the distance to the best plan
FORCE = 131072.0  # a pay that no path can refuse

BEST, LENGTH, SINCE, LAST = 0, 1, 2, 3


class Multipliers(NamedTuple):
    """`now` is where the next step begins, `best` gave the least bound so far."""

    pay: Floats
    slope: Floats  # [weeks]: of the tangent, from `beyond_goal` to 1
    best_pay: Floats
    best_slope: Floats
    pay_step: Floats
    slope_step: Floats
    pay_gradient: Floats
    slope_gradient: Floats
    bits: Ints  # [days]: how many events have a bit
    open: Ints  # [choices]: 0 for a start that is ruled out
    loss: Floats  # [pays]: what the day loses if it must hold that arc
    figures: Floats  # BEST, LENGTH, SINCE, LAST


class Ascent:
    """The bound of one part, which each call of `climb` may improve."""

    def __init__(self, model: Model, part: Part, graph: Graphs) -> None:
        self.model, self.part, self.graph = model, part, graph
        pays = int((np.diff(graph.attend_off) * np.diff(graph.choice_off)).sum())
        days, weeks = graph.cell.size, graph.week_of.size
        self.now: Multipliers = view(
            Multipliers(
                pay=np.zeros(pays), slope=np.full(weeks, max(1.0, float(model.beyond))),
                best_pay=np.zeros(pays), best_slope=np.full(weeks, max(1.0, float(model.beyond))),
                pay_step=np.zeros(pays), slope_step=np.zeros(weeks),
                pay_gradient=np.zeros(pays), slope_gradient=np.zeros(weeks),
                bits=np.zeros(days, np.int64), open=np.ones(graph.choice_start.size, np.int64), loss=np.zeros(pays),
                figures=np.array([np.inf, 1.0, 0.0, np.inf]),
            )
        )  # fmt: skip
        self._paths: Paths = new_paths(graph, MOST_BITS)

    @property
    def bound(self) -> float:
        """Valid for the starts that are open."""
        best = float(self.now.figures[BEST])
        return best + SAFE * abs(best)

    @property
    def at_rest(self) -> bool:
        """Whether further steps would be too short to bring anything."""
        return bool(self.now.figures[LENGTH] < SHORTEST)

    def climb(self, steps: int, target: float) -> None:
        """So many steps towards `target`, the score of the best plan known; ends early where the bound gets there."""
        climb(self.model, self.graph, self._paths, self.now, steps, target)

    def restart(self, opened: Ints, pay: Floats, slope: Floats) -> None:
        """Go on from these multipliers with these starts open."""
        now = self.now
        now.open[:], now.pay[:], now.slope[:] = opened, pay, slope
        close(self.graph, now)
        now.pay_step[:], now.slope_step[:] = 0.0, 0.0
        now.figures[:] = np.inf, 0.5, 0.0, np.inf

    def rule_out(self, target: float) -> float:
        """Close each start with which no plan beats `target`; the number of combinations that are left."""
        rule_out(self.model, self.graph, self._paths, self.now, target)
        left = np.add.reduceat(self.now.open, self.graph.choice_off[:-1]) if self.now.open.size else np.zeros(0)
        return float(np.prod(left.astype(float)))


def begin(model: Model, part: Part) -> Ascent | None:
    """None where the part is too large for graphs."""
    found = graphs.build(model, part)
    return None if found is None else Ascent(model, part, found)


@hot_kernel
def climb(model: Model, graph: Graphs, paths: Paths, now: Multipliers, steps: int, target: float) -> None:
    figures = now.figures
    for _ in range(steps):
        value = evaluate(model, graph, paths, now)
        if value < figures[BEST] - PROGRESS * abs(figures[BEST] - target):
            figures[SINCE] = 0.0
        else:
            figures[SINCE] += 1.0
        if value < figures[BEST]:
            figures[BEST] = value
            _copy(now.pay, now.best_pay)
            _copy(now.slope, now.best_slope)
        if figures[BEST] <= target or figures[LENGTH] < SHORTEST:
            return
        if figures[SINCE] > PATIENCE:
            figures[SINCE] = 0.0
            figures[LENGTH] *= SHORTER
            _copy(now.best_pay, now.pay)
            _copy(now.best_slope, now.slope)
            _clear(now.pay_step)
            _clear(now.slope_step)
            continue
        norm = 0.0
        for i in range(now.pay.size):
            now.pay_step[i] = MEMORY * now.pay_step[i] + now.pay_gradient[i]
            norm += now.pay_step[i] * now.pay_step[i]
        for w in range(now.slope.size):
            now.slope_step[w] = MEMORY * now.slope_step[w] + now.slope_gradient[w] / TANGENT_SCALE
            norm += now.slope_step[w] * now.slope_step[w]
        if norm < 1e-12:
            return
        step = figures[LENGTH] * (value - target) / norm
        for i in range(now.pay.size):
            now.pay[i] -= step * now.pay_step[i]
        if model.beyond <= 1.0:  # else no tangent bounds the week's value, but the steeper line
            for w in range(now.slope.size):
                now.slope[w] = min(1.0, max(model.beyond, now.slope[w] - step * now.slope_step[w] / TANGENT_SCALE))


@hot_kernel
def evaluate(model: Model, graph: Graphs, paths: Paths, now: Multipliers) -> float:
    """The bound that the multipliers give, and its subgradient."""
    total = 0.0
    for w in range(now.slope.size):
        goal = model.focus * model.week_goal[graph.week_of[w]]
        total += max(0.0, 1.0 - now.slope[w]) * goal
        now.slope_gradient[w] = -goal
    _clear(now.pay_gradient)
    for d in range(graph.cell.size):
        rate = model.focus * now.slope[graph.week[d]]
        best = best_day(model, graph, paths, now.pay, d, now.bits[d], rate)
        count, focus = trace(model, graph, paths, now.pay, d, now.bits[d], rate, best)
        total += best
        now.slope_gradient[graph.week[d]] += model.focus * focus
        for i in range(count):
            now.pay_gradient[paths.picked[i]] += 1.0
            slot = paths.slots[i]
            for j in range(i):
                if paths.slots[j] == slot and graph.slot_bit[slot] < 0 and now.bits[d] < MOST_BITS:
                    graph.slot_bit[slot] = now.bits[d]
                    now.bits[d] += 1
    for e in range(graph.attend_off.size - 1):
        best, at = _best_start(graph, now, e)
        total += best
        if at >= 0:
            for a in range(graph.attend_off[e], graph.attend_off[e + 1]):
                now.pay_gradient[graph.attend_pay[a] + at] -= 1.0
    for i in range(now.pay.size):
        now.pay_gradient[i] *= graph.pay_counts[i]
    return total


@hot_kernel
def _copy(source: Floats, target: Floats) -> None:
    for i in range(source.size):
        target[i] = source[i]


@hot_kernel
def _clear(target: Floats) -> None:
    for i in range(target.size):
        target[i] = 0.0


@hot_kernel
def _best_start(graph: Graphs, now: Multipliers, e: int) -> tuple[float, int]:
    """(value, which of the event's starts); minus infinity where none is open."""
    best, at = -np.inf, -1
    for i in range(graph.choice_off[e + 1] - graph.choice_off[e]):
        if now.open[graph.choice_off[e] + i] == 1:
            value = _start_value(graph, now, e, i)
            if value > best:
                best, at = value, i
    return best, at


@hot_kernel
def _start_value(graph: Graphs, now: Multipliers, e: int, i: int) -> float:
    value = -graph.choice_cost[graph.choice_off[e] + i]
    for a in range(graph.attend_off[e], graph.attend_off[e + 1]):
        value -= now.pay[graph.attend_pay[a] + i]
    return value


@hot_kernel
def rule_out(model: Model, graph: Graphs, paths: Paths, now: Multipliers, target: float) -> None:
    """A start costs at least what its event loses by it, and what each attendee's day loses if it must be there."""
    _copy(now.best_pay, now.pay)
    _copy(now.best_slope, now.slope)
    _clear(now.loss)
    for d in range(graph.cell.size):
        rate = model.focus * now.slope[graph.week[d]]
        best = best_day(model, graph, paths, now.pay, d, now.bits[d], rate)
        for a in range(graph.arc_off[graph.node_off[d]], graph.arc_off[graph.node_off[d + 1]]):
            i = graph.arc_pay[a]
            kept = now.pay[i]
            if kept > -np.inf:
                now.pay[i] = kept + FORCE
                now.loss[i] = best - (best_day(model, graph, paths, now.pay, d, now.bits[d], rate) - FORCE)
                now.pay[i] = kept
    for e in range(graph.attend_off.size - 1):
        best, _ = _best_start(graph, now, e)
        for i in range(graph.choice_off[e + 1] - graph.choice_off[e]):
            if now.open[graph.choice_off[e] + i] == 0:
                continue
            most = now.figures[BEST] - (best - _start_value(graph, now, e, i))
            for a in range(graph.attend_off[e], graph.attend_off[e + 1]):
                most -= now.loss[graph.attend_pay[a] + i]
            if most <= target:
                now.open[graph.choice_off[e] + i] = 0
    close(graph, now)


@hot_kernel
def close(graph: Graphs, now: Multipliers) -> None:
    """No day takes an event at a start that is ruled out."""
    for e in range(graph.attend_off.size - 1):
        for i in range(graph.choice_off[e + 1] - graph.choice_off[e]):
            if now.open[graph.choice_off[e] + i] == 0:
                for a in range(graph.attend_off[e], graph.attend_off[e + 1]):
                    now.pay[graph.attend_pay[a] + i] = -np.inf
                    now.best_pay[graph.attend_pay[a] + i] = -np.inf
