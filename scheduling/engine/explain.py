"""True reasons: what each move brings to whom, and why each other movable event stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from scheduling.engine.arrays import NOWHERE, Arrays
from scheduling.engine.instance import Event, Instance
from scheduling.engine.kernels import FREE, State, blocker, change
from scheduling.engine.score import Place, move_cost, overlapping_pairs, person_score, places_of
from scheduling.engine.solution import Alternative, Change, Lunches, MoveReason, Reason, StayReason

TOLERANCE = 0.005


class Explainer:
    """Holds an answer by person, so that one event's part is worked out from its attendees alone."""

    def __init__(self, instance: Instance, events: Mapping[str, Change], lunches: Lunches) -> None:
        self._instance, self._lunches = instance, lunches
        self._places = {place.event.id: place for place in places_of(instance, events)}
        self._by_person: defaultdict[int, list[Place]] = defaultdict(list)
        self._by_room: defaultdict[int, list[Place]] = defaultdict(list)
        for place in self._places.values():
            for person in place.event.attendees:
                self._by_person[person].append(place)
            if place.room is not None:
                self._by_room[place.room].append(place)

    def move(self, event: Event) -> MoveReason:
        """What the score would lose if this event alone went back; a lunch that it would cover counts as lost."""
        here = self._places[event.id]
        assert event.start is not None  # noqa: S101 - only moved events are explained, not placed ones
        back = here._replace(start=event.start, end=event.start + event.duration, room=event.room, changed=False)
        by_person = {}
        for person in dict.fromkeys(event.attendees):
            lost = self._value(person, here, here) - self._value(person, here, back)
            if abs(lost) > TOLERANCE:
                by_person[self._instance.people[person].id] = round(lost, 6)
        rooms = self._room_conflicts(here, here) - self._room_conflicts(here, back)
        gain = sum(by_person.values()) - self._instance.weights.room_conflict * rooms - move_cost(self._instance, event)
        return MoveReason(round(gain, 6), by_person, None)

    def _value(self, person: int, was: Place, now: Place) -> float:
        places = [now if place is was else place for place in self._by_person[person]]
        busy = [(place.start, place.end) for place in places]
        kept = [
            lunch
            for lunch in self._lunches.get(self._instance.people[person].id, ())
            if not any(start < lunch[1] and lunch[0] < end for start, end in busy)
        ]
        return person_score(self._instance, person, places, kept, []).value

    def _room_conflicts(self, was: Place, now: Place) -> int:
        """Pairs in the rooms of either place."""
        rooms = {room for room in (was.room, now.room, was.event.room) if room is not None}
        count = 0
        for room in rooms:
            others = [place for place in self._by_room[room] if place is not was]
            count += len(overlapping_pairs([*others, now] if now.room == room else others))
        return count


def stay(instance: Instance, arrays: Arrays, state: State, number: int) -> StayReason:
    """Why the model's event `number` stays, all others final: the best other place, or what is in the way."""
    model = arrays.model
    best: Alternative | None = None
    limited = False
    blockers: dict[int, set[int]] = {}
    for start, room in _other_places(arrays, number):
        found = int(blocker(model, state, number, start, room))
        if found != FREE:
            blockers[start] = _in_the_way(arrays, state, number, start, room)
            continue
        gain, excess = change(model, state, number, start, room)
        if state.total[1] + excess > TOLERANCE:
            limited = True
        elif best is None or gain > best.gain:
            best = Alternative(start, instance.rooms[room].id if room >= 0 else None, round(float(gain), 3))
    if best is not None:
        return StayReason("best", (), best)
    reason: Reason = "limits" if limited else "conflict" if blockers else "no_place"
    if reason != "conflict":
        return StayReason(reason, (), None)
    smallest = min(blockers.values(), key=lambda events: (len(events), sorted(events)))
    return StayReason(reason, tuple(instance.events[arrays.events[e]].id for e in sorted(smallest)), None)


def _other_places(arrays: Arrays, number: int) -> list[tuple[int, int]]:
    model = arrays.model
    rooms = model.room[model.room_off[number] : model.room_off[number + 1]]
    found = []
    for run in range(model.run_off[number], model.run_off[number + 1]):
        for i in range(model.run_count[run]):
            start = int(model.run_start[run]) + i * model.step
            found += [(start, int(room)) for room in rooms]
    home = (int(model.home[number]), int(model.home_room[number]))
    return [place for place in found if place != home]


def _in_the_way(arrays: Arrays, state: State, number: int, start: int, room: int) -> set[int]:
    """Movable events that share a person or the room and overlap the place."""
    model = arrays.model
    end = start + int(model.duration[number])
    people = set(model.person[model.person_off[number] : model.person_off[number + 1]].tolist())
    found = set()
    for other in range(model.home.size):
        if other == number or state.start[other] == NOWHERE:
            continue
        if not (state.start[other] < end and start < state.start[other] + model.duration[other]):
            continue
        shared = people & set(model.person[model.person_off[other] : model.person_off[other + 1]].tolist())
        if shared or (room >= 0 and state.room[other] == room):
            found.add(other)
    return found
