"""An exact rival: the whole problem as one model of OR-Tools CP-SAT, written for the comparison.

Its plan is scored by the scorer that explains. It knows no limits.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict

from ortools.sat.python import cp_model

from benchmarks.rivals.found import Found
from scheduling.engine.instance import Event, Instance, Person
from scheduling.engine.score import move_cost, score
from scheduling.engine.solution import Change, Lunches
from scheduling.engine.solve import solve

SCALE = 1000  # CP-SAT counts in whole numbers: thousandths of a minute of focus,
PRICE = 100 * SCALE  # and hundredths of these in the objective


class _Trace(cp_model.CpSolverSolutionCallback):
    def __init__(self) -> None:
        super().__init__()
        self.begin, self.scores = time.monotonic(), list[tuple[float, float]]()

    def on_solution_callback(self) -> None:
        self.scores.append((time.monotonic() - self.begin, self.objective_value / PRICE))


def solve_exactly(instance: Instance, seconds: float) -> Found:
    """A place for each event, and free stretches for each person-day; building the model counts.

    A person-day chooses disjoint maximal stretches; one is worth something only if every event that could cut it is
    elsewhere. Since a stretch is worth at least as much as its pieces, choosing pieces of one never pays.
    """
    trace = _Trace()
    model = cp_model.CpModel()
    weights = instance.weights
    place_of: dict[int, dict[tuple[int, int | None], cp_model.IntVar]] = {}
    terms: list[cp_model.LinearExpr] = []
    taken: defaultdict[tuple[str, int], list[tuple[int, int, cp_model.IntVar, int]]] = defaultdict(list)
    for number, event in enumerate(instance.events):
        choices = _legal(instance, event) if event.movable else {(event.start or 0, event.room)}
        place_of[number] = {place: model.new_bool_var("") for place in sorted(choices, key=repr)}
        model.add_exactly_one(place_of[number].values())
        for (start, room), chosen in place_of[number].items():
            home = (start, room) == (event.start, event.room)
            if event.start is not None and not home:
                terms.append(-round(PRICE * move_cost(instance, event)) * chosen)
            if home and len(event.attendees) >= 2:
                outside = sum(
                    not any(a <= start and start + event.duration <= b for a, b in instance.people[p].meeting)
                    for p in event.attendees
                )
                terms.append(-round(PRICE * weights.outside_hours * outside) * chosen)
            keys = [("p", p) for p in event.attendees] + ([] if room is None else [("r", room)])
            for key in keys:
                taken[key].append((start, start + event.duration, chosen, number if home else -1 - number))
    for (kind, _), rows in taken.items():
        price = weights.conflict if kind == "p" else weights.room_conflict
        rows.sort(key=lambda row: row[0])
        for i, (_, end, first, mine) in enumerate(rows):
            for start, _, second, other in rows[i + 1 :]:
                if start >= end:
                    break
                if _number(mine) == _number(other):
                    continue
                if mine >= 0 and other >= 0:  # both at today's places: allowed, at a price
                    both = model.new_bool_var("")
                    model.add(both >= first + second - 1)
                    terms.append(-round(PRICE * price) * both)
                else:
                    model.add_bool_or(~first, ~second)
    for number, person in enumerate(instance.people):
        _person(model, instance, person, taken[("p", number)], terms)
    if any(not (p.limits.focus_drop is None and p.limits.moves is None) for p in instance.people):
        raise SystemExit("the exact rival knows no limits")
    model.maximize(sum(terms))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(1.0, seconds - (time.monotonic() - trace.begin))
    solver.parameters.num_workers = 2
    status = solver.solve(model, trace)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Found(-math.inf, math.inf, [])
    changes = {}
    for number, event in enumerate(instance.events):
        place = next(place for place, chosen in place_of[number].items() if solver.value(chosen))
        if place != (event.start, event.room):
            changes[event.id] = Change(place[0], None if place[1] is None else instance.rooms[place[1]].id)
    judged = score(instance, changes, _best_lunches(instance, changes))
    if judged.errors:
        raise AssertionError(judged.errors)
    return Found(judged.total, solver.best_objective_bound / PRICE, trace.scores)


def _number(event: int) -> int:
    return event if event >= 0 else -1 - event


def _legal(instance: Instance, event: Event) -> set[tuple[int, int | None]]:
    movable, step = event.movable, instance.step
    assert movable is not None
    rooms = (event.room,) if movable.rooms is None else movable.rooms
    places: set[tuple[int, int | None]] = set()
    for low, high in movable.windows:
        starts = set(range(-(-low // step) * step, high - event.duration + 1, step))
        if event.start is not None and low <= event.start <= high - event.duration:
            starts.add(event.start)
        for start in starts:
            if all(
                any(a <= start and start + event.duration <= b for a, b in instance.people[p].meeting)
                for p in event.attendees
            ):
                places |= {(start, room) for room in rooms}
    return places if event.start is None else places | {(event.start, event.room)}


def _person(
    model: cp_model.CpModel,
    instance: Instance,
    person: Person,
    rows: list[tuple[int, int, cp_model.IntVar, int]],
    terms: list[cp_model.LinearExpr],
) -> None:
    weights, focus = instance.weights, person.focus
    by_week: defaultdict[int, list[cp_model.LinearExpr]] = defaultdict(list)
    for day in person.days:
        here = [row for row in rows if row[0] < day.span[1] and day.span[0] < row[1]]
        lunches = []
        if day.lunch:
            low, high = max(day.lunch.window[0], day.span[0]), min(day.lunch.window[1], day.span[1])
            step = instance.step
            lunches = [
                (start, end, model.new_bool_var(""))
                for start in range(-(-low // step) * step, high, step)
                for end in range(start + step, min(high, start + day.lunch.ideal) + 1, step)
                if end - start >= day.lunch.min
            ]
            none = model.new_bool_var("")
            model.add_exactly_one([none, *(chosen for *_, chosen in lunches)])
            terms.append(-round(PRICE * weights.lunch) * none)
            for start, end, chosen in lunches:
                terms.append(-round(PRICE * weights.lunch_short * (day.lunch.ideal - (end - start))) * chosen)
                for first, last, taken, _ in here:
                    if first < end and start < last:
                        model.add_bool_or(~chosen, ~taken)
        for a, b in person.working:
            if day.span[0] <= a and b <= day.span[1]:
                _stretches(model, person, day.noon, (a, b), here, lunches, by_week[day.week], weights.side_bonus)
    for week, values in by_week.items():
        goal = round(SCALE * focus.goal[week])
        most = SCALE * 2 * 7 * 1440
        full, beyond = model.new_int_var(0, goal, ""), model.new_int_var(0, most, "")
        model.add(full + beyond <= sum(values))
        terms.append(round(100 * weights.focus) * full)
        terms.append(round(100 * weights.focus * weights.beyond_goal) * beyond)


def _stretches(
    model: cp_model.CpModel,
    person: Person,
    noon: int,
    working: tuple[int, int],
    taken: list[tuple[int, int, cp_model.IntVar, int]],
    lunches: list[tuple[int, int, cp_model.IntVar]],
    values: list[cp_model.LinearExpr],
    side_bonus: float,
) -> None:
    """One flow of stretches through a working interval: from any end of something busy to any start."""
    low, high = working
    busy = [(s, e, chosen) for s, e, chosen, _ in taken] + list(lunches)
    begins = sorted({low, *(e for _, e, _ in busy if low < e < high)})
    ends = sorted({high, *(s for s, _, _ in busy if low < s < high)})
    at: defaultdict[int, list[cp_model.IntVar]] = defaultdict(list)
    for a in begins:
        for b in ends:
            if b - a < person.focus.min:
                continue
            value = float(b - a) if b - a >= person.focus.block else (b - a) / 2
            if person.focus.side == "morning":
                value += side_bonus * max(0, min(b, noon) - a)
            elif person.focus.side == "afternoon":
                value += side_bonus * max(0, b - max(a, noon))
            free = model.new_bool_var("")
            values.append(round(SCALE * value) * free)
            for slot in range(a, b, 15):
                at[slot // 15].append(free)
            for s, e, chosen in busy:
                if s < b and a < e:
                    model.add_bool_or(~free, ~chosen)
    for chosen_at in at.values():
        model.add_at_most_one(chosen_at)


def _best_lunches(instance: Instance, changes: dict[str, Change]) -> Lunches:
    rooms = {room.id: number for number, room in enumerate(instance.rooms)}
    events = tuple(
        event._replace(movable=None)
        if event.id not in changes
        else event._replace(start=changes[event.id].start, room=rooms.get(changes[event.id].room or ""), movable=None)
        for event in instance.events
    )
    return solve(instance._replace(events=events), iterations=1).lunches
