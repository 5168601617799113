"""The scorer that explains: any answer to an instance, its score in parts and each hard constraint it breaks.

Written apart from the search and slow on purpose: what is stored or applied is checked here first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scheduling.engine.instance import Day, Event, Instance, Person
from scheduling.engine.solution import Change, Lunches

TOLERANCE = 1e-6  # minutes of focus: what adding in another order may differ by


class PersonScore(NamedTuple):
    """One person's part of the score, and the figures that it comes from."""

    value: float
    focus_minutes: int
    block_minutes: int
    conflicts: int
    outside_hours: int
    lunches_kept: int
    lunches_missed: int


class Score(NamedTuple):
    """`other` is what belongs to nobody: moves and rooms. The total is the people's values plus `other`."""

    total: float
    by_person: Mapping[str, PersonScore]
    other: float
    room_conflicts: int
    moved: tuple[str, ...]
    errors: tuple[str, ...]


class Place(NamedTuple):
    start: int
    end: int
    room: int | None
    event: Event
    changed: bool


def score(instance: Instance, events: Mapping[str, Change], lunches: Lunches) -> Score:
    """Score the instance with `events` where they are said to be and these lunches; every other event stays.

    An answer that breaks a hard constraint is scored all the same, with the reasons in `errors`.
    """
    errors: list[str] = []
    places = list(_places(instance, events, errors))
    by_person, by_room = _by_attendee(places), _by_room(places)
    room_pairs = [pair for room in by_room.values() for pair in overlapping_pairs(room)]
    errors += [_overlap_error("a room", pair) for pair in room_pairs if pair[0].changed or pair[1].changed]
    scores = {
        person.id: person_score(instance, number, by_person[number], lunches.get(person.id, ()), errors)
        for number, person in enumerate(instance.people)
    }
    moved = [place.event for place in places if place.changed and place.event.start is not None]
    other = -instance.weights.room_conflict * len(room_pairs) - sum(move_cost(instance, event) for event in moved)
    return Score(
        total=sum(part.value for part in scores.values()) + other,
        by_person=scores,
        other=other,
        room_conflicts=len(room_pairs),
        moved=tuple(event.id for event in moved),
        errors=tuple(errors),
    )


def move_cost(instance: Instance, event: Event) -> float:
    weights = instance.weights
    own = event.movable.cost if event.movable else 0.0
    return weights.move + weights.move_person * len(event.attendees) + own


def focus_of_day(
    person: Person, day: Day, busy: Iterable[tuple[int, int]], side_bonus: float
) -> tuple[float, int, int]:
    """(focus, minutes, minutes in blocks) of a day's free stretches."""
    total, minutes, blocks = 0.0, 0, 0
    taken = sorted(busy)
    for working in person.working:
        if day.span[0] <= working[0] and working[1] <= day.span[1]:
            for start, end in _free(working, taken):
                value = _stretch_value(person, day, start, end, side_bonus)
                total += value
                minutes += end - start if value else 0
                blocks += end - start if end - start >= person.focus.block else 0
    return total, minutes, blocks


def week_of(person: Person, start: int) -> int | None:
    """The week of the day whose span holds `start`, else is nearest to it (the earlier of two)."""
    if not person.days:
        return None
    nearest = min(
        person.days,
        key=lambda day: (
            not day.span[0] <= start < day.span[1],
            max(day.span[0] - start, start - day.span[1]),
            day.span[0],
        ),
    )
    return nearest.week


def places_of(instance: Instance, events: Mapping[str, Change]) -> list[Place]:
    """Every event where the answer has it."""
    return list(_places(instance, events, []))


def overlapping_pairs(places: Iterable[Place]) -> list[tuple[Place, Place]]:
    pairs: list[tuple[Place, Place]] = []
    running: list[Place] = []
    for place in sorted(places, key=lambda place: (place.start, place.end)):
        running = [earlier for earlier in running if earlier.end > place.start]
        pairs += [(earlier, place) for earlier in running]
        running.append(place)
    return pairs


def _places(instance: Instance, changes: Mapping[str, Change], errors: list[str]) -> Iterable[Place]:
    rooms = {room.id: number for number, room in enumerate(instance.rooms)}
    known = {event.id for event in instance.events}
    errors += [f"{key}: unknown event" for key in changes if key not in known]
    for event in instance.events:
        change = changes.get(event.id)
        if change is None:
            if event.start is None:
                errors.append(f"{event.id}: must be placed")
            else:
                yield Place(event.start, event.start + event.duration, event.room, event, changed=False)
            continue
        if change.room is not None and change.room not in rooms:
            errors.append(f"{event.id}: unknown room {change.room}")
        room = None if change.room is None else rooms.get(change.room)
        changed = change.start != event.start or room != event.room
        place = Place(change.start, change.start + event.duration, room, event, changed)
        if changed:
            errors += _place_errors(instance, place)
        yield place


def _place_errors(instance: Instance, place: Place) -> Iterable[str]:
    event = place.event
    if event.movable is None:
        yield f"{event.id}: not movable"
        return
    if place.start != event.start and place.start % instance.step:
        yield f"{event.id}: start {place.start} off the grid of {instance.step}"
    if not _inside(place.start, place.end, event.movable.windows):
        yield f"{event.id}: outside its windows"
    allowed = (event.room,) if event.movable.rooms is None else event.movable.rooms
    if place.room not in allowed:
        yield f"{event.id}: its room is not allowed"
    for number in event.attendees:
        if not _inside(place.start, place.end, instance.people[number].meeting):
            yield f"{event.id}: outside the meeting hours of {instance.people[number].id}"


def person_score(
    instance: Instance, number: int, places: Sequence[Place], lunches: Sequence[tuple[int, int]], errors: list[str]
) -> PersonScore:
    person, weights = instance.people[number], instance.weights
    busy = [(place.start, place.end) for place in places]
    pairs = overlapping_pairs(places)
    errors += [_overlap_error(person.id, pair) for pair in pairs if pair[0].changed or pair[1].changed]
    errors += _lunch_errors(instance, person, busy, lunches)
    errors += _limit_errors(instance, person, places)
    focus: defaultdict[int, float] = defaultdict(float)
    minutes = blocks = missed = short = 0
    for day in person.days:
        value, day_minutes, day_blocks = focus_of_day(person, day, [*busy, *lunches], weights.side_bonus)
        focus[day.week] += value
        minutes, blocks = minutes + day_minutes, blocks + day_blocks
        if day.lunch:
            taken = [end - start for start, end in lunches if _inside(start, end, [day.span])]
            missed += not taken
            short += sum(max(0, day.lunch.ideal - length) for length in taken)
    outside = sum(
        not _inside(place.start, place.end, person.meeting) for place in places if len(place.event.attendees) >= 2
    )
    worth = sum(week_value(instance, person, week, value) for week, value in focus.items())
    return PersonScore(
        value=worth
        - weights.conflict * len(pairs)
        - weights.outside_hours * outside
        - weights.lunch * missed
        - weights.lunch_short * short,
        focus_minutes=minutes,
        block_minutes=blocks,
        conflicts=len(pairs),
        outside_hours=outside,
        lunches_kept=sum(1 for day in person.days if day.lunch) - missed,
        lunches_missed=missed,
    )


def week_value(instance: Instance, person: Person, week: int, focus: float) -> float:
    goal, weights = person.focus.goal[week], instance.weights
    return weights.focus * (min(focus, goal) + weights.beyond_goal * max(0.0, focus - goal))


def _lunch_errors(
    instance: Instance, person: Person, busy: Sequence[tuple[int, int]], lunches: Sequence[tuple[int, int]]
) -> Iterable[str]:
    taken: Counter[Day] = Counter()
    for start, end in lunches:
        day = next((day for day in person.days if day.span[0] <= start and end <= day.span[1]), None)
        if day is None or day.lunch is None:
            yield f"{person.id}: lunch {start}-{end} on a day without one"
            continue
        taken[day] += 1
        if taken[day] == 2:
            yield f"{person.id}: two lunches on one day"
        if start % instance.step or end % instance.step:
            yield f"{person.id}: lunch {start}-{end} off the grid"
        if not day.lunch.min <= end - start <= day.lunch.ideal or not _inside(start, end, [day.lunch.window]):
            yield f"{person.id}: lunch {start}-{end} outside its window or lengths"
        if any(first < end and start < last for first, last in busy):
            yield f"{person.id}: lunch {start}-{end} over an event"


def _limit_errors(instance: Instance, person: Person, places: Sequence[Place]) -> Iterable[str]:
    if person.limits.moves is not None:
        moved = Counter(week_of(person, p.event.start) for p in places if p.changed and p.event.start is not None)
        yield from (f"{person.id}: {n} moves in week {week}" for week, n in moved.items() if n > person.limits.moves)
    if person.limits.focus_drop is not None and any(place.changed for place in places):
        bonus = instance.weights.side_bonus
        held = [place.event for place in places if place.event.start is not None]
        today = [(event.start or 0, (event.start or 0) + event.duration) for event in held]
        final = [(place.start, place.end) for place in places]
        drops: defaultdict[int, float] = defaultdict(float)
        for day in person.days:
            drops[day.week] += focus_of_day(person, day, today, bonus)[0] - focus_of_day(person, day, final, bonus)[0]
        for week, drop in drops.items():
            if drop > person.limits.focus_drop + TOLERANCE:
                yield f"{person.id}: focus in week {week} drops by {drop:g}"


def _by_attendee(places: Iterable[Place]) -> defaultdict[int, list[Place]]:
    found: defaultdict[int, list[Place]] = defaultdict(list)
    for place in places:
        for person in place.event.attendees:
            found[person].append(place)
    return found


def _by_room(places: Iterable[Place]) -> defaultdict[int, list[Place]]:
    found: defaultdict[int, list[Place]] = defaultdict(list)
    for place in places:
        if place.room is not None:
            found[place.room].append(place)
    return found


def _overlap_error(where: str, pair: tuple[Place, Place]) -> str:
    return f"{where}: {pair[0].event.id} overlaps {pair[1].event.id} after a move"


def _inside(start: int, end: int, intervals: Iterable[tuple[int, int]]) -> bool:
    return any(first <= start and end <= last for first, last in intervals)


def _free(working: tuple[int, int], busy: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Maximal parts of a working interval outside the busy ones, which are sorted by start."""
    here = working[0]
    for start, end in busy:
        if end > here and start < working[1]:
            if start > here:
                yield here, start
            here = max(here, end)
    if here < working[1]:
        yield here, working[1]


def _stretch_value(person: Person, day: Day, start: int, end: int, side_bonus: float) -> float:
    length, focus = end - start, person.focus
    if length < focus.min:
        return 0.0
    value = float(length) if length >= focus.block else length / 2
    if focus.side == "morning":
        value += side_bonus * max(0, min(end, day.noon) - start)
    elif focus.side == "afternoon":
        value += side_bonus * max(0, end - max(start, day.noon))
    return value
