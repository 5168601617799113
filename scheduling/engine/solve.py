"""The method: arrays, parts, annealing, proof of small parts, descent, exact lunches, bound, reasons."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from scheduling.engine import components, exact, explain, obstacles
from scheduling.engine.arrays import NOWHERE, Arrays, Ints, build
from scheduling.engine.bound.parts import Bounds
from scheduling.engine.instance import Instance, parse
from scheduling.engine.kernels import EXCESS, FREE, State, blocker, new_state, places_cost
from scheduling.engine.lunches import NO_LUNCH, best_lunches
from scheduling.engine.search.anneal import descend, restore, shift
from scheduling.engine.search.improve import Search
from scheduling.engine.search.schedule import Cooling, coolings
from scheduling.engine.solution import Change, MoveReason, Solution, Status, StayReason
from scheduling.engine.stop import Budget, Either, Iterations
from scheduling.engine.views import view

SAME = 1e-6  # scores that differ by less are equal
RESERVE_PER_EVENT = 0.0003  # seconds kept for explaining a movable event
BUILDING, BUILDING_PER_EVENT = 0.5, 2.5e-5  # seconds that building the model takes
REPORT_SECONDS, REPORT_SPACING = 0.2, 10.0  # between two reports to the listener: seconds, times what one takes
PLACING_TRIES = 200_000  # spent at the end on meetings that have no place yet
TRIES_PER_STEP = 50  # of the search, for each step of the bound
WORTH_A_MOVE = 30.0  # person-minutes that moving an event must bring in a repair, where nothing about it has changed
MOST_ROUNDS = 10  # of going back to earlier places and to today's in turn
SEARCHED = 0.7  # share of one worker's time for the search; the rest bounds


class Infeasible(Exception):
    """A meeting can't be placed. `blockers`: a smallest set of events and people that together forbid every place."""

    def __init__(self, event: str, blockers: tuple[str, ...]) -> None:
        super().__init__(f"{event} can't be placed")
        self.event, self.blockers = event, blockers


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the search has come, in milliseconds and as a share; `solution` is the best so far, without reasons."""

    t_ms: int
    fraction: float
    score: float
    bound: float | None
    solution: Solution


Listener = Callable[[Progress], None]


def solve(
    instance: Instance | object,
    *,
    seed: int = 0,
    seconds: float | None = None,
    iterations: int | None = None,
    workers: int = 1,
    warm: Mapping[str, Change] | None = None,
    changed: Collection[str] = (),
    progress: Listener | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    since: float | None = None,
) -> Solution:
    """The best plan found until the time (counted from `since`, monotonic), the iterations or the patience ends.

    `warm`: places of an earlier solution to start from, less those `changed`. Depends on the instance, the seed and the
    iterations alone; time may end it earlier. Raises InstanceError, Infeasible.
    """
    instance = instance if isinstance(instance, Instance) else parse(instance)
    run = _Run(instance, seed, since=time.monotonic() if since is None else since, repeatable=iterations is not None)
    budget = Budget(
        seconds=seconds, iterations=iterations, since=run.since, reserve=run.reserve(), interrupted=interrupted
    )
    run.take_up(warm or {}, changed)
    run.place_first()
    run.look_where_every_run_does()
    run.report(progress, 0.0)
    largest = max((part.events.size for part in run.parts), default=0)
    for cooling in coolings(is_warm=bool(warm), largest_part=largest):
        run.cool(cooling, budget, workers, progress)
        run.look_where_every_run_does()
        run.report(progress, cooling.end)
    run.search.descend(budget.over)
    run.place_the_rest(interrupted)
    run.bounds.bound_all(range(len(run.parts)))
    run.bounds.free_memory()
    run.finish()
    return run.explained()


def _between(cooling: Cooling, fraction: float) -> float:
    return cooling.begin + fraction * (cooling.end - cooling.begin)


class _Run:
    """One call of `solve`: what it knows so far."""

    def __init__(self, instance: Instance, seed: int, *, since: float, repeatable: bool = True) -> None:
        self.instance, self.seed, self.since, self.repeatable = instance, seed, since, repeatable
        self.loaded = time.monotonic()
        self.arrays: Arrays = build(instance)
        self.model = view(self.arrays.model)
        self.parts = components.parts(self.model)
        self.state: State = new_state(self.model, seed)
        self.search = Search(self.model, self.state, self.parts)
        self.lunches = np.full(self.model.cell_end.size, NO_LUNCH, np.int64)
        self.weeks = np.arange(self.model.week_goal.size, dtype=np.int64)
        self.must_place = bool((self.model.home == NOWHERE).any())
        self.today = self._exact_score()
        self.next_report = -math.inf
        self.untouched = self._untouched()
        self.bounds = Bounds(self.model, self.parts)
        self.copied: State | None = None
        self.best: Solution | None = None  # of the plans that were looked at
        self.best_places = self.search.start, self.search.room
        self.earlier: dict[int, tuple[int, int]] = {}  # where a repair would rather leave events

    def reserve(self) -> float:
        """Seconds to keep for reasons and writing: longer on a machine that has been slow until now."""
        movable = sum(event.movable is not None for event in self.instance.events)
        slow = (time.monotonic() - self.loaded) / (BUILDING + BUILDING_PER_EVENT * len(self.instance.events))
        return 0.15 + RESERVE_PER_EVENT * movable * min(4.0, max(1.0, slow))

    def take_up(self, warm: Mapping[str, Change], changed: Collection[str]) -> None:
        """Start from the places of an earlier solution that are legal still."""
        rooms = {room.id: number for number, room in enumerate(self.instance.rooms)}
        start, room = np.full_like(self.state.start, NOWHERE), self.state.room.copy()
        unlisted = np.ones(start.size, np.bool_)
        for event, key in enumerate(self.arrays.events.tolist()):
            name = self.instance.events[key].id
            unlisted[event] = name not in changed
            if name in warm and unlisted[event]:
                start[event], room[event] = warm[name].start, rooms.get(warm[name].room or "", -1)
        self.search.adopt(start, room)
        refused = (start != NOWHERE) & ((start != self.state.start) | (room != self.state.room))
        if changed or refused.any():
            steady = np.flatnonzero(unlisted & ~refused & (self.model.home != NOWHERE))
            places = zip(self.state.start[steady].tolist(), self.state.room[steady].tolist(), strict=True)
            self.earlier = dict(zip(steady.tolist(), places, strict=True))

    def cool(self, cooling: Cooling, budget: Budget, workers: int, progress: Listener | None) -> None:
        """Search and bound from the same plan, side by side or one after the other, then put together what they found.

        Neither sees the other's work before the end, so the result doesn't depend on the number of workers.
        """
        numbers = self.open_parts()
        if not numbers or budget.over():
            return
        score = {number: exact.exact_score(self.model, self.state, self.parts[number]) for number in numbers}
        start, room = self.search.start.copy(), self.search.room.copy()
        effort = None
        if budget.iterations is not None:
            effort = round(budget.iterations * (cooling.end - cooling.begin)) // TRIES_PER_STEP
        side_by_side = workers > 1
        shares_its_time = not side_by_side and effort is None
        searched = cooling._replace(end=_between(cooling, SEARCHED)) if shares_its_time else cooling

        def bound_parts() -> None:
            pace = budget.part(cooling.begin, cooling.end)
            over = budget.over if effort is not None else lambda: pace.fraction(0) >= 1.0
            self.bounds.work(start, room, score, over, effort=effort)

        def search_parts() -> None:
            def enough() -> bool:
                return self.bounds.proved.issuperset(numbers)

            self.search.run(
                numbers,
                budget.part(searched.begin, searched.turn, enough=enough),
                share=cooling.share,
                after_step=lambda fraction: self.report(progress, _between(cooling, fraction * cooling.cooled)),
            )
            self.search.resolve(
                numbers,
                budget.part(searched.turn, searched.end, enough=enough),
                after_step=lambda fraction: self.report(
                    progress, _between(cooling, cooling.cooled + fraction * (1.0 - cooling.cooled))
                ),
            )

        if side_by_side:
            with ThreadPoolExecutor(1) as pool:
                bounding = pool.submit(bound_parts)
                search_parts()
                bounding.result()
        else:
            search_parts()
            bound_parts()
        self._put_together(numbers)

    def _put_together(self, numbers: list[int]) -> None:
        for number in numbers:
            known = exact.exact_score(self.model, self.state, self.parts[number])
            if number in self.bounds.proved or self.bounds.score[number] > known + SAME:
                self.search.take(number, self.bounds.start, self.bounds.room)
            self.bounds.of[number] = max(self.bounds.of[number], known)

    @property
    def upper(self) -> float:
        return sum(self.bounds.of) + self.untouched

    def open_parts(self) -> list[int]:
        return [number for number in range(len(self.parts)) if number not in self.bounds.proved]

    def report(self, progress: Listener | None, fraction: float) -> None:
        """Tell the listener, now and then, the exact score of the best places so far."""
        now = time.monotonic()
        if progress is None or now < self.next_report:
            return
        if not self.repeatable:
            self.look()
        if self.best is not None:
            t_ms = round((time.monotonic() - self.loaded) * 1000)
            progress(Progress(t_ms, fraction, score=self.best.score, bound=self.best.bound, solution=self.best))
        after = time.monotonic()
        self.next_report = after + max(REPORT_SECONDS, REPORT_SPACING * (after - now))

    def place_first(self) -> None:
        """Begin with a place for each meeting that needs one, where one is free."""
        for part in self.parts:
            waiting = part.events[self.state.start[part.events] == NOWHERE]
            if waiting.size:
                descend(self.model, self.state, waiting)
        self.search.keep_all()

    def place_the_rest(self, interrupted: Callable[[], bool]) -> None:
        """Search on for meetings without a place. Raises Infeasible for one that finds none."""
        waiting = [
            number
            for number, part in enumerate(self.parts)
            if number not in self.bounds.proved and (self.state.start[part.events] == NOWHERE).any()
        ]
        if waiting:
            tries = Either(Iterations(PLACING_TRIES), interrupted=interrupted)
            self.search.run(waiting, tries, share=1.0)
            self.search.descend(interrupted)
        for event in np.flatnonzero(self.state.start == NOWHERE):
            key = int(self.arrays.events[event])
            _, blockers = self._places().why_not(key)
            raise Infeasible(self.instance.events[key].id, blockers)

    def look_where_every_run_does(self) -> None:
        """Between coolings, where tries rather than the clock decide what the plan is by then."""
        if self.repeatable:
            self.look()

    def look(self) -> None:
        """Keep the plan that an end here would give, if it is worth most of those that were looked at.

        Nothing that was reported is lost at the end, when events go back and lunches are exact.
        """
        if (self.search.start == NOWHERE).any():
            return
        state = self._best_so_far()
        self.return_to_earlier_places(state)
        found = self._solution(state)
        if self.best is None or found.score >= self.best.score:
            self.best, self.best_places = found, (state.start.copy(), state.room.copy())
        else:
            self.best = replace(self.best, bound=found.bound)

    def finish(self) -> None:
        """End with the best plan, in which no event is elsewhere for nothing."""
        self._undo_what_is_for_nothing()
        if self.best is not None and self.best.score > self._exact_score() + SAME:
            everything = np.arange(self.state.start.size, dtype=np.int64)
            restore(self.model, self.state, everything, *self.best_places)
            self.take_back_what_does_not_pay()

    def _undo_what_is_for_nothing(self) -> None:
        """Either way back may open the other."""
        for _ in range(MOST_ROUNDS):
            self.return_to_earlier_places(self.state)
            if not self.take_back_what_does_not_pay():
                return

    def return_to_earlier_places(self, state: State) -> None:
        """A repair leaves events where the earlier plan had them, unless moving one is worth WORTH_A_MOVE."""
        while away := self._away_from_earlier(state):
            best_lunches(self.model, state, self.weeks, self.lunches)
            if not [event for event in away if self._return(state, event, *self.earlier[event])]:
                return

    def take_back_what_does_not_pay(self) -> bool:
        """With exact lunches, undo each move whose gain is nothing, as long as one can go back; whether any did."""
        any_did = False
        while True:
            best_lunches(self.model, self.state, self.weeks, self.lunches)
            taken_back = [event for event in self._moved() if self._take_back(event)]
            if not taken_back:
                return any_did
            any_did = True

    def explained(self) -> Solution:
        moves: dict[str, MoveReason] = {}
        stays: dict[str, StayReason] = {}
        places = self._places()
        number_of = {int(key): event for event, key in enumerate(self.arrays.events)}
        moved = {int(event) for event in self._moved()}
        for key, event in enumerate(self.instance.events):
            number = number_of.get(key, -1)
            if number in moved:
                moves[event.id] = explain.move_reason(self.instance, self.model, self.state, self.lunches, number)
            elif event.movable is not None and event.start is not None:
                stays[event.id] = explain.stay_reason(
                    self.instance, self.model, self.state, self.lunches, number, places, key
                )
        return replace(self._solution(self.state), moves=moves, stays=stays)

    def _best_so_far(self) -> State:
        """The best places found until now, not to be changed where they are those of the search itself."""
        start, room = self.search.start, self.search.room
        here = np.array_equal(start, self.state.start) and np.array_equal(room, self.state.room)
        if here and not self._away_from_earlier(self.state):
            return self.state
        if self.copied is None:
            self.copied = new_state(self.model, self.seed, is_searched=False)
        restore(self.model, self.copied, np.arange(start.size, dtype=np.int64), start, room)
        return self.copied

    def _away_from_earlier(self, state: State) -> list[int]:
        start, room = state.start.tolist(), state.room.tolist()
        return [event for event, place in self.earlier.items() if (start[event], room[event]) != place]

    def _solution(self, state: State) -> Solution:
        lunches = np.full_like(self.lunches, NO_LUNCH)
        score = best_lunches(self.model, state, self.weeks, lunches) + self._places_score(state)
        upper = max(self.upper, score)
        known = upper < math.inf
        optimal = upper - score <= SAME
        status: Status = "optimal" if optimal else "feasible"
        return Solution(
            instance=self.instance.name,
            events=self._changes(state),
            lunches=self._lunches(lunches),
            score=round(score, 6),
            before=None if self.must_place else round(self.today, 6),
            bound=round(score if optimal else upper, 6) if known else None,
            status=status,
            seed=self.seed,
            seconds=round(time.monotonic() - self.since, 3),
        )

    def _exact_score(self) -> float:
        lunches = self.lunches.copy()
        return float(best_lunches(self.model, self.state, self.weeks, lunches) + self._places_score(self.state))

    def _places_score(self, state: State) -> float:
        return float(self.arrays.constant - places_cost(self.model, state))

    def _untouched(self) -> float:
        """The score of what no movable event concerns."""
        weeks = components.untouched_weeks(self.model, self.parts)
        return float(best_lunches(self.model, self.state, weeks, self.lunches.copy()) + self.arrays.constant)

    def _moved(self) -> list[int]:
        """Moved events; a meeting that had to be placed is none."""
        state, model = self.state, self.model
        away = (state.start != model.home) | (state.room != model.home_room)
        return [int(event) for event in np.flatnonzero(away & (model.home != NOWHERE))]

    def _return(self, state: State, event: int, start: int, room: int) -> bool:
        now = int(state.start[event]), int(state.room[event])
        if blocker(self.model, state, event, start, room) != FREE:
            return False
        if self._over_home(state, event, *now) - self._over_home(state, event, start, room) >= WORTH_A_MOVE:
            return False
        shift(self.model, state, event, start, room)
        if state.total[EXCESS] <= SAME:
            return True
        shift(self.model, state, event, *now)
        return False

    def _over_home(self, state: State, event: int, start: int, room: int) -> float:
        if (start, room) == (self.model.home[event], self.model.home_room[event]):
            return 0.0
        return explain.gain_over_home(self.model, state, self.lunches, event, start, room, state.parts)

    def _take_back(self, event: int) -> bool:
        model, state = self.model, self.state
        home = int(model.home[event]), int(model.home_room[event])
        start, room = int(state.start[event]), int(state.room[event])
        gain = explain.gain_over_home(model, state, self.lunches, event, start, room, state.parts)
        least = -WORTH_A_MOVE if self.earlier.get(event) == (start, room) else SAME
        if gain > least or blocker(model, state, event, *home) != FREE:
            return False
        shift(model, state, event, *home)
        if state.total[EXCESS] <= SAME:
            return True
        shift(model, state, event, start, room)
        return False

    def _places(self) -> obstacles.Places:
        final = {
            key: obstacles.Place(event.start, event.start + event.duration, event.room)
            for key, event in enumerate(self.instance.events)
            if event.start is not None
        }
        for number, key in enumerate(self.arrays.events):
            start, room = int(self.state.start[number]), int(self.state.room[number])
            if start != NOWHERE:
                end = start + self.instance.events[key].duration
                final[int(key)] = obstacles.Place(start, end, None if room < 0 else room)
        return obstacles.Places(self.instance, final)

    def _changes(self, state: State) -> dict[str, Change]:
        away = np.flatnonzero((state.start != self.model.home) | (state.room != self.model.home_room))
        keys, starts, rooms = (found[away].tolist() for found in (self.arrays.events, state.start, state.room))
        return {
            self.instance.events[key].id: Change(start, None if room < 0 else self.instance.rooms[room].id)
            for key, start, room in zip(keys, starts, rooms, strict=True)
        }

    def _lunches(self, chosen: Ints) -> dict[str, tuple[tuple[int, int], ...]]:
        cells = np.flatnonzero(chosen != NO_LUNCH)
        people = self.model.cell_person[cells].tolist()
        starts, ends = self.model.lunch_start[chosen[cells]].tolist(), self.model.lunch_end[chosen[cells]].tolist()
        found: dict[int, list[tuple[int, int]]] = {}
        for person, start, end in zip(people, starts, ends, strict=True):
            found.setdefault(person, []).append((start, end))
        return {self.instance.people[person].id: tuple(lunches) for person, lunches in found.items()}
