"""Turns rows and rules into a `clockwise-instance/1` (docs/engine.md): ids and minutes only.

Every rule of PRODUCT about where a meeting may lie becomes a window here; the engine knows none of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clockwise.organizations.models import OrganizationRules
from scheduling.days import WEEK, WorkDay, focus_goal, meeting_hours, work_days
from scheduling.eligibility import FREEZE, State, Status, status, writing_copy
from scheduling.facts import Consent, Copy, ExistingHold, Facts, FreeBusy, Occurrence, Person
from scheduling.hours import DAY_MINUTES, instant, local_date, meeting_on, monday_of
from scheduling.intervals import MINUTE, Interval, clip, intersect, union
from scheduling.models import Flexibility, Hold

STEP = timedelta(minutes=15)
WEEKS = 3  # F7: w0 to w0+2
MIN_GAIN = 30
MOVE = 15
MOVE_PERSON = 5
FOCUS_DROP = 60
# Local dates begin up to 14 h before and end up to 12 h after the UTC date.
MARGIN = timedelta(days=1)


@dataclass(frozen=True)
class Horizon:
    """The ISO weeks that a run plans. `day`: nothing before this local date is changed."""

    day: date
    weeks: int = WEEKS

    @property
    def monday(self) -> date:
        return monday_of(self.day)

    @property
    def end(self) -> date:
        """The Monday after the last week."""
        return self.monday + self.weeks * WEEK

    @property
    def instants(self) -> Interval:
        """Wide enough for every time zone."""
        return _utc(self.monday) - MARGIN, _utc(self.end) + MARGIN


def horizon(first: date, rules: OrganizationRules) -> Horizon:
    """What a run that begins on a day plans: its week and as many after it as the organization wants (F7)."""
    return Horizon(first, weeks=1 + rules.weeks_ahead)


@dataclass(frozen=True)
class Candidate:
    """A meeting that may move: through which copy, and where to."""

    occurrence: Occurrence
    copy: Copy
    windows: tuple[Interval, ...]


@dataclass(frozen=True)
class Problem:
    """An instance, and what its ids stand for.

    document: the `clockwise-instance/1`. stays: flexible meetings that may not move, and why.
    """

    facts: Facts
    horizon: Horizon
    document: Mapping[str, Any]
    people: Mapping[str, UUID]
    events: Mapping[str, Occurrence]
    candidates: Mapping[str, Candidate]
    stays: tuple[tuple[Occurrence, Status], ...] = ()
    freeze: timedelta = FREEZE
    rooms: Mapping[str, str] = field(default_factory=dict)

    def instant(self, minute: int) -> datetime:
        return self.horizon.instants[0] + timedelta(minutes=minute)


def build(facts: Facts, horizon: Horizon, *, freeze: timedelta = FREEZE, only_holds: bool = False) -> Problem:
    """The problem of one organization, or with `only_holds` one where lunches alone are placed."""
    builder = _Builder(facts, horizon)
    candidates, stays = ({}, []) if only_holds else _candidates(facts, horizon, freeze)
    occurrences = [o for o in facts.occurrences if facts.attending(o) or o.rooms]
    events = {f"e{n}": occurrence for n, occurrence in enumerate(occurrences)}
    movable = {key: candidates[o.meeting_index] for key, o in events.items() if o.meeting_index in candidates}
    rooms = {f"r{n}": room for n, room in enumerate(sorted({room for o in occurrences for room in o.rooms}))}
    return Problem(
        facts=facts,
        horizon=horizon,
        document=builder.document(events, movable, rooms),
        people={key: member_id for member_id, key in builder.keys.items()},
        events=events,
        candidates=movable,
        stays=tuple(stays),
        freeze=freeze,
        rooms=rooms,
    )


def windows(occurrence: Occurrence, facts: Facts, horizon: Horizon, freeze: timedelta = FREEZE) -> tuple[Interval, ...]:
    """Where a meeting may lie: range and window of the original slot, from the day and the freeze on (F6 to F8)."""
    consent, copy = facts.consent_for(occurrence), writing_copy(occurrence, facts)
    if consent is None or copy is None:
        return ()
    zone = organizer_of(occurrence, facts, copy).hours.zone
    earliest = max(facts.at + freeze, instant(horizon.day, 0, zone))
    known = [facts.people[member_id].synced_until for member_id in facts.attending(occurrence)]
    known += [colleague.known_until for colleague in facts.colleagues_at(occurrence)]
    latest = min([instant(horizon.end, 0, zone), *known])
    start, end = consent.window or (0, DAY_MINUTES)
    days = union((instant(day, start, zone), instant(day, end, zone)) for day in _range_days(occurrence, consent, zone))
    return tuple(clipped for window in days if (clipped := clip(window, earliest, latest)))


def organizer_of(occurrence: Occurrence, facts: Facts, copy: Copy) -> Person:
    """The organizer, or who stands in where the organizer's calendar isn't connected: whose zone counts."""
    organizer = facts.addresses.get(occurrence.organizer)
    return facts.people.get(organizer or copy.member_id) or facts.people[copy.member_id]


def lunch_window(person: Person, day: WorkDay, facts: Facts, horizon: Horizon) -> Interval | None:
    """Where the engine may place the day's lunch; None on days before the plan's or not synced, and where the day's
    lunch is settled: released or moved by the person, or today's and placed already (H8, H10)."""
    if day.lunch is None or person.lunch is None or settled_lunch(person, day, facts):
        return None
    if day.date < horizon.day or day.date >= local_date(person.synced_until, person.hours.zone):
        return None
    left = clip(day.lunch, _ceil(facts.at), day.lunch[1])
    fits = left and left[1] - left[0] >= timedelta(minutes=person.lunch.min_minutes)
    return left if fits else None


def settled_lunch(person: Person, day: WorkDay, facts: Facts) -> ExistingHold | None:
    """The lunch hold of a day that no plan touches any more."""
    today = local_date(facts.at, person.hours.zone)
    for hold in facts.holds:
        if (hold.member_id, hold.kind, hold.date) != (person.member_id, Hold.Kind.LUNCH, day.date):
            continue
        if hold.state in (Hold.State.PINNED, Hold.State.RELEASED) or (hold.is_placed and day.date <= today):
            return hold
    return None


def _candidates(
    facts: Facts, horizon: Horizon, freeze: timedelta
) -> tuple[dict[bytes, Candidate], list[tuple[Occurrence, Status]]]:
    candidates: dict[bytes, Candidate] = {}
    stays: dict[bytes, tuple[Occurrence, Status]] = {}
    for occurrence in facts.occurrences:
        copy = writing_copy(occurrence, facts)
        if not _is_planned(occurrence, facts, horizon, copy):
            continue
        standing = status(occurrence, facts, freeze=freeze)
        if standing.state == State.ELIGIBLE and copy is not None:
            places = windows(occurrence, facts, horizon, freeze)
            candidates[occurrence.meeting_index] = Candidate(occurrence, copy, places)
        elif standing.state != State.FIXED:
            stays.setdefault(occurrence.meeting_index, (occurrence, standing))
    return candidates, list(stays.values())


def _is_planned(occurrence: Occurrence, facts: Facts, horizon: Horizon, copy: Copy | None) -> bool:
    """It begins on a day that the run plans."""
    told = copy or occurrence.copies[0]
    day = local_date(occurrence.start, organizer_of(occurrence, facts, told).hours.zone)
    return horizon.day <= day < horizon.end


def _range_days(occurrence: Occurrence, consent: Consent, zone: ZoneInfo) -> list[date]:
    day = local_date(occurrence.original, zone)
    if consent.range == Flexibility.Range.DAY:
        return [day]
    return [monday_of(day) + timedelta(days=n) for n in range(7)]


@dataclass(frozen=True)
class _Builder:
    """Writes the document; `keys` names people in the order of their addresses."""

    facts: Facts
    horizon: Horizon

    @property
    def keys(self) -> dict[UUID, str]:
        return {member_id: f"p{n}" for n, member_id in enumerate(self.facts.people)}

    @cached_property
    def colleague_keys(self) -> dict[str, str]:
        """By address, of colleagues known by free/busy alone; after all people's keys."""
        return {address: f"c{n}" for n, address in enumerate(self.facts.colleagues)}

    def document(
        self, events: Mapping[str, Occurrence], movable: Mapping[str, Candidate], rooms: Mapping[str, str]
    ) -> dict[str, Any]:
        keys, room_keys = self.keys, {room: key for key, room in rooms.items()}
        return {
            "format": "clockwise-instance/1",
            "name": f"{self.horizon.day.isoformat()}+{self.horizon.weeks}w",
            "origin": self.horizon.instants[0].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "step": STEP // MINUTE,
            "weights": {},
            "people": [
                *(self._person(keys[person.member_id], person) for person in self.facts.people.values()),
                *(self._colleague(key, self.facts.colleagues[address]) for address, key in self.colleague_keys.items()),
            ],
            "rooms": [{"id": key, "capacity": 1000, "building": ""} for key in rooms],
            "events": [
                *(self._event(key, o, movable.get(key), keys, room_keys) for key, o in events.items() if self._seen(o)),
                *self._further_rooms(events.values(), room_keys),
                *self._settled_lunches(keys),
                *self._otherwise_busy(),
            ],
        }

    def _person(self, key: str, person: Person) -> dict[str, Any]:
        days = work_days(person, self.horizon.monday, self.horizon.end)
        return {
            "id": key,
            "limits": {"focus_drop": FOCUS_DROP, "moves": None},
            "working": self._inside(interval for day in days for interval in day.working),
            "meeting": self._inside(meeting_hours(person, self.horizon.monday, self.horizon.end)),
            "days": [self._day(person, day) for day in days],
            "focus": {
                "min": 60,
                "block": 120,
                "goal": [focus_goal(person, self.horizon.monday + n * WEEK) for n in range(self.horizon.weeks)],
                "side": person.focus_side,
            },
        }

    def _colleague(self, key: str, colleague: FreeBusy) -> dict[str, Any]:
        """Somebody whose own time nobody arranges: no focus, no lunch, only when others may meet them."""
        first, last = self.horizon.monday, self.horizon.end
        days = [first + timedelta(days=n) for n in range((last - first).days)]
        return {
            "id": key,
            "limits": {"focus_drop": None, "moves": None},
            "working": [],
            "meeting": self._inside(union(i for day in days for i in meeting_on(colleague.hours, day))),
            "days": [],
            "focus": {"min": 60, "block": 120, "goal": [0] * self.horizon.weeks, "side": "any"},
        }

    def _otherwise_busy(self) -> list[dict[str, Any]]:
        keys, found = self.colleague_keys, list[dict[str, Any]]()
        for address, intervals in self.facts.otherwise_busy().items():
            for seen in intersect(intervals, [self.horizon.instants]):
                start, end = self._minute(seen[0]), self._minute_from(seen[1])
                key = f"b{len(found)}"
                found.append(
                    {"id": key, "start": start, "end": end, "attendees": [keys[address]], "room": None, "movable": None}
                )
        return found

    def _day(self, person: Person, day: WorkDay) -> dict[str, Any]:
        window = lunch_window(person, day, self.facts, self.horizon)
        lunch = None
        if window and person.lunch:
            lunch = {
                "window": self._minutes(window),
                "min": person.lunch.min_minutes,
                "ideal": person.lunch.ideal_minutes,
            }
        return {
            "week": (day.date - self.horizon.monday) // WEEK,
            "span": self._minutes(day.span),
            "noon": self._minute(day.noon),
            "lunch": lunch,
        }

    def _event(
        self,
        key: str,
        occurrence: Occurrence,
        candidate: Candidate | None,
        keys: Mapping[UUID, str],
        rooms: Mapping[str, str],
    ) -> dict[str, Any]:
        attendees = sorted((keys[m] for m in self.facts.attending(occurrence)), key=lambda k: int(k[1:]))
        attendees += [self.colleague_keys[colleague.address] for colleague in self.facts.colleagues_at(occurrence)]
        return {
            "id": key,
            **self._place(occurrence),
            "attendees": attendees,
            "room": rooms[occurrence.rooms[0]] if occurrence.rooms else None,
            "movable": self._movable(candidate, len(attendees)) if candidate else None,
        }

    def _movable(self, candidate: Candidate, attendees: int) -> dict[str, Any]:
        return {
            "windows": self._inside(candidate.windows),
            "rooms": None,
            "cost": max(0, MIN_GAIN - MOVE - MOVE_PERSON * attendees),
        }

    def _further_rooms(self, occurrences: Iterable[Occurrence], rooms: Mapping[str, str]) -> list[dict[str, Any]]:
        """An event of the document has one room; a meeting that takes more keeps the others from everybody too."""
        taken = ((o, room) for o in occurrences if self._seen(o) for room in o.rooms[1:])
        return [
            {"id": f"x{n}", **self._place(occurrence), "attendees": [], "room": rooms[room], "movable": None}
            for n, (occurrence, room) in enumerate(taken)
        ]

    def _settled_lunches(self, keys: Mapping[UUID, str]) -> list[dict[str, Any]]:
        """Today's lunch is placed: meetings keep off it. (A pinned one is among the events already.)"""
        found: list[dict[str, Any]] = []
        for person in self.facts.people.values():
            for day in work_days(person, self.horizon.day, self.horizon.end):
                hold = settled_lunch(person, day, self.facts)
                if hold and hold.is_placed:
                    place = {"start": self._minute(hold.start), "end": self._minute(hold.end)}
                    key = f"l{len(found)}"
                    found.append(
                        {"id": key, **place, "attendees": [keys[person.member_id]], "room": None, "movable": None}
                    )
        return found

    def _seen(self, occurrence: Occurrence) -> bool:
        return clip(occurrence.interval, *self.horizon.instants) is not None

    def _place(self, occurrence: Occurrence) -> dict[str, int]:
        """Whole minutes that cover the event; a long one is cut at the horizon, where nothing is planned."""
        origin, end = self.horizon.instants
        return {
            "start": self._minute(max(occurrence.start, origin)),
            "end": self._minute_from(min(occurrence.end, end)),
        }

    def _inside(self, intervals: Iterable[Interval]) -> list[list[int]]:
        """The whole minutes inside each: a freeze or an absence that ends with odd seconds lasts to the next one."""
        found = ([self._minute_from(start), self._minute(end)] for start, end in intervals)
        return [[start, end] for start, end in found if start < end]

    def _minutes(self, interval: Interval) -> list[int]:
        return [self._minute(at) for at in interval]

    def _minute_from(self, at: datetime) -> int:
        return -((self.horizon.instants[0] - at) // MINUTE)

    def _minute(self, at: datetime) -> int:
        return (at - self.horizon.instants[0]) // MINUTE


def _utc(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _ceil(at: datetime) -> datetime:
    """The next start on the grid."""
    floor = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    return at if floor == at else floor + STEP
