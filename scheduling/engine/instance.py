"""`clockwise-instance/1`: what the engine is given, parsed once into immutable objects (docs/engine.md, "Instance").

People, rooms and events refer to each other by their index in the instance; times are whole minutes since its origin.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from scheduling.engine.reading import (
    InstanceError,
    amount,
    interval,
    intervals,
    items,
    member,
    one_of,
    text,
    whole,
)

FORMAT = "clockwise-instance/1"
MOST_STARTS = 50_000  # of one event: a year of quarter hours, or a month of minutes
MOST_LUNCHES = 10_000  # of one day: two hours at every minute
SIDES = ("any", "morning", "afternoon")

Intervals = tuple[tuple[int, int], ...]


class Weights(NamedTuple):
    """Worth of each part of the score, in person-minutes."""

    focus: float = 1.0
    beyond_goal: float = 0.25
    side_bonus: float = 0.1
    conflict: float = 240.0
    room_conflict: float = 240.0
    outside_hours: float = 30.0
    lunch: float = 180.0
    lunch_short: float = 1.25
    move: float = 15.0
    move_person: float = 5.0


class Lunch(NamedTuple):
    window: tuple[int, int]
    min: int
    ideal: int


class Day(NamedTuple):
    week: int
    span: tuple[int, int]
    noon: int
    lunch: Lunch | None


class Focus(NamedTuple):
    min: int
    block: int
    goal: tuple[float, ...]
    side: str


class Limits(NamedTuple):
    """The most focus (minutes) a week may lose, and the most moved events in one."""

    focus_drop: float | None
    moves: int | None


class Person(NamedTuple):
    id: str
    limits: Limits
    working: Intervals
    meeting: Intervals
    days: tuple[Day, ...]
    focus: Focus


class Room(NamedTuple):
    id: str
    capacity: int
    building: str


class Flexibility(NamedTuple):
    """Where a movable event may go; `rooms` is None where it keeps the room it has, or none."""

    windows: Intervals
    rooms: tuple[int, ...] | None
    cost: float


class Event(NamedTuple):
    """`start` is None for a meeting that must be placed."""

    id: str
    start: int | None
    duration: int
    attendees: tuple[int, ...]
    room: int | None
    movable: Flexibility | None


class Instance(NamedTuple):
    name: str
    origin: datetime
    step: int
    weights: Weights
    people: tuple[Person, ...]
    rooms: tuple[Room, ...]
    events: tuple[Event, ...]


def load(path: Path) -> Instance:
    """Read an instance file. Raises InstanceError, also for what can't be read or is no JSON."""
    return parse(load_json(path))


def load_json(path: Path) -> object:
    try:
        return json.loads(path.read_bytes(), parse_constant=_refuse_constant)
    except OSError as error:
        raise InstanceError("$", f"can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InstanceError("$", f"is no JSON: {error or 'nested too deeply'}") from error


def parse(document: object) -> Instance:
    """Check a decoded document and type it. Raises InstanceError with the JSON path at fault."""
    if member(document, "format", "$") != FORMAT:
        raise InstanceError("$.format", f"must be {FORMAT}")
    rooms = tuple(_room(value, path) for path, value in items(member(document, "rooms", "$", default=[]), "$.rooms"))
    room_index = _index([room.id for room in rooms], "$.rooms")
    people = tuple(_person(value, path) for path, value in items(member(document, "people", "$"), "$.people"))
    person_index = _index([person.id for person in people], "$.people")
    events = tuple(
        _event(value, path, person_index, room_index)
        for path, value in items(member(document, "events", "$"), "$.events")
    )
    _index([event.id for event in events], "$.events")
    step = whole(member(document, "step", "$", default=15), "$.step", low=1, high=1440)
    _refuse_too_many_choices(people, events, step)
    return Instance(
        name=text(member(document, "name", "$"), "$.name"),
        origin=_origin(member(document, "origin", "$")),
        step=step,
        weights=_weights(member(document, "weights", "$", default={})),
        people=people,
        rooms=rooms,
        events=events,
    )


def _refuse_too_many_choices(people: tuple[Person, ...], events: tuple[Event, ...], step: int) -> None:
    """A few numbers can ask for more places than memory holds."""
    for number, person in enumerate(people):
        for day in person.days:
            if day.lunch is not None and _lunches(day.lunch, step) > MOST_LUNCHES:
                raise InstanceError(f"$.people[{number}].days", f"allow more than {MOST_LUNCHES} lunches on {day.span}")
    for number, event in enumerate(events):
        windows = event.movable.windows if event.movable else ()
        if sum(max(0, high - low - event.duration) for low, high in windows) > MOST_STARTS * step:
            raise InstanceError(f"$.events[{number}].movable.windows", f"allow more than {MOST_STARTS} starts")


def _lunches(lunch: Lunch, step: int) -> int:
    low, high = lunch.window
    return ((high - low) // step + 1) * (min(lunch.ideal, high - low) // step - lunch.min // step + 1)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _index(ids: list[str], path: str) -> dict[str, int]:
    index: dict[str, int] = {}
    for number, key in enumerate(ids):
        if key in index:
            raise InstanceError(f"{path}[{number}].id", "is taken by an earlier one")
        index[key] = number
    return index


def _origin(value: object) -> datetime:
    try:
        origin = datetime.fromisoformat(text(value, "$.origin"))
    except ValueError as error:
        raise InstanceError("$.origin", "must be an ISO 8601 instant in UTC") from error
    if origin.utcoffset() != timedelta(0):
        raise InstanceError("$.origin", "must be an ISO 8601 instant in UTC")
    return origin


def _weights(value: object) -> Weights:
    if not isinstance(value, dict):
        raise InstanceError("$.weights", "must be an object")
    for key in value:
        if key not in Weights._fields:
            raise InstanceError("$.weights", f"knows only {', '.join(Weights._fields)}")
    return Weights(**{key: amount(weight, f"$.weights.{key}") for key, weight in value.items()})


def _room(value: object, path: str) -> Room:
    return Room(
        id=text(member(value, "id", path), f"{path}.id"),
        capacity=whole(member(value, "capacity", path, default=0), f"{path}.capacity", low=0),
        building=text(member(value, "building", path, default=""), f"{path}.building"),
    )


def _person(value: object, path: str) -> Person:
    focus = _focus(member(value, "focus", path), f"{path}.focus")
    days = _days(member(value, "days", path), f"{path}.days", weeks=len(focus.goal))
    working = intervals(member(value, "working", path), f"{path}.working")
    for number, (start, end) in enumerate(working):
        for day in days:
            if start < day.span[1] and day.span[0] < end and not (day.span[0] <= start and end <= day.span[1]):
                raise InstanceError(f"{path}.working[{number}]", "crosses the border of a day's span")
    return Person(
        id=text(member(value, "id", path), f"{path}.id"),
        limits=_limits(member(value, "limits", path, default=None), f"{path}.limits"),
        working=working,
        meeting=intervals(member(value, "meeting", path), f"{path}.meeting"),
        days=days,
        focus=focus,
    )


def _limits(value: object, path: str) -> Limits:
    if value is None:
        return Limits(None, None)
    drop = member(value, "focus_drop", path, default=None)
    moves = member(value, "moves", path, default=None)
    return Limits(
        focus_drop=None if drop is None else amount(drop, f"{path}.focus_drop"),
        moves=None if moves is None else whole(moves, f"{path}.moves", low=0),
    )


def _focus(value: object, path: str) -> Focus:
    least = whole(member(value, "min", path), f"{path}.min", low=1)
    return Focus(
        min=least,
        block=whole(member(value, "block", path), f"{path}.block", low=least),
        goal=tuple(amount(goal, place) for place, goal in items(member(value, "goal", path), f"{path}.goal")),
        side=one_of(member(value, "side", path, default="any"), SIDES, f"{path}.side"),
    )


def _days(value: object, path: str, *, weeks: int) -> tuple[Day, ...]:
    """Sorted by span, which the file need not be."""
    found = sorted(
        ((_day(day, place, weeks), place) for place, day in items(value, path)), key=lambda pair: pair[0].span
    )
    for (earlier, _), (later, place) in pairwise(found):
        if later.span[0] < earlier.span[1]:
            raise InstanceError(f"{place}.span", "overlaps the span of another day")
    return tuple(day for day, _ in found)


def _day(value: object, path: str, weeks: int) -> Day:
    week = whole(member(value, "week", path), f"{path}.week", low=0)
    if week >= weeks:
        raise InstanceError(f"{path}.week", "has no focus goal")
    lunch = member(value, "lunch", path, default=None)
    return Day(
        week=week,
        span=interval(member(value, "span", path), f"{path}.span"),
        noon=whole(member(value, "noon", path), f"{path}.noon"),
        lunch=None if lunch is None else _lunch(lunch, f"{path}.lunch"),
    )


def _lunch(value: object, path: str) -> Lunch:
    least = whole(member(value, "min", path), f"{path}.min", low=1)
    return Lunch(
        window=interval(member(value, "window", path), f"{path}.window"),
        min=least,
        ideal=whole(member(value, "ideal", path), f"{path}.ideal", low=least),
    )


def _event(value: object, path: str, people: dict[str, int], rooms: dict[str, int]) -> Event:
    key = text(member(value, "id", path), f"{path}.id")
    start, duration = _time(value, path)
    room = member(value, "room", path, default=None)
    flexibility = member(value, "movable", path, default=None)
    if start is None and flexibility is None:
        raise InstanceError(f"{path}.movable", "must not be null where the start is")
    return Event(
        id=key,
        start=start,
        duration=duration,
        attendees=_known(member(value, "attendees", path), people, f"{path}.attendees"),
        room=None if room is None else _one_known(room, rooms, f"{path}.room"),
        movable=None if flexibility is None else _flexibility(flexibility, f"{path}.movable", rooms),
    )


def _time(value: object, path: str) -> tuple[int | None, int]:
    start = member(value, "start", path)
    if start is None:
        return None, whole(member(value, "duration", path), f"{path}.duration", low=1)
    start = whole(start, f"{path}.start")
    end = whole(member(value, "end", path), f"{path}.end")
    if end <= start:
        raise InstanceError(f"{path}.end", "must be after the start")
    return start, end - start


def _flexibility(value: object, path: str, rooms: dict[str, int]) -> Flexibility:
    choice = member(value, "rooms", path, default=None)
    return Flexibility(
        windows=intervals(member(value, "windows", path), f"{path}.windows"),
        rooms=None if choice is None else _known(choice, rooms, f"{path}.rooms"),
        cost=amount(member(value, "cost", path, default=0), f"{path}.cost"),
    )


def _one_known(value: object, index: dict[str, int], path: str) -> int:
    if not isinstance(value, str) or value not in index:
        raise InstanceError(path, "is unknown")
    return index[value]


def _known(value: object, index: dict[str, int], path: str) -> tuple[int, ...]:
    found = tuple(_one_known(key, index, place) for place, key in items(value, path))
    if len(set(found)) < len(found):
        raise InstanceError(path, "names one twice")
    return found
