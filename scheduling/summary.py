"""How people's time looks, before and after: PRODUCT's definitions, worked out without the engine's code.

`focus + fragmented + meeting + other` is the whole of the working time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from itertools import combinations
from uuid import UUID

from scheduling import facts
from scheduling.days import WorkDay, focus_goal, work_days
from scheduling.facts import Facts, Occurrence, Person
from scheduling.hours import local_date, monday_of
from scheduling.intervals import Interval, intersect, minutes, overlap, subtract, union

MIN_FOCUS = timedelta(minutes=60)
BLOCK = timedelta(minutes=120)


@dataclass(frozen=True)
class Figures:
    """Minutes and counts of some people over some days. `lunches`: lunch windows that leave room for a lunch."""

    focus_minutes: int = 0
    block_minutes: int = 0
    fragmented_minutes: int = 0
    meeting_minutes: int = 0
    other_minutes: int = 0
    meetings: int = 0
    conflicts: int = 0
    lunches: int = 0
    lunch_days: int = 0
    goal_minutes: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    def __sub__(self, other: "Figures") -> "Figures":
        return Figures(**{f.name: getattr(self, f.name) - getattr(other, f.name) for f in fields(self)})

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


Moved = Mapping[bytes, Interval]
Busy = dict[UUID, list[tuple[Interval, bool]]]


def of_members(member_ids: Iterable[UUID], start: datetime, end: datetime, moved: Moved | None = None) -> Figures:
    """The sum over members, in a transaction of theirs. `moved`: meetings, by index, at other times than today's."""
    known = facts.load(start, end)
    return of_people(known, member_ids, start, end, moved)


def of_people(
    known: Facts, member_ids: Iterable[UUID], start: datetime, end: datetime, moved: Moved | None = None
) -> Figures:
    """The same from facts; members without a connected calendar count for nothing."""
    people = [known.people[member_id] for member_id in member_ids if member_id in known.people]
    busy = busy_with(known, moved or {})
    return sum((_of_person(person, busy.get(person.member_id, []), start, end) for person in people), Figures())


def focus_by_day(known: Facts, member_id: UUID, first: date, last: date, moved: Moved | None = None) -> dict[date, int]:
    """Focus minutes of one person's local dates from `first` to before `last`."""
    person = known.people.get(member_id)
    if person is None:
        return {}
    taken = [interval for interval, _ in busy_with(known, moved or {}).get(member_id, [])]
    return {day.date: _free(day, taken)[0] for day in work_days(person, first, last)}


def busy_with(known: Facts, moved: Moved) -> Busy:
    """For each person what takes their time, and whether it is a meeting."""
    busy: Busy = {}
    for occurrence in known.occurrences:
        interval = moved.get(occurrence.meeting_index, occurrence.interval)
        for member_id in known.attending(occurrence):
            busy.setdefault(member_id, []).append((interval, _is_meeting(occurrence)))
    return busy


def _is_meeting(occurrence: Occurrence) -> bool:
    return len(occurrence.addresses) >= 2


def _of_person(person: Person, busy: list[tuple[Interval, bool]], start: datetime, end: datetime) -> Figures:
    zone = person.hours.zone
    first, last = local_date(start, zone), local_date(end - timedelta(minutes=1), zone) + timedelta(days=1)
    inside = [(interval, meets) for interval, meets in busy if overlap(interval, (start, end))]
    days = (_of_day(day, inside) for day in work_days(person, first, last))
    total = sum(days, Figures())
    pairs = combinations([interval for interval, _ in inside], 2)
    mondays = {monday_of(first + timedelta(days=n)) for n in range((last - first).days)}
    return total + Figures(
        meetings=sum(meets for _, meets in inside),
        conflicts=sum(overlap(one, other) for one, other in pairs),
        goal_minutes=sum(focus_goal(person, monday) for monday in mondays),
    )


def _of_day(day: WorkDay, busy: list[tuple[Interval, bool]]) -> Figures:
    taken = union(interval for interval, _ in busy)
    focus, blocks, fragmented = _free(day, taken)
    meeting = minutes(intersect(union(interval for interval, meets in busy if meets), day.working))
    return Figures(
        focus_minutes=focus,
        block_minutes=blocks,
        fragmented_minutes=fragmented,
        meeting_minutes=meeting,
        other_minutes=minutes(intersect(taken, day.working)) - meeting,
        lunches=int(_lunch_fits(day, taken)),
        lunch_days=int(day.lunch is not None),
    )


def _free(day: WorkDay, taken: Iterable[Interval]) -> tuple[int, int, int]:
    """Minutes in stretches of at least an hour, of those in blocks, and of the shorter ones."""
    stretches = subtract(day.working, taken)
    focus = [stretch for stretch in stretches if stretch[1] - stretch[0] >= MIN_FOCUS]
    blocks = [stretch for stretch in focus if stretch[1] - stretch[0] >= BLOCK]
    return minutes(focus), minutes(blocks), minutes(stretches) - minutes(focus)


def _lunch_fits(day: WorkDay, taken: Iterable[Interval], shortest: timedelta = timedelta(minutes=30)) -> bool:
    if day.lunch is None:
        return False
    return any(end - start >= shortest for start, end in subtract([day.lunch], taken))


def effect(known: Facts, meeting: Occurrence, old: Interval, new: Interval, busy: Busy) -> Figures:
    """What one move changes for its attendees, with every move made: the days of its old and new place alone.

    `busy`: of `busy_with`, this move made too.
    """
    return sum(
        (_around(known.people[member_id], busy[member_id], old, new) for member_id in known.attending(meeting)),
        Figures(),
    )


def _around(person: Person, busy: list[tuple[Interval, bool]], old: Interval, new: Interval) -> Figures:
    others = list(busy)
    others.remove((new, True))
    zone = person.hours.zone
    dates = {local_date(place[0], zone) for place in (old, new)}
    days = [day for date in sorted(dates) for day in work_days(person, date, date + timedelta(days=1))]

    def at(place: Interval) -> Figures:
        there = [*others, (place, True)]
        conflicts = sum(overlap(place, other) for other, _ in others)
        return sum((_of_day(day, there) for day in days), Figures(conflicts=conflicts))

    return at(new) - at(old)
