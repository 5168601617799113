"""What stands in the way of an event that has no legal place: a smallest set that together forbids all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from scheduling.engine.instance import Event, Instance

ANY_ROOM = -1  # instead of an event's rooms: a place is a start, in whichever room
MOST_SETS = 2_000  # looked at before the set that a greedy choice found is taken


class Place(NamedTuple):
    start: int
    end: int
    room: int | None


class Places:
    """All events at their final places, by person and by room. Sets of places are bits of one number."""

    def __init__(self, instance: Instance, final: Mapping[int, Place]) -> None:
        """`final`: the place of each event that has one, by its number."""
        self._instance = instance
        self._final = final
        self._of: dict[int, list[int]] = {}
        people = len(instance.people)
        for number, place in final.items():
            resources = [*instance.events[number].attendees]
            for resource in resources if place.room is None else [*resources, people + place.room]:
                self._of.setdefault(resource, []).append(number)

    def why_not(self, key: int) -> tuple[Literal["no_place", "conflict"], tuple[str, ...]]:
        """Why an event has no legal place, and a smallest set of what forbids each one.

        no_place: windows, meeting hours, rooms and fixed events alone leave none.
        conflict: each overlaps a final event.
        """
        rooms = self._rooms(self._instance.events[key])
        if len(rooms) > 1:
            # Blaming rooms for a start takes an event in each of them: a cover without rooms that has fewer is smaller.
            people_alone = self._fixed_cover(key, (ANY_ROOM,))
            if people_alone is not None and len(people_alone) <= len(rooms):
                return "no_place", people_alone
        fixed = self._fixed_cover(key, rooms)
        if fixed is not None:
            return "no_place", fixed
        forbidden = 0
        for mask in self._people_forbidding(key, rooms).values():
            forbidden |= mask
        left = self._every(key, rooms) & ~forbidden
        return "conflict", _smallest_cover(self._events_forbidding(key, rooms, fixed_only=False), left) or ()

    def _fixed_cover(self, key: int, rooms: tuple[int | None, ...]) -> tuple[str, ...] | None:
        people = self._people_forbidding(key, rooms)
        fixed = self._events_forbidding(key, rooms, fixed_only=True)
        return _smallest_cover({**people, **fixed}, self._every(key, rooms))

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

    def _every(self, key: int, rooms: tuple[int | None, ...]) -> int:
        """All places but today's: bit room x starts + start."""
        event = self._instance.events[key]
        starts = self._starts(event)
        bits = (1 << len(starts) * len(rooms)) - 1
        if event.start in starts and event.room in rooms:
            bits &= ~(1 << rooms.index(event.room) * len(starts) + starts.index(event.start))
        return bits

    def _people_forbidding(self, key: int, rooms: tuple[int | None, ...]) -> dict[str, int]:
        event = self._instance.events[key]
        starts = self._starts(event)
        found: dict[str, int] = {}
        for person in event.attendees:
            allowed = 0
            for low, high in self._instance.people[person].meeting:
                allowed |= _bits(bisect_left(starts, low), bisect_right(starts, high - event.duration))
            found[self._instance.people[person].id] = _in_all_rooms(
                ((1 << len(starts)) - 1) & ~allowed, len(starts), len(rooms)
            )
        return found

    def _events_forbidding(self, key: int, rooms: tuple[int | None, ...], *, fixed_only: bool) -> dict[str, int]:
        event = self._instance.events[key]
        starts = self._starts(event)
        people = len(self._instance.people)
        found: dict[str, int] = {}
        if not starts:
            return found
        begin, end = starts[0], starts[-1] + event.duration

        def forbid(resource: int, mask_of: int, numbers: int) -> None:
            for other in self._of.get(resource, ()):
                place = self._final[other]
                if place.end <= begin or end <= place.start or other == key:
                    continue
                if fixed_only and self._instance.events[other].movable is not None:
                    continue
                low = bisect_right(starts, place.start - event.duration)
                mask = _bits(low, bisect_left(starts, place.end))
                if mask:
                    name = self._instance.events[other].id
                    found[name] = found.get(name, 0) | (_in_all_rooms(mask, len(starts), numbers) << mask_of)

        for person in event.attendees:
            forbid(person, 0, len(rooms))
        for number, room in enumerate(rooms):
            if room is not None and room != ANY_ROOM:
                forbid(people + room, number * len(starts), 1)
        return found


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
    """The fewest masks that together hold every bit; None where all together do not."""
    together = 0
    for mask in masks.values():
        together |= mask
    if every & ~together:
        return None
    keys = _largest(masks, every)
    groups = {0: every}  # places by what forbids them: one bit for each key
    for number, key in enumerate(keys):
        split: dict[int, int] = {}
        for row, places in groups.items():
            split[row] = places & ~masks[key]
            split[row | 1 << number] = places & masks[key]
        groups = {row: places for row, places in split.items() if places}
    return tuple(keys[number] for number in _hitting_set(_least_rows(groups)))


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
