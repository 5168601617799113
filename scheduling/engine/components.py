"""Independent parts: movable events that share, directly or through others, a person or a room that either may take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scheduling.engine.arrays import Ints, Model


class Part(NamedTuple):
    """Movable events, and the weeks (person, week) whose value they may change. Parts share neither."""

    events: Ints
    weeks: Ints


def parts(model: Model) -> list[Part]:
    """All parts, by their first event."""
    root = np.arange(model.home.size)
    seen: dict[int, int] = {}
    for event in range(model.home.size):
        for resource in _resources(model, event):
            first = seen.setdefault(resource, event)
            a, b = _root(root, first), _root(root, event)
            root[max(a, b)] = min(a, b)
    members: dict[int, list[int]] = {}
    for event in range(model.home.size):
        members.setdefault(_root(root, event), []).append(event)
    return [_part(model, events) for events in members.values()]


def untouched_weeks(model: Model, found: list[Part]) -> Ints:
    """The weeks of people whom no movable event concerns."""
    free = np.ones(model.week_goal.size, np.bool_)
    for part in found:
        free[part.weeks] = False
    return np.flatnonzero(free).astype(np.int32)


def _resources(model: Model, event: int) -> list[int]:
    people = model.person[model.person_off[event] : model.person_off[event + 1]]
    rooms = {int(room) for room in model.room[model.room_off[event] : model.room_off[event + 1]]}
    rooms.add(int(model.home_room[event]))
    return [int(person) for person in people] + [model.people + room for room in sorted(rooms) if room >= 0]


def _root(root: np.typing.NDArray[np.int64], event: int) -> int:
    while root[event] != event:
        root[event] = root[root[event]]
        event = int(root[event])
    return event


def _part(model: Model, events: list[int]) -> Part:
    people = {int(p) for e in events for p in model.person[model.person_off[e] : model.person_off[e + 1]]}
    weeks = [week for p in sorted(people) for week in range(model.person_weeks[p], model.person_weeks[p + 1])]
    return Part(np.array(events, np.int32), np.array(weeks, np.int32))
