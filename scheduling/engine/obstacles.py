"""What stands in the way of an event that has no legal place: a smallest set that together forbids all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from scheduling.engine.instance import Event, Instance

ANY_ROOM = -1  # instead of an event's rooms: a place is a start, in whichever room
MANY = 150  # sets from which on they are not compared with each other; in large companies with all rooms in the way
MOST_SETS = 2_000  # looked at before the set that a greedy choice found is taken


class Place(NamedTuple):
    start: int
    end: int
    room: int | None


class _Question(NamedTuple):
    """Why an event has no place: its starts, its rooms, and all places but today's (bit room x starts + start)."""

    key: int
    event: Event
    starts: list[int]
    rooms: tuple[int | None, ...]
    every: int


class Places:
    """All events at their final places, by person and by room. Sets of places are bits of one number."""

    def __init__(self, instance: Instance, final: Mapping[int, Place]) -> None:
        """`final`: the place of each event that has one, by its number."""
        self._instance = instance
        self._of: dict[int, list[tuple[int, int, int]]] = {}
        self._longest: dict[int, int] = {}
        people = len(instance.people)
        for number, place in final.items():
            resources = [*instance.events[number].attendees]
            for resource in resources if place.room is None else [*resources, people + place.room]:
                self._of.setdefault(resource, []).append((place.start, place.end, number))

    def why_not(self, key: int) -> tuple[Literal["no_place", "conflict"], tuple[str, ...]]:
        """Why an event has no legal place, and a smallest set of what forbids each one.

        no_place: windows, meeting hours, rooms and fixed events alone leave none.
        conflict: each overlaps a final event.
        """
        event = self._instance.events[key]
        starts, rooms = self._starts(event), self._rooms(event)
        asked = _question(key, event, starts, rooms)
        if not asked.every:
            return "no_place", ()
        if len(rooms) > 1:
            # Blaming rooms for a start takes an event in each of them: a cover without rooms that has fewer is smaller.
            whatever_the_room = _question(key, event, starts, (ANY_ROOM,))
            people_alone = self._fixed_cover(whatever_the_room, self._people_forbidding(whatever_the_room))
            if people_alone is not None and len(people_alone) <= len(rooms):
                return "no_place", people_alone
        people = self._people_forbidding(asked)
        fixed = self._fixed_cover(asked, people)
        if fixed is not None:
            return "no_place", fixed
        forbidden = 0
        for mask in people.values():
            forbidden |= mask
        events = self._events_forbidding(asked, fixed_only=False)
        return "conflict", _smallest_cover(events, asked.every & ~forbidden) or ()

    def _fixed_cover(self, asked: _Question, people: Mapping[str, int]) -> tuple[str, ...] | None:
        return _smallest_cover({**people, **self._events_forbidding(asked, fixed_only=True)}, asked.every)

    def _starts(self, event: Event) -> list[int]:
        """Starts on the grid inside the windows, and today's if it lies in one (it may be kept with another room)."""
        step, starts = self._instance.step, set[int]()
        for low, high in event.movable.windows if event.movable else ():
            starts |= set(range(-(-low // step) * step, high - event.duration + 1, step))
            if event.start is not None and low <= event.start and event.start + event.duration <= high:
                starts.add(event.start)
        return sorted(starts)

    def _rooms(self, event: Event) -> tuple[int | None, ...]:
        return (event.room,) if event.movable is None or event.movable.rooms is None else event.movable.rooms

    def _people_forbidding(self, asked: _Question) -> dict[str, int]:
        starts, found = asked.starts, dict[str, int]()
        for person in asked.event.attendees:
            allowed = 0
            for low, high in self._instance.people[person].meeting:
                allowed |= _bits(bisect_left(starts, low), bisect_right(starts, high - asked.event.duration))
            mask = ((1 << len(starts)) - 1) & ~allowed
            if mask:
                found[self._instance.people[person].id] = _in_all_rooms(mask, len(starts), len(asked.rooms))
        return found

    def _events_forbidding(self, asked: _Question, *, fixed_only: bool) -> dict[str, int]:
        starts, rooms, found = asked.starts, asked.rooms, dict[str, int]()
        people = len(self._instance.people)
        for person in asked.event.attendees:
            for number, mask in self._overlaps(asked, person, fixed_only=fixed_only):
                found[number] = found.get(number, 0) | _in_all_rooms(mask, len(starts), len(rooms))
        for at, room in enumerate(rooms):
            if room is not None and room != ANY_ROOM:
                for number, mask in self._overlaps(asked, people + room, fixed_only=fixed_only):
                    found[number] = found.get(number, 0) | mask << at * len(starts)
        return found

    def _overlaps(self, asked: _Question, resource: int, *, fixed_only: bool) -> Iterable[tuple[str, int]]:
        """Events of a person or room, and the starts that each forbids."""
        starts, duration = asked.starts, asked.event.duration
        begin, end = starts[0], starts[-1] + duration
        for other_start, other_end, other in self._between(resource, begin, end):
            event = self._instance.events[other]
            if other == asked.key or (fixed_only and event.movable is not None):
                continue
            mask = _bits(bisect_right(starts, other_start - duration), bisect_left(starts, other_end))
            if mask:
                yield event.id, mask

    def _between(self, resource: int, begin: int, end: int) -> list[tuple[int, int, int]]:
        """The places of a resource that may overlap [begin, end), by start."""
        rows = self._of.get(resource)
        if rows is None:
            return []
        if resource not in self._longest:
            rows.sort()
            self._longest[resource] = max(last - first for first, last, _ in rows)
        first = bisect_left(rows, (begin - self._longest[resource],))
        return rows[first : bisect_left(rows, (end,))]


def _question(key: int, event: Event, starts: list[int], rooms: tuple[int | None, ...]) -> _Question:
    every = (1 << len(starts) * len(rooms)) - 1
    if event.start in starts and event.room in rooms:
        every &= ~(1 << rooms.index(event.room) * len(starts) + starts.index(event.start))
    return _Question(key, event, starts, rooms, every)


def _bits(low: int, high: int) -> int:
    return ((1 << max(0, high - low)) - 1) << low


def _in_all_rooms(mask: int, starts: int, rooms: int) -> int:
    if rooms == 1:
        return mask
    found = 0
    for number in range(rooms):
        found |= mask << number * starts
    return found


def _smallest_cover(masks: Mapping[str, int], every: int) -> tuple[str, ...] | None:
    """The fewest masks that together hold every bit, or a few of MANY; None where all together do not."""
    together = 0
    for mask in masks.values():
        together |= mask
    if every & ~together:
        return None
    alone = next((key for key, mask in masks.items() if not every & ~mask), None)
    if alone is not None:
        return (alone,) if every else ()
    if len(masks) > MANY:
        return _greedy_cover(masks, every)
    keys = _largest(masks, every)
    groups = {0: every}  # places by what forbids them: one bit for each key
    for number, key in enumerate(keys):
        split: dict[int, int] = {}
        for row, places in groups.items():
            split[row] = places & ~masks[key]
            split[row | 1 << number] = places & masks[key]
        groups = {row: places for row, places in split.items() if places}
    return tuple(keys[number] for number in _hitting_set(_least_rows(groups)))


def _greedy_cover(masks: Mapping[str, int], every: int) -> tuple[str, ...]:
    chosen: list[str] = []
    while every:
        best = max(masks, key=lambda key: (masks[key] & every).bit_count())
        chosen.append(best)
        every &= ~masks[best]
    return tuple(chosen)


def _largest(masks: Mapping[str, int], every: int) -> list[str]:
    """Without those that forbid nothing that another one doesn't forbid too."""
    kept: list[str] = []
    for key in sorted(masks, key=lambda key: -(masks[key] & every).bit_count()):
        here = masks[key] & every
        if here and not any(here & ~masks[other] == 0 for other in kept):
            kept.append(key)
    return kept


def _least_rows(rows: Iterable[int]) -> list[int]:
    """Without rows that hold all of another: whoever hits that one hits them. Shortest first."""
    kept: list[int] = []
    for row in sorted(rows, key=lambda row: (row.bit_count(), row)):
        if not any(row & other == other for other in kept):
            kept.append(row)
    return kept


def _hitting_set(rows: list[int]) -> list[int]:
    """The fewest numbers of bits such that each row has one of them."""
    best = _greedy(rows)
    budget = [MOST_SETS]
    for size in range(_disjoint(rows), len(best)):
        found = _hit(rows, size, budget)
        if found is not None:
            return found
    return best


def _greedy(rows: list[int]) -> list[int]:
    chosen: list[int] = []
    while rows:
        numbers = [number for row in rows for number in _bits_of(row)]
        best = max(sorted(set(numbers)), key=numbers.count)
        chosen.append(best)
        rows = [row for row in rows if not row >> best & 1]
    return chosen


def _hit(rows: list[int], size: int, budget: list[int]) -> list[int] | None:
    """A hitting set of at most `size`: one of its members is in the shortest row."""
    if not rows:
        return []
    budget[0] -= 1
    if budget[0] < 0 or _disjoint(rows) > size:
        return None
    for number in _bits_of(rows[0]):
        found = _hit([row for row in rows if not row >> number & 1], size - 1, budget)
        if found is not None:
            return [number, *found]
    return None


def _disjoint(rows: list[int]) -> int:
    """So many rows share nothing, and each needs a member of its own."""
    used = count = 0
    for row in rows:
        if not row & used:
            used |= row
            count += 1
    return count


def _bits_of(row: int) -> Iterable[int]:
    while row:
        low = row & -row
        yield low.bit_length() - 1
        row ^= low
