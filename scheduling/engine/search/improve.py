"""The search over all parts: annealing and large neighbourhoods in small steps, best places kept part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduling.engine.arrays import Ints, Model
from scheduling.engine.kernels import EXCESS, LEAST_GAIN, NO_EXCESS, SCORE
from scheduling.engine.search.adopt import adopt
from scheduling.engine.search.anneal import anneal, descend, restore
from scheduling.engine.search.neighbourhoods import neighbourhoods, resolve_some
from scheduling.engine.search.schedule import heat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scheduling.engine.components import Part
    from scheduling.engine.kernels import State
    from scheduling.engine.stop import Stop

STEP_TRIES = 4000  # between two looks at the clock, at least
DESCENT_AT_ONCE = 64  # events between two looks at the clock
MOST_DESCENTS = 20
SMALL = 60  # events of a part that is cooled again and again
TRIES_PER_EVENT = 4000  # in one cooling of a small part
BLOCK = 1_000  # neighbouring events of a large part that are cooled together, so that they lie in the nearest cache
VISIT_TRIES = 4  # for each event of a block, before the next one's turn
SHARES = (1.0, 0.4, 0.25, 0.4)  # of the full heat, in turn; all but the first from the best plan


class Search:
    """The state, and the best places found so far. The parts' scores count from where the search began."""

    def __init__(self, model: Model, state: State, parts: Sequence[Part]) -> None:
        self.model, self.state, self.parts = model, state, parts
        self.start, self.room = state.start.copy(), state.room.copy()
        self._now = np.zeros(len(parts))
        self._best = np.zeros(len(parts))
        self._tries = np.zeros(len(parts), np.int64)
        self._blocks = [_blocks(model, part.events) for part in parts]
        self._next_block = np.zeros(len(parts), np.int64)
        self._near = neighbourhoods(model)

    def run(
        self,
        open_parts: Sequence[int],
        stop: Stop,
        *,
        share: float,
        after_step: Callable[[float], object] = lambda fraction: None,
    ) -> None:
        """Cool these parts once, from that share of the full heat; `after_step` is told the fraction done."""
        tries = 0
        fraction = stop.fraction(0) if open_parts else 1.0
        step = fraction
        while fraction < 1.0:
            hot, cold = heat(fraction, share), heat(min(1.0, fraction + step), share)
            tries += self._step(open_parts, hot, cold)
            before, fraction = fraction, stop.fraction(tries)
            step = fraction - before
            after_step(fraction)
        self.back_to_best(open_parts)

    def resolve(
        self,
        open_parts: Sequence[int],
        stop: Stop,
        *,
        after_step: Callable[[float], object] = lambda fraction: None,
    ) -> None:
        """Resolve neighbourhoods of these parts, from their best places; `after_step` is told the fraction done."""
        tries = 0
        fraction = stop.fraction(0) if open_parts else 1.0
        while fraction < 1.0:
            tries += self._shared_out(open_parts, self._resolve)
            fraction = stop.fraction(tries)
            after_step(fraction)

    def back_to_best(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            restore(self.model, self.state, self.parts[number].events, self.start, self.room)
            self._now[number] = self._best[number]

    def descend(self, interrupted: Callable[[], bool]) -> None:
        """Take each event to its best place until none gains; from the best places."""
        for number, part in enumerate(self.parts):
            for _ in range(MOST_DESCENTS):
                if interrupted() or not self._descend_once(number, part.events, interrupted):
                    break

    def adopt(self, start: Ints, room: Ints) -> None:
        """Begin from the places of an earlier solution that are legal still (NOWHERE: none)."""
        adopt(self.model, self.state, start, room)
        self.keep_all()

    def keep_all(self) -> None:
        """What the state holds now is the best, and where the parts' scores count from."""
        self.start[:], self.room[:] = self.state.start, self.state.room
        self._now[:] = self._best[:] = 0.0

    def take(self, number: int, start: Ints, room: Ints) -> None:
        """A plan of one part that somebody else has found is the best now."""
        events, before = self.parts[number].events, float(self.state.total[SCORE])
        self.start[events], self.room[events] = start[events], room[events]
        restore(self.model, self.state, events, self.start, self.room)
        self._now[number] += float(self.state.total[SCORE]) - before
        self._best[number] = self._now[number]

    def _step(self, numbers: Sequence[int], hot: float, cold: float) -> int:
        def cool(number: int, tries: int) -> int:
            size = self.parts[number].events.size
            if size > BLOCK:
                return self._anneal_blocks(number, tries, hot, cold)
            self._anneal(number, tries, *(self._own_heat(number, tries) if size <= SMALL else (hot, cold)))
            return tries

        return self._shared_out(numbers, cool)

    def _shared_out(self, numbers: Sequence[int], work: Callable[[int, int], int]) -> int:
        """A share of tries for each part by its size, at least one; how many were made."""
        total = sum(self.parts[number].events.size for number in numbers)
        wanted = max(STEP_TRIES, total)
        return sum(work(number, max(1, wanted * self.parts[number].events.size // total)) for number in numbers)

    def _resolve(self, number: int, tries: int) -> int:
        """At least so many tries in the next block of a part; how many."""
        before = self.state.total[SCORE]
        block = self._take_block(number)
        done = int(resolve_some(self.model, self.state, self._near, block, tries))
        if self.state.total[SCORE] > before:
            self._save(self.parts[number].events)  # the neighbours may be of another block
            self._now[number] += self.state.total[SCORE] - before
            self._best[number] = self._now[number]
        return done

    def _take_block(self, number: int) -> Ints:
        """The blocks of a part in turn."""
        blocks = self._blocks[number]
        block = blocks[self._next_block[number] % len(blocks)]
        self._next_block[number] += 1
        return block

    def _own_heat(self, number: int, tries: int) -> tuple[float, float]:
        """A small part needs no whole phase to cool: it has coolings of its own, of the same length each."""
        length = TRIES_PER_EVENT * self.parts[number].events.size
        cycle, done = divmod(int(self._tries[number]), length)
        share = SHARES[cycle % len(SHARES)]
        if done < tries and share < 1.0:
            self.back_to_best([number])
        self._tries[number] += tries
        return heat(done / length, share), heat(min(1.0, (done + tries) / length), share)

    def _anneal(self, number: int, tries: int, hot: float, cold: float) -> None:
        events, total = self.parts[number].events, self.state.total
        others = total[SCORE] - self._now[number]
        best = anneal(
            self.model, self.state, events, tries, hot, cold, self.start, self.room, others + self._best[number]
        )
        self._now[number] = total[SCORE] - others
        self._best[number] = best - others

    def _anneal_blocks(self, number: int, tries: int, hot: float, cold: float) -> int:
        """At least so many tries on the next blocks of a large part; how many."""
        total, done = self.state.total, 0
        others = total[SCORE] - self._now[number]
        while done < tries:
            block = self._take_block(number)
            here = VISIT_TRIES * block.size
            anneal(self.model, self.state, block, here, hot, cold, self.start, self.room, np.inf)
            done += here
        self._now[number] = total[SCORE] - others
        if self._now[number] > self._best[number] + LEAST_GAIN and total[EXCESS] <= NO_EXCESS:
            self._best[number] = self._now[number]
            self._save(self.parts[number].events)
        return done

    def _save(self, events: Ints) -> None:
        self.start[events], self.room[events] = self.state.start[events], self.state.room[events]

    def _descend_once(self, number: int, events: Ints, interrupted: Callable[[], bool]) -> bool:
        before = self.state.total[SCORE]
        moved = 0
        for first in range(0, events.size, DESCENT_AT_ONCE):
            if interrupted():
                break
            moved += descend(self.model, self.state, events[first : first + DESCENT_AT_ONCE])
        self._save(events)
        self._now[number] += self.state.total[SCORE] - before
        self._best[number] = self._now[number]
        return moved > 0


def _blocks(model: Model, events: Ints) -> list[Ints]:
    """Events of the same people, as far as possible, in blocks of at most BLOCK."""
    people = model.person_off[events + 1] - model.person_off[events]
    first = np.full(events.size, -1, np.int64)
    first[people > 0] = model.person[model.person_off[events[people > 0]]]
    return np.array_split(events[np.argsort(first, kind="stable")], -(-events.size // BLOCK))
