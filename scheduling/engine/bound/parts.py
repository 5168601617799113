"""The bounds of all parts: multipliers climb in turn, then trees prove parts of some dozen events, small ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduling.engine import exact
from scheduling.engine.arrays import Ints, Model
from scheduling.engine.bound import ascent as ascents
from scheduling.engine.bound import minutes
from scheduling.engine.bound.ascent import Ascent
from scheduling.engine.bound.branching import Tree
from scheduling.engine.kernels import State, new_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scheduling.engine.components import Part

FEW_EVENTS, FEW_NODES = 10, 200_000  # of a part that is searched through before anything else is tried
MOST_EVENTS = 80  # of a part that is worth a search tree
ARCS_AT_ONCE = 1_000_000  # between two looks at the clock
MOST_ARCS = 300_000_000  # steps times arcs of a part in one call, where the clock doesn't count
FIRST_STEPS, FIRST_STEPS_PER_EVENT = 1_500, 25  # before a tree is begun, the fewer of the two; more: a tighter root
NODES_AT_ONCE = 20
UNLIMITED = 10**9


class Bounds:
    """`of[number]` is what no plan of that part exceeds, in the terms of `State.total`."""

    def __init__(self, model: Model, parts: Sequence[Part]) -> None:
        self.model, self.parts = model, parts
        self.of = [np.inf] * len(parts)
        self.proved: set[int] = set()
        self.start, self.room = np.empty(0, np.int64), np.empty(0, np.int64)
        self.score: dict[int, float] = {}
        self._ascents: dict[int, Ascent | None] = {}
        self._trees: dict[int, Tree] = {}
        self._searched_through: set[int] = set()
        self._climbed = [0] * len(parts)
        self._state: State | None = None

    def work(
        self, start: Ints, room: Ints, score: Mapping[int, float], over: Callable[[], bool], *, effort: int | None
    ) -> None:
        """Improve the bounds of the parts in `score`, their best scores so far, reached by these places.

        `effort`: steps of each part's multipliers, or None to go on until it is over. Better places that are found on
        the way are in `start`, `room` and `score` of this object, and those of proved parts.
        """
        self.start, self.room, self.score = start.copy(), room.copy(), dict(score)
        numbers = sorted(self.score, key=lambda number: (self.parts[number].events.size, number))
        self.bound_all(numbers)
        self._search_through(numbers, over)
        self._climb(numbers, over, effort)
        self._search(numbers, over, UNLIMITED if effort is None else effort // 20)

    def bound_all(self, numbers: Sequence[int]) -> None:
        """A first bound for each part that has none."""
        for number in numbers:
            if self.of[number] == np.inf:
                self.of[number] = minutes.part_bound(self.model, self.parts[number])

    def _search_through(self, numbers: list[int], over: Callable[[], bool]) -> None:
        """Prove parts of a few events, which takes less time than the first multipliers."""
        for number in numbers:
            part = self.parts[number]
            if part.events.size > FEW_EVENTS or number in self._searched_through or over():
                continue
            self._searched_through.add(number)
            found = exact.prove(
                self.model, self._own_state(), part, self.start, self.room, self.score[number], over,
                most_nodes=FEW_NODES,
            )  # fmt: skip
            if found is not None:
                self.score[number] = found
                self._lower(number, found)

    def _climb(self, numbers: list[int], over: Callable[[], bool], effort: int | None) -> None:
        # The multipliers of a part with a tree are those of its last node, and bound no more than that node.
        numbers = [number for number in numbers if number not in self._trees and number not in self.proved]
        left = dict.fromkeys(numbers, UNLIMITED if effort is None else effort)
        done = dict.fromkeys(numbers, 0)
        while left and not over():
            for number in list(left):
                ascent = self._ascent(number)
                if ascent is None or over():
                    left.pop(number)
                    continue
                if effort is not None:
                    left[number] = min(left[number], MOST_ARCS // (ascent.now.pay.size + 1) - done[number])
                steps = min(left[number], max(1, ARCS_AT_ONCE // (ascent.now.pay.size + 1)))
                ascent.climb(steps, self.score[number])
                self._lower(number, ascent.bound)
                left[number] -= steps
                done[number] += steps
                self._climbed[number] += steps
                if left[number] <= 0 or ascent.at_rest or number in self.proved or self._is_ripe(number):
                    left.pop(number)

    def _search(self, numbers: list[int], over: Callable[[], bool], nodes: int) -> None:
        """All trees in turn, so that no hard part keeps the others waiting."""
        left = {number: nodes for number in numbers if self._is_ripe(number) and number not in self.proved}
        while left and not over():
            for number in list(left):
                tree = self._tree(number)
                if tree is None or over():
                    left.pop(number)
                    continue
                here = min(left[number], NODES_AT_ONCE)
                self.score[number] = tree.search(
                    self.model, self._own_state(), self.start, self.room, self.score[number], most_nodes=here, over=over
                )
                self._lower(number, tree.bound(self.score[number]))
                left[number] -= here
                if left[number] <= 0 or tree.done or number in self.proved:
                    left.pop(number)

    def _lower(self, number: int, bound: float) -> None:
        self.of[number] = max(self.score[number], min(self.of[number], bound))
        if self.of[number] <= self.score[number] + exact.TIE:
            self.of[number] = self.score[number]
            self.proved.add(number)

    def _is_ripe(self, number: int) -> bool:
        """Whether a tree may grow from the part's multipliers."""
        events = self.parts[number].events.size
        steps = min(FIRST_STEPS, FIRST_STEPS_PER_EVENT * events)
        at_rest = (ascent := self._ascents.get(number)) is not None and ascent.at_rest
        return number in self._trees or (events <= MOST_EVENTS and (at_rest or self._climbed[number] >= steps))

    def free_memory(self) -> None:
        """Keep the bounds, and let go of what they were worked out on."""
        self._ascents.clear()
        self._trees.clear()
        self._state = None

    def _ascent(self, number: int) -> Ascent | None:
        if number not in self._ascents:
            self._ascents[number] = ascents.begin(self.model, self.parts[number])
        return self._ascents[number]

    def _tree(self, number: int) -> Tree | None:
        ascent = self._ascent(number)
        if number not in self._trees and ascent is not None:
            self._trees[number] = Tree(ascent)
        return self._trees.get(number)

    def _own_state(self) -> State:
        if self._state is None:
            self._state = new_state(self.model, 0)
        return self._state
