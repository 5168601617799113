"""What stands in the way of an event that has no legal place: a smallest set that together forbids all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from heapq import heapify, heapreplace
from typing import Literal, NamedTuple

from scheduling.engine.instance import Event, Instance

MANY = 150  # sets from which on they are not compared with each other; in large companies with all rooms in the way
MOST_SETS = 2_000  # looked at before the set that a greedy choice found is taken

_Rooms = tuple[int | None, ...]
Masks = dict[int, int]  # sets of places by what forbids them: the event of that number, or -1 - n for person n


class Place(NamedTuple):
    start: int
    end: int
    room: int | None


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
        if not _places(event, starts, rooms):
            return "no_place", ()
        hours = self._hours_forbidding(event, starts)
        fixed = hours | self._attending(key, starts, fixed_only=True)
        cover = self._cover(key, starts, rooms, fixed, fixed_only=True)
        if cover is not None:
            return "no_place", self._names(cover)
        closed = _union(hours)
        open_starts = [start for at, start in enumerate(starts) if not closed >> at & 1]
        attending = self._attending(key, open_starts, fixed_only=False)
        return "conflict", self._names(self._cover(key, open_starts, rooms, attending, fixed_only=False) or ())

    def _cover(
        self, key: int, starts: list[int], rooms: _Rooms, attending: Masks, *, fixed_only: bool
    ) -> tuple[int, ...] | None:
        """The fewest that forbid all these places; `attending`: what forbids a start whatever the room."""
        event = self._instance.events[key]
        every = _places(event, starts, rooms)
        if len(rooms) > 1:
            # Blaming rooms for a start takes an event in each of them, or each but today's: without is smaller mostly.
            without_rooms = _smallest_cover(attending, (1 << len(starts)) - 1)
            if without_rooms is not None and len(without_rooms) < len(rooms):
                return without_rooms
        masks = self._with_rooms(key, starts, rooms, attending, every, fixed_only=fixed_only)
        return None if masks is None else _smallest_cover(masks, every)

    def _with_rooms(
        self, key: int, starts: list[int], rooms: _Rooms, attending: Masks, every: int, *, fixed_only: bool
    ) -> Masks | None:
        """What forbids each start in each room; None as soon as a room has a place that nothing forbids."""
        count, people = len(starts), len(self._instance.people)
        whatever_the_room, in_rooms = _union(attending), Masks()
        for at, room in enumerate(rooms):
            here = {} if room is None else dict(self._overlaps(key, starts, people + room, fixed_only=fixed_only))
            if every >> at * count & ((1 << count) - 1) & ~(whatever_the_room | _union(here)):
                return None
            for number, mask in here.items():
                in_rooms[number] = in_rooms.get(number, 0) | mask << at * count
        everywhere = sum(1 << number * count for number in range(len(rooms)))
        found = {number: mask * everywhere for number, mask in attending.items()}
        return found | {number: mask | found.get(number, 0) for number, mask in in_rooms.items()}

    def _names(self, cover: Iterable[int]) -> tuple[str, ...]:
        instance = self._instance
        return tuple(instance.events[n].id if n >= 0 else instance.people[-1 - n].id for n in cover)

    def _starts(self, event: Event) -> list[int]:
        """Starts on the grid inside the windows, and today's if it lies in one (it may be kept with another room)."""
        step, starts = self._instance.step, set[int]()
        for low, high in event.movable.windows if event.movable else ():
            starts |= set(range(-(-low // step) * step, high - event.duration + 1, step))
            if event.start is not None and low <= event.start and event.start + event.duration <= high:
                starts.add(event.start)
        return sorted(starts)

    def _rooms(self, event: Event) -> _Rooms:
        return (event.room,) if event.movable is None or event.movable.rooms is None else event.movable.rooms

    def _hours_forbidding(self, event: Event, starts: list[int]) -> Masks:
        """The starts that each attendee's meeting hours forbid."""
        found: Masks = {}
        for person in event.attendees:
            allowed = 0
            for low, high in self._instance.people[person].meeting:
                allowed |= _bits(bisect_left(starts, low), bisect_right(starts, high - event.duration))
            mask = ((1 << len(starts)) - 1) & ~allowed
            if mask:
                found[-1 - person] = mask
        return found

    def _attending(self, key: int, starts: list[int], *, fixed_only: bool) -> Masks:
        """The starts that each other event of an attendee forbids."""
        found: Masks = {}
        for person in self._instance.events[key].attendees:
            found.update(self._overlaps(key, starts, person, fixed_only=fixed_only))
        return found

    def _overlaps(self, key: int, starts: list[int], resource: int, *, fixed_only: bool) -> Iterable[tuple[int, int]]:
        """Events of a person or room, and the starts that each forbids."""
        if not starts:
            return
        events, duration = self._instance.events, self._instance.events[key].duration
        for other_start, other_end, other in self._between(resource, starts[0], starts[-1] + duration):
            if other == key or (fixed_only and events[other].movable is not None):
                continue
            low, high = bisect_right(starts, other_start - duration), bisect_left(starts, other_end)
            if low < high:
                yield other, _bits(low, high)

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


def _places(event: Event, starts: list[int], rooms: _Rooms) -> int:
    """All places but today's: bit room x starts + start."""
    every = (1 << len(starts) * len(rooms)) - 1
    if event.start in starts and event.room in rooms:
        every &= ~(1 << rooms.index(event.room) * len(starts) + starts.index(event.start))
    return every


def _bits(low: int, high: int) -> int:
    return ((1 << max(0, high - low)) - 1) << low


def _union(masks: Masks) -> int:
    together = 0
    for mask in masks.values():
        together |= mask
    return together


def _smallest_cover(masks: Masks, every: int) -> tuple[int, ...] | None:
    """The fewest masks that together hold every bit, or a few of MANY; None where all together do not."""
    if every & ~_union(masks):
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


def _greedy_cover(masks: Masks, every: int) -> tuple[int, ...]:
    """Each time what forbids most of what is left; what one forbids only ever shrinks, so most needn't be counted."""
    chosen: list[int] = []
    queue = [(-(mask & every).bit_count(), number, key) for number, (key, mask) in enumerate(masks.items())]
    heapify(queue)
    while every:
        known, number, key = queue[0]
        count = -(masks[key] & every).bit_count()
        if count == known:
            chosen.append(key)
            every &= ~masks[key]
        heapreplace(queue, (-(masks[key] & every).bit_count(), number, key))
    return tuple(chosen)


def _largest(masks: Masks, every: int) -> list[int]:
    """Without those that forbid nothing that another one doesn't forbid too."""
    kept: list[int] = []
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
