"""What stands in the way of a meeting, against trying every set of what could."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from scheduling.engine import obstacles
from scheduling.engine.instance import Event, Instance, parse
from tests.scheduling.engine.small import small

Spot = tuple[int, int | None]
Forbids = dict[str, set[Spot]]


@pytest.mark.parametrize("seed", range(2000, 2120))
def test_what_forbids_every_place_is_told_with_the_fewest_that_do(seed: int) -> None:
    instance = parse(small(seed, most_places=40))
    final = {
        number: obstacles.Place(event.start, event.start + event.duration, event.room)
        for number, event in enumerate(instance.events)
        if event.start is not None
    }
    asked = obstacles.Places(instance, final)
    for number, event in enumerate(instance.events):
        if event.movable is None:
            continue
        spots = set(_spots(instance, event))
        hours = _hours(instance, event, spots)
        fixed = hours | _events(instance, number, spots, fixed_only=True)
        if _fewest(fixed, spots) is not None:
            reason, forbids, left = "no_place", fixed, spots
        else:
            left = spots - set().union(*hours.values())
            reason, forbids = "conflict", _events(instance, number, left, fixed_only=False)
        fewest = _fewest(forbids, left)
        if fewest is None:
            continue  # it has a place, and nobody asks
        told, blockers = asked.why_not(number)
        assert (told, len(blockers)) == (reason, fewest)
        assert left <= set[Spot]().union(*(forbids[key] for key in blockers))


def _spots(instance: Instance, event: Event) -> Iterator[Spot]:
    assert event.movable is not None
    for low, high in event.movable.windows:
        for start in range(low, high - event.duration + 1):
            if start % instance.step == 0 or start == event.start:
                for room in (event.room,) if event.movable.rooms is None else event.movable.rooms:
                    if (start, room) != (event.start, event.room):
                        yield start, room


def _hours(instance: Instance, event: Event, spots: set[Spot]) -> Forbids:
    return {
        person.id: {
            (start, room)
            for start, room in spots
            if not any(low <= start and start + event.duration <= high for low, high in person.meeting)
        }
        for person in (instance.people[number] for number in event.attendees)
    }


def _events(instance: Instance, number: int, spots: set[Spot], *, fixed_only: bool) -> Forbids:
    event = instance.events[number]
    return {
        other.id: {
            (start, room)
            for start, room in spots
            if other.start is not None
            and other.start < start + event.duration
            and start < other.start + other.duration
            and (set(other.attendees) & set(event.attendees) or (room is not None and room == other.room))
        }
        for key, other in enumerate(instance.events)
        if key != number and not (fixed_only and other.movable)
    }


def _fewest(forbids: Forbids, spots: set[Spot]) -> int | None:
    if spots - set[Spot]().union(*forbids.values()):
        return None
    useful = [here for here in forbids.values() if here & spots]
    for size in range(len(useful) + 1):
        for chosen in combinations(useful, size):
            if spots <= set[Spot]().union(*chosen):
                return size
    return None
