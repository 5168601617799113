"""What stands in the way of an event that has no legal place: a smallest set that together forbids all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from scheduling.engine.instance import Event, Instance

MOST_SETS = 20_000  # looked at before the set that a greedy choice found is taken


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

        no_place: windows, meeting hours, rooms and fixed events alone leave none. conflict: each overlaps a final event.
        """
        people = self._people_forbidding(key)
        fixed = self._events_forbidding(key, fixed_only=True)
        every = self._every(key)
        smallest = _smallest_cover({**people, **fixed}, every)
        if smallest is not None:
            return "no_place", smallest
        forbidden = 0
        for mask in people.values():
            forbidden |= mask
        return "conflict", _smallest_cover(self._events_forbidding(key, fixed_only=False), every & ~forbidden) or ()

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

    def _every(self, key: int) -> int:
        """All places but today's: bit room x starts + start."""
        event = self._instance.events[key]
        starts, rooms = self._starts(event), self._rooms(event)
        bits = (1 << len(starts) * len(rooms)) - 1
        for number, room in enumerate(rooms):
            for at, start in enumerate(starts):
                if start == event.start and room == event.room:
                    bits &= ~(1 << number * len(starts) + at)
        return bits

    def _people_forbidding(self, key: int) -> dict[str, int]:
        event = self._instance.events[key]
        starts, rooms = self._starts(event), self._rooms(event)
        found: dict[str, int] = {}
        for person in event.attendees:
            allowed = 0
            for low, high in self._instance.people[person].meeting:
                allowed |= _bits(bisect_left(starts, low), bisect_right(starts, high - event.duration))
            found[self._instance.people[person].id] = _in_all_rooms(
                ((1 << len(starts)) - 1) & ~allowed, len(starts), len(rooms)
            )
        return found

    def _events_forbidding(self, key: int, *, fixed_only: bool) -> dict[str, int]:
        event = self._instance.events[key]
        starts, rooms = self._starts(event), self._rooms(event)
        people = len(self._instance.people)
        found: dict[str, int] = {}

        def forbid(resource: int, mask_of: int, numbers: int) -> None:
            for other in self._of.get(resource, ()):
                if other == key or (fixed_only and self._instance.events[other].movable is not None):
                    continue
                place = self._final[other]
                low = bisect_right(starts, place.start - event.duration)
                mask = _bits(low, bisect_left(starts, place.end))
                if mask:
                    name = self._instance.events[other].id
                    found[name] = found.get(name, 0) | (_in_all_rooms(mask, len(starts), numbers) << mask_of)

        for person in event.attendees:
            forbid(person, 0, len(rooms))
        for number, room in enumerate(rooms):
            if room is not None:
                forbid(people + room, number * len(starts), 1)
        return found


def _bits(low: int, high: int) -> int:
    return ((1 << max(0, high - low)) - 1) << low


def _in_all_rooms(mask: int, starts: int, rooms: int) -> int:
    found = 0
    for number in range(rooms):
        found |= mask << number * starts
    return found


def _smallest_cover(masks: Mapping[str, int], every: int) -> tuple[str, ...] | None:
    """The fewest masks that together hold every bit; None where all together do not."""
    masks = {key: mask & every for key, mask in masks.items() if mask & every}
    together = 0
    for mask in masks.values():
        together |= mask
    if together != every:
        return None
    best = _greedy(masks, every)
    budget = [MOST_SETS]
    for size in range(1, len(best)):
        found = _cover(masks, every, size, budget)
        if found is not None:
            return tuple(found)
    return tuple(best)


def _greedy(masks: Mapping[str, int], every: int) -> list[str]:
    chosen: list[str] = []
    while every:
        best = max(masks, key=lambda key: (masks[key] & every).bit_count())
        chosen.append(best)
        every &= ~masks[best]
    return chosen


def _cover(masks: Mapping[str, int], every: int, size: int, budget: list[int]) -> list[str] | None:
    """A cover by at most `size` masks: one of them must hold the lowest bit."""
    if not every:
        return []
    if size == 0 or budget[0] <= 0:
        return None
    budget[0] -= 1
    largest = max((mask & every).bit_count() for mask in masks.values())
    if largest * size < every.bit_count():
        return None
    for key in _holders(masks, every & -every):
        found = _cover(masks, every & ~masks[key], size - 1, budget)
        if found is not None:
            return [key, *found]
    return None


def _holders(masks: Mapping[str, int], bit: int) -> Iterable[str]:
    return [key for key, mask in masks.items() if mask & bit]
