"""Parts of some dozen events to proven optimality: branch and bound on each event's starts.

At each node the multipliers climb on from those of its parent and rule out what can't beat the best plan known
(reduced cost fixing). What few combinations are left then, `exact.py` searches through, with rooms and limits; a node
with more is split at the event on which its attendees disagree most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scheduling.engine import exact
from scheduling.engine.arrays import Floats, Ints, Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from scheduling.engine.bound.ascent import Ascent
    from scheduling.engine.kernels import State

ROUND_STEPS = 60  # of the multipliers, between two attempts to rule starts out
MOST_ROUNDS = 8  # at one node
FEW = 3_000  # combinations that are searched through at once
NIGHT = 360  # minutes between two starts that belong to different days


class _Node(NamedTuple):
    bound: float
    opened: Ints
    pay: Floats
    slope: Floats


class Tree:
    """The search tree of one part; `bound` is what no plan of it exceeds."""

    def __init__(self, ascent: Ascent) -> None:
        self.ascent = ascent
        self._stack = [_node(ascent, ascent.bound)]
        self._given_up = -np.inf  # the largest bound of a node whose combinations took too long

    @property
    def done(self) -> bool:
        return not self._stack

    def bound(self, best: float) -> float:
        """`best`: the score of the best plan known."""
        return max([best, self._given_up, *(node.bound for node in self._stack)])

    def search(
        self, model: Model, state: State, start: Ints, room: Ints, best: float,
        *, most_nodes: int, over: Callable[[], bool],
    ) -> float:  # fmt: skip
        """Look at some more nodes; the score of the best plan, whose places are in `start` and `room`.

        `best`: their score until now. The state has the part's events nowhere then, or at today's places.
        """
        for _ in range(most_nodes):
            if not self._stack or over():
                break
            node = self._stack.pop()
            if node.bound <= best + exact.TIE:
                continue
            self.ascent.restart(node.opened, node.pay, node.slope)
            left = _tighten(self.ascent, best, over)
            bound = min(node.bound, self.ascent.bound)
            if left == 0 or bound <= best + exact.TIE:
                continue
            if left > FEW:
                self._stack += _branches(self.ascent, bound)
                continue
            opened = _open_starts(self.ascent)
            found = exact.prove(model, state, self.ascent.part, start, room, best, over, allowed=opened)
            best = best if found is None else max(best, found)
            self._given_up = max(self._given_up, bound if found is None else -np.inf)
        return best


def _tighten(ascent: Ascent, best: float, over: Callable[[], bool]) -> float:
    """The number of combinations that are left in the end."""
    left = np.inf
    for _ in range(MOST_ROUNDS):
        ascent.climb(ROUND_STEPS, best + exact.TIE)
        if ascent.bound <= best + exact.TIE:
            return 0.0
        before, left = left, ascent.rule_out(best + exact.TIE)
        if left <= FEW or left > before / 2 or over():
            break
    return left


def _node(ascent: Ascent, bound: float) -> _Node:
    now = ascent.now
    return _Node(bound, now.open.copy(), now.best_pay.copy(), now.best_slope.copy())


def _open_starts(ascent: Ascent) -> dict[int, set[int]]:
    graph, opened = ascent.graph, ascent.now.open
    return {
        int(event): set(graph.choice_start[first:last][opened[first:last] == 1].tolist())
        for event, first, last in zip(ascent.part.events, graph.choice_off, graph.choice_off[1:], strict=False)
    }


def _branches(ascent: Ascent, bound: float) -> list[_Node]:
    """Two nodes that share out one event's starts; the likelier one last."""
    graph, now = ascent.graph, ascent.now
    event = max(range(ascent.part.events.size), key=lambda e: (_disagreement(ascent, e), -e))
    first, last = graph.choice_off[event], graph.choice_off[event + 1]
    choices = first + np.flatnonzero(now.open[first:last])
    choices = choices[np.argsort(graph.choice_start[choices], kind="stable")]
    cut = _cut(graph.choice_start[choices])
    pays = [now.best_pay[a : a + last - first] for a in _first_pays(ascent, event)]
    value = -graph.choice_cost[choices] - sum((pay[choices - first] for pay in pays), np.zeros(choices.size))
    halves = [choices[:cut], choices[cut:]]
    if value[:cut].max() > value[cut:].max():
        halves.reverse()
    parent, found = _node(ascent, bound), []
    for half in halves:
        opened = parent.opened.copy()
        opened[first:last] = 0
        opened[half] = 1
        found.append(parent._replace(opened=opened))
    return found


def _disagreement(ascent: Ascent, event: int) -> float:
    """How much the last directions still want to change the event's pays; below zero: nothing is left to choose."""
    graph, now = ascent.graph, ascent.now
    first, last = graph.choice_off[event], graph.choice_off[event + 1]
    if now.open[first:last].sum() < 2:
        return -1.0
    return float(sum(np.abs(now.pay_step[a : a + last - first]).sum() for a in _first_pays(ascent, event)))


def _first_pays(ascent: Ascent, event: int) -> Ints:
    graph = ascent.graph
    return graph.attend_pay[graph.attend_off[event] : graph.attend_off[event + 1]]


def _cut(starts: Ints) -> int:
    """Where to cut sorted starts in two: at the night nearest to the middle, else in the middle."""
    middle = starts.size // 2
    nights = 1 + np.flatnonzero(np.diff(starts) >= NIGHT)
    return int(nights[np.argmin(np.abs(nights - middle))]) if nights.size else middle
