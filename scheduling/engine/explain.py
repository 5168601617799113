"""Why each moved event moved, and why each other movable event stayed.

Gains are told with everything else where it ends up, lunches included: what the score would lose if one event alone
went back (docs/engine.md, "Explanations").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduling.engine import obstacles
from scheduling.engine.arrays import NOWHERE, Floats, Ints, Model
from scheduling.engine.compiled import hot_kernel
from scheduling.engine.kernels import (
    EXCESS,
    FREE,
    blocker,
    change,
    cut_stretches,
    first_cell,
    focus_value,
    gather,
    is_home,
    lunch_fits,
    lunch_loss,
    overlapping,
    put,
)
from scheduling.engine.lunches import NO_LUNCH
from scheduling.engine.places import overlaps
from scheduling.engine.solution import Alternative, MoveReason, Reason, StayReason

if TYPE_CHECKING:
    from scheduling.engine.instance import Instance
    from scheduling.engine.kernels import State

LEAST_TOLD = 0.005  # a smaller part of a gain is left out


def move_reason(instance: Instance, model: Model, state: State, lunches: Ints, event: int) -> MoveReason:
    """The reason of an event that has moved; its next best place is neither today's nor its own."""
    people = model.person[model.person_off[event] : model.person_off[event + 1]]
    parts = np.zeros(people.size)
    total = gain_over_home(model, state, lunches, event, int(state.start[event]), int(state.room[event]), parts)
    told = {instance.people[p].id: round(float(part), 6) for p, part in zip(people, parts, strict=True)}
    return MoveReason(
        gain=round(float(total), 6),
        by_person={key: part for key, part in told.items() if abs(part) > LEAST_TOLD},
        next_best=_alternative(instance, best_other(model, state, lunches, event)),
    )


def stay_reason(
    instance: Instance, model: Model, state: State, lunches: Ints, event: int, places: obstacles.Places, key: int
) -> StayReason:
    """The reason of a movable event, `event` in the model (-1: it is not in it) and `key` in the instance."""
    start, room, gain, free, legal = best_other(model, state, lunches, event) if event >= 0 else (0, -1, 0.0, 0, 0)
    if legal:
        return StayReason("best", (), _alternative(instance, (start, room, gain, free, legal)))
    if free:
        return StayReason("limits", _limiting(instance, model, state, event), None)
    reason: Reason
    reason, blockers = places.why_not(key)
    return StayReason(reason, blockers, None)


def _alternative(instance: Instance, found: tuple[int, int, float, int, int]) -> Alternative | None:
    start, room, gain, _, legal = found
    if not legal:
        return None
    return Alternative(int(start), None if room < 0 else instance.rooms[room].id, round(float(gain), 6))


def _limiting(instance: Instance, model: Model, state: State, event: int) -> tuple[str, ...]:
    """The fewest people whose limits forbid one of the free places."""
    fewest: tuple[str, ...] | None = None
    old = int(state.start[event]), int(state.room[event])
    for start, room in _free_places(model, state, event):
        put(model, state, event, start, room)
        people = sorted({int(model.week_person[week]) for week in np.flatnonzero(state.excess > 1e-9)})
        put(model, state, event, *old)
        if fewest is None or len(people) < len(fewest):
            fewest = tuple(instance.people[person].id for person in people)
    return fewest or ()


def _free_places(model: Model, state: State, event: int) -> list[tuple[int, int]]:
    rooms = [int(room) for room in model.room[model.room_off[event] : model.room_off[event + 1]]]
    starts = [int(model.home[event])] if model.home_legal[event] else []
    for run in range(model.run_off[event], model.run_off[event + 1]):
        starts += [int(model.run_start[run]) + number * model.step for number in range(model.run_count[run])]
    places = [(start, room) for start in starts for room in rooms if not is_home(model, event, start, room)]
    return [place for place in places if blocker(model, state, event, *place) == FREE]


@hot_kernel
def best_other(model: Model, state: State, lunches: Ints, e: int) -> tuple[int, int, float, int, int]:
    """The best legal place besides today's and the event's own: (start, room, gain over today's, how many starts are
    free of overlaps, how many of these the limits allow)."""
    start, room, gain, free, legal = NOWHERE, -1, 0.0, 0, 0
    # Only the place differs from here on, so that all else is weighed once.
    from_home = gain_over_home(model, state, lunches, e, model.home[e], model.home_room[e], state.parts)
    for k in range(model.person_off[e], model.person_off[e + 1]):
        _weigh_without(model, state, lunches, model.person[k], e)
    for k in range(model.person_off[e], model.person_off[e + 1]):
        from_home -= _value_at(model, state, lunches, model.person[k], e, model.home[e])
    first, last = model.run_off[e], model.run_off[e + 1]
    for k in range(first - 1, last):
        count = model.run_count[k] if k >= first else int(model.home_legal[e])
        for i in range(count):
            to = model.run_start[k] + i * model.step if k >= first else model.home[e]
            if blocker(model, state, e, to, -1) != FREE:  # whatever the room
                continue
            for r in range(model.room_off[e], model.room_off[e + 1]):
                there = model.room[r]
                if is_home(model, e, to, there) or (to == state.start[e] and there == state.room[e]):
                    continue
                if blocker(model, state, e, to, there) != FREE:
                    continue
                free += 1
                if state.total[EXCESS] + change(model, state, e, to, there)[1] <= 1e-9:
                    here = from_home
                    for p in range(model.person_off[e], model.person_off[e + 1]):
                        here += _value_at(model, state, lunches, model.person[p], e, to)
                    if legal == 0 or here > gain:
                        start, room, gain = to, there, here
                    legal += 1
                break  # one free room is as good as another
    return start, room, gain, free, legal


@hot_kernel
def gain_over_home(model: Model, state: State, lunches: Ints, e: int, start: int, room: int, parts: Floats) -> float:
    """What the score gains with an event there instead of at today's place; `parts`: its attendees' parts of it.

    At today's place it may lie over anything, which then costs conflicts and the lunches below it.
    """
    gain, home = -model.move_cost[e], model.home[e]
    for k in range(model.person_off[e], model.person_off[e + 1]):
        p, part = model.person[k], 0.0
        part += person_value(model, state, lunches, p, e, start) - person_value(model, state, lunches, p, e, home)
        part += model.conflict * _all_overlaps(model, state, e, p, home)
        part += model.outside_hours * _is_outside(model, e, p, home)
        parts[k - model.person_off[e]] = part
        gain += part
    if model.home_room[e] >= 0:
        gain += model.room_conflict * _all_overlaps(model, state, e, model.people + model.home_room[e], home)
    return gain


@hot_kernel
def person_value(model: Model, state: State, lunches: Ints, p: int, e: int, start: int) -> float:
    """A person's weeks with event e at `start` and these lunches, those below an event lost; conflicts aside."""
    total = 0.0
    for w in range(model.person_weeks[p], model.person_weeks[p + 1]):
        focus = cost = 0.0
        for k in range(model.week_off[w], model.week_off[w + 1]):
            day_focus, day_cost = _day_value(model, state, lunches, model.week_cells[k], e, start)
            focus += day_focus
            cost += day_cost
        total += focus_value(model, w, focus) - cost
    return total


@hot_kernel
def _day_value(model: Model, state: State, lunches: Ints, c: int, e: int, start: int) -> tuple[float, float]:
    """(focus, cost of lunch) of a day."""
    busy = gather(model, state, c, e, start)
    stretches, free = cut_stretches(model, state, c, busy)
    if lunches[c] != NO_LUNCH and lunch_fits(model, state, lunches[c], busy):
        return free - lunch_loss(model, state, c, lunches[c], stretches), model.lunch_cost[lunches[c]]
    return free, model.cell_missed[c]


@hot_kernel
def _weigh_without(model: Model, state: State, lunches: Ints, p: int, e: int) -> None:
    """Each day and week of a person without event e, into the scratch for `_value_at`."""
    for w in range(model.person_weeks[p], model.person_weeks[p + 1]):
        state.week_without[w, 0] = state.week_without[w, 1] = 0.0
        for k in range(model.week_off[w], model.week_off[w + 1]):
            c = model.week_cells[k]
            focus, cost = _day_value(model, state, lunches, c, e, NOWHERE)
            state.day_without[c, 0], state.day_without[c, 1] = focus, cost
            state.week_without[w, 0] += focus
            state.week_without[w, 1] += cost


@hot_kernel
def _value_at(model: Model, state: State, lunches: Ints, p: int, e: int, start: int) -> float:
    """What event e at `start` adds to the weeks of a person, over its being away; mostly one day's affair."""
    c = first_cell(model, p, start)
    w = model.cell_week[c]
    if model.cell_end[c] < start + model.duration[e] or w < 0:
        away = person_value(model, state, lunches, p, e, NOWHERE)
        return person_value(model, state, lunches, p, e, start) - away
    focus, cost = _day_value(model, state, lunches, c, e, start)
    more = focus - state.day_without[c, 0]
    dearer = cost - state.day_without[c, 1]
    without = state.week_without[w, 0]
    return focus_value(model, w, without + more) - focus_value(model, w, without) - dearer


@hot_kernel
def _all_overlaps(model: Model, state: State, e: int, resource: int, start: int) -> int:
    here = slice(model.fixed_off[resource], model.fixed_off[resource + 1])
    end = start + model.duration[e]
    fixed = overlaps(model.fixed_start[here], model.fixed_end[here], start, end)
    return fixed + overlapping(model, state, e, resource, start, end)


@hot_kernel
def _is_outside(model: Model, e: int, p: int, start: int) -> bool:
    if model.person_off[e + 1] - model.person_off[e] < 2:
        return False
    for i in range(model.meeting_off[p], model.meeting_off[p + 1]):
        if model.meeting_start[i] <= start and start + model.duration[e] <= model.meeting_end[i]:
            return False
    return True
