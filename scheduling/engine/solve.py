"""The method in a page: arrays, annealing in rounds, descent, exact lunches, bound, reasons."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from scheduling.engine.arrays import NOWHERE, Arrays, Ints, build
from scheduling.engine.bound import upper_bound
from scheduling.engine.explain import Explainer, stay
from scheduling.engine.instance import Instance
from scheduling.engine.kernels import EXCESS, SCORE, State, new_state
from scheduling.engine.lunches import NO_LUNCH, best_lunches
from scheduling.engine.score import score
from scheduling.engine.search.anneal import anneal, descend, restore
from scheduling.engine.solution import Change, Lunches, Solution, StayReason
from scheduling.engine.stop import Deadline, First, Iterations, Stop

# Minutes of the objective: at first a loss of a lunch is thinkable, at the end only gains are.
HOT, COLD = 120.0, 1.0
ROUND = 20_000
DEFAULT_SECONDS = 10.0
# What is left of a time budget for descent, lunches, bound and reasons.
SEARCH_SHARE = 0.85
DESCENTS = 50

Progress = Callable[[float, float | None, Callable[[], Solution]], None]


class Infeasible(Exception):
    """A new meeting has no place. `blockers`: events or people in the way."""

    def __init__(self, event: str, blockers: tuple[str, ...]) -> None:
        super().__init__(event)
        self.event, self.blockers = event, blockers


def solve(
    instance: Instance,
    *,
    seed: int = 0,
    seconds: float | None = None,
    iterations: int | None = None,
    stop: Stop | None = None,
    warm: Mapping[str, Change] | None = None,
    progress: Progress | None = None,
) -> Solution:
    """A good plan, never worse than staying.

    Ends after `iterations` tried moves or `seconds`, whichever comes first (10 s without either), or when `stop`
    says so. Same instance, seed and iterations, same plan. Raises Infeasible.
    """
    began = time.monotonic()
    arrays = build(instance)
    search = _Search(instance, arrays, seed, began)
    search.take_up(warm or {})
    rule = _rule(seconds, iterations, stop, began)
    bound = upper_bound(arrays)
    if progress:
        progress(search.best_score + arrays.constant, bound, lambda: search.solution(bound))
    while search.pool.size and rule.share() < 1.0:
        improved = search.round(rule)
        if improved and progress:
            progress(search.best_score + arrays.constant, bound, lambda: search.solution(bound))
    search.finish()
    return search.solution(bound)


def _rule(seconds: float | None, iterations: int | None, stop: Stop | None, began: float) -> Stop:
    rules: list[Stop] = [stop] if stop else []
    if iterations is not None:
        rules.append(Iterations(iterations))
    if seconds is not None or iterations is None:
        rules.append(Deadline(began + SEARCH_SHARE * (seconds or DEFAULT_SECONDS)))
    return First(*rules)


class _Search:
    """The places found so far, and the best of them."""

    def __init__(self, instance: Instance, arrays: Arrays, seed: int, began: float) -> None:
        self.instance, self.arrays, self.seed, self.began = instance, arrays, seed, began
        self.state: State = new_state(arrays.model, seed)
        self.pool: Ints = np.arange(arrays.model.home.size, dtype=np.int32)
        self.best_start, self.best_room = self.state.start.copy(), self.state.room.copy()
        self.best_score = float(self.state.total[SCORE])

    def take_up(self, warm: Mapping[str, Change]) -> None:
        """Put events where an earlier plan had them, as far as the places are still good."""
        if warm:
            rooms = {room.id: number for number, room in enumerate(self.instance.rooms)}
            start, room = self.state.start.copy(), self.state.room.copy()
            for number, key in enumerate(self.arrays.events):
                change = warm.get(self.instance.events[key].id)
                if change is not None:
                    start[number] = change.start
                    room[number] = -1 if change.room is None else rooms.get(change.room, -1)
            self._try(start, room)
        self._descend()

    def _try(self, start: Ints, room: Ints) -> None:
        """Take the wanted places if together they break no rule; the independent scorer judges."""
        if not score(self.instance, self._changes(start, room), {}).errors:
            restore(self.arrays.model, self.state, self.pool, start, room)

    def round(self, rule: Stop) -> bool:
        """One round of annealing at the heat that the used budget asks for. Whether the best got better."""
        used = rule.share()
        heat = HOT * (COLD / HOT) ** used
        cooler = HOT * (COLD / HOT) ** min(1.0, used + 0.01)
        before = self.best_score
        self.best_score = float(
            anneal(
                self.arrays.model, self.state, self.pool, ROUND, heat, cooler,
                self.best_start, self.best_room, self.best_score,
            )
        )  # fmt: skip
        rule.tried(ROUND)
        return self.best_score > before + 1e-6

    def finish(self) -> None:
        """Back to the best places, and from there uphill until nothing gains: no move is kept that doesn't pay."""
        restore(self.arrays.model, self.state, self.pool, self.best_start, self.best_room)
        self._descend()

    def _descend(self) -> None:
        for _ in range(DESCENTS):
            if not descend(self.arrays.model, self.state, self.pool):
                break
        if self.state.total[EXCESS] <= 1e-9 and self.state.total[SCORE] > self.best_score - 1e-6:
            self.best_score = float(self.state.total[SCORE])
            self.best_start, self.best_room = self.state.start.copy(), self.state.room.copy()

    def solution(self, bound: float) -> Solution:
        """The best places with the best lunches, checked by the scorer that shares no code with the search."""
        state = new_state(self.arrays.model, self.seed)
        restore(self.arrays.model, state, self.pool, self.best_start, self.best_room)
        self._refuse_unplaced(state)
        changes = self._changes(state.start, state.room)
        lunches = self._lunches(state)
        result = score(self.instance, changes, lunches)
        if result.errors:
            raise AssertionError(f"The search broke a rule: {result.errors[0]}")
        explainer = Explainer(self.instance, changes, lunches)
        events = {event.id: event for event in self.instance.events}
        optimal = bound <= result.total + 1e-6
        return Solution(
            instance=self.instance.name,
            events=changes,
            lunches=lunches,
            score=round(result.total, 6),
            before=self._before(),
            bound=round(max(bound, result.total), 6),
            status="optimal" if optimal else "feasible",
            seed=self.seed,
            seconds=round(time.monotonic() - self.began, 3),
            moves={key: explainer.move(events[key]) for key in changes if events[key].start is not None},
            stays=self._stays(state, changes),
        )

    def _before(self) -> float | None:
        """Today's calendar with the best lunches; None where a meeting has no place today."""
        if any(event.start is None for event in self.instance.events):
            return None
        state = new_state(self.arrays.model, self.seed)
        return round(score(self.instance, {}, self._lunches(state)).total, 6)

    def _stays(self, state: State, changes: Mapping[str, Change]) -> dict[str, StayReason]:
        reasons: dict[str, StayReason] = {}
        numbers = {int(key): number for number, key in enumerate(self.arrays.events)}
        for key, event in enumerate(self.instance.events):
            if event.movable is None or event.id in changes or event.start is None:
                continue
            known = key in numbers
            reasons[event.id] = (
                stay(self.instance, self.arrays, state, numbers[key]) if known else StayReason("no_place", (), None)
            )
        return reasons

    def _changes(self, start: Ints, room: Ints) -> dict[str, Change]:
        model, found = self.arrays.model, {}
        for number, key in enumerate(self.arrays.events):
            if start[number] == NOWHERE:
                continue
            if start[number] != model.home[number] or room[number] != model.home_room[number]:
                name = self.instance.rooms[room[number]].id if room[number] >= 0 else None
                found[self.instance.events[key].id] = Change(int(start[number]), name)
        return found

    def _lunches(self, state: State) -> Lunches:
        model = self.arrays.model
        chosen = np.full(model.cell_end.size, NO_LUNCH, np.int32)
        best_lunches(model, state, np.arange(model.week_goal.size, dtype=np.int32), chosen)
        found: dict[str, list[tuple[int, int]]] = {}
        for cell in np.flatnonzero(chosen != NO_LUNCH):
            person = self.instance.people[model.cell_person[cell]].id
            option = chosen[cell]
            found.setdefault(person, []).append((int(model.lunch_start[option]), int(model.lunch_end[option])))
        return {person: tuple(sorted(lunches)) for person, lunches in found.items()}

    def _refuse_unplaced(self, state: State) -> None:
        for number in np.flatnonzero(state.start == NOWHERE):
            event = self.instance.events[self.arrays.events[number]]
            raise Infeasible(event.id, stay(self.instance, self.arrays, state, int(number)).blockers)
