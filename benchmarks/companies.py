"""Instances of any size that look like a company's weeks; the same arguments make the same instance.

Scenarios: company (one continent and a half, three zones), continents (San Francisco, Berlin, Tokyo), dst (European
clocks go back between the two weeks), full (nearly booked out), crowds (many large movable meetings), rooms (few rooms,
most meetings in one). Calibrated on published figures: engineers have 10.9 h of meetings a week and 19.6 h in free
blocks of two hours or more, managers 17.9 h and 10.4 h; 45 % of meetings last 30 minutes, half lie between 9 and 11 or
13 and 15.

`python -m benchmarks.companies --people 100 --seed 7 --scenario dst > IN.json`
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
SLOT = 15
DAY = 24 * 60
# By scenario: minutes east of UTC, and the share of teams there.
ZONES = {
    "company": [(-300, 0.45), (-480, 0.35), (60, 0.20)],
    "continents": [(-480, 0.4), (60, 0.35), (540, 0.25)],
    "dst": [(120, 0.7), (60, 0.3)],
    "full": [(60, 1.0)],
    "crowds": [(-300, 0.6), (-480, 0.4)],
    "rooms": [(60, 1.0)],
}


def company(people: int, *, seed: int, scenario: str = "company", weeks: int = 2, limits: bool = False) -> Document:
    """A `clockwise-instance/1` document. `limits`: sixty minutes of focus and six moves a week for everybody."""
    made = _Company(people, weeks, seed, scenario)
    limit = {"focus_drop": 60, "moves": 6} if limits else None
    return {
        "format": "clockwise-instance/1",
        "name": f"{scenario}-{people}-{seed}",
        "origin": "2027-01-10T00:00:00Z",
        "step": SLOT,
        "weights": {},
        "people": [{**person.document, "limits": limit} for person in made.people],
        "rooms": [room.document for room in made.rooms],
        "events": made.events,
    }


def _monday(week: int) -> int:
    """Minutes from the origin, a Sunday, to that week's Monday, 00:00 UTC."""
    return (7 * week + 1) * DAY


def _week(weeks: int) -> int:
    """Slots in so many weeks."""
    return weeks * 7 * DAY // SLOT


def _mask(start: int, end: int) -> int:
    """Bits of the slots that [start, end) minutes touches."""
    low, high = start // SLOT, -(-end // SLOT)
    return ((1 << max(0, high - low)) - 1) << low if high > low else 0


def _runs(free: int, slots: int) -> int:
    """Bits at which so many free slots in a row begin."""
    found, have = free, 1
    while have < slots:
        step = min(have, slots - have)
        found &= found >> step
        have += step
    return found


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


@dataclass
class _Person:
    document: Document
    zone: int
    works: int
    meets: int
    busy: int = 0


@dataclass
class _Room:
    document: Document
    busy: int = 0


@dataclass
class _Team:
    members: list[int]
    kind: str
    zone: int
    group: int = 0

    @property
    def lead(self) -> int:
        return self.members[0]


@dataclass
class _Series:
    """A meeting that recurs in each of `weeks` at one time; with `weekdays`, on each of those."""

    attendees: list[int]
    minutes: int
    weeks: list[int]
    lead: int
    flexible: float
    rooms: float = 0.5
    one_day: bool = False
    weekdays: Sequence[int] = field(default=())


class _Company:
    def __init__(self, size: int, weeks: int, seed: int, scenario: str) -> None:
        self.random = random.Random(seed)
        self.size, self.weeks, self.scenario = size, weeks, scenario
        self.people: list[_Person] = []
        self.teams: list[_Team] = []
        self.groups: list[list[_Team]] = []
        self.rooms: list[_Room] = []
        self.rooms_in: dict[int, list[_Room]] = {}
        self.events: list[Document] = []
        self._hire()
        self._build_rooms()
        self._fill()

    # People

    def _offset(self, zone: int, week: int) -> int:
        return zone - 60 if self.scenario == "dst" and week >= 1 else zone

    def _some_zone(self) -> int:
        x, sum_of_shares = self.random.random(), 0.0
        for zone, share in ZONES[self.scenario]:
            sum_of_shares += share
            if x < sum_of_shares:
                return zone
        return ZONES[self.scenario][0][0]

    def _hire(self) -> None:
        rng = self.random
        while len(self.people) < self.size:
            size = min(rng.choice([5, 6, 6, 7, 7, 8, 9]), self.size - len(self.people))
            zone = self._some_zone()
            kind = rng.choices(["engineering", "sales", "other"], [0.6, 0.2, 0.2])[0]
            without_meetings = rng.choice([1, 2, 3, 4]) if rng.random() < 0.2 else None
            members = []
            for number in range(size):
                own_zone = zone if rng.random() < 0.85 else self._some_zone()
                members.append(len(self.people))
                self._add_person(own_zone, kind, is_lead=number == 0, without_meetings=without_meetings)
            self.teams.append(_Team(members, kind, zone))
        waiting = list(self.teams)
        while waiting:
            count = min(len(waiting), rng.choice([3, 4, 5]))
            self.groups.append(waiting[:count])
            waiting = waiting[count:]
        for number, teams in enumerate(self.groups):
            for team in teams:
                team.group = number

    def _add_person(self, zone: int, kind: str, *, is_lead: bool, without_meetings: int | None) -> None:
        rng = self.random
        hours = [(540, 1020), (510, 1020), (540, 1050), (600, 1080), (480, 960)]
        begin, end = rng.choices(hours, [5, 2, 2, 2, 1])[0]
        narrow = 60 if rng.random() < 0.25 else 0
        short_day = rng.choice([0, 1, 2, 3, 4]) if rng.random() < 0.08 else None
        has_lunch = rng.random() < 0.85
        away: set[int] = set()
        if rng.random() < 0.06:
            first = rng.randrange(5 * self.weeks)
            away = set(range(first, min(5 * self.weeks, first + rng.choice([1, 1, 2, 5]))))
        working, meeting, days = [], [], []
        for week in range(self.weeks):
            for day in range(5):
                if 5 * week + day in away:
                    continue
                midnight = _monday(week) + day * DAY - self._offset(zone, week)
                a, b = midnight + begin, midnight + (min(end, 780) if day == short_day else end)
                working.append([a, b])
                if day != without_meetings:
                    meeting.append([a + narrow, b - narrow if b - a > 300 else b])
                lunch = {"window": [midnight + 690, midnight + 810], "min": 30, "ideal": 60}
                lunches = has_lunch and day != short_day
                days.append({"week": week, "span": [a, b], "noon": midnight + 720, "lunch": lunch if lunches else None})
        goal = 480 if is_lead else {"engineering": 1200, "sales": 480, "other": 720}[kind]
        goals = [round(goal * sum(day["week"] == week for day in days) / 5) for week in range(self.weeks)]
        side = rng.choices(["any", "morning", "afternoon"], [6, 3, 1])[0]
        document = {
            "id": f"p{len(self.people)}",
            "working": working,
            "meeting": meeting,
            "days": days,
            "focus": {"min": 60, "block": 120, "goal": goals, "side": side},
        }
        works, meets = (sum(_mask(a, b) for a, b in intervals) for intervals in (working, meeting))
        self.people.append(_Person(document, zone, works, meets))

    def _build_rooms(self) -> None:
        for zone in sorted({team.zone for team in self.teams}):
            here = sum(len(team.members) for team in self.teams if team.zone == zone)
            for _ in range(max(1, here // (20 if self.scenario == "rooms" else 9))):
                capacity = self.random.choices([4, 6, 8, 12, 20], [4, 4, 3, 2, 1])[0]
                room = _Room({"id": f"r{len(self.rooms)}", "capacity": capacity, "building": f"b{zone}"})
                self.rooms.append(room)
                self.rooms_in.setdefault(zone, []).append(room)

    # Meetings

    def _choose(self, series: _Series, slots: int, weeks: list[int]) -> int | None:
        """A slot of the first of `weeks` as people choose one: mostly free for all, mostly at preferred hours."""
        rng, lead = self.random, self.people[series.lead]
        busy, meets = 0, -1
        for week in weeks:
            shift = _week(week - weeks[0])
            for number in series.attendees:
                busy |= self.people[number].busy >> shift
                meets &= self.people[number].meets >> shift
        first_week = _mask(_monday(weeks[0]) - 720, _monday(weeks[0]) + 6 * DAY)
        allowed = _runs(meets & first_week, slots)
        free = _runs(meets & ~busy & first_week, slots)
        unbooked = _runs(lead.meets & ~busy & first_week, slots)
        clear = bool(free or unbooked) and rng.random() < 0.96
        pool = (free or unbooked) if clear else allowed or _runs(lead.meets & first_week, slots)
        pool = pool or _runs(lead.works & first_week, slots)
        if not pool:
            return None
        options = list(_bits(pool))
        weights = [_preference((slot * SLOT + self._offset(lead.zone, weeks[0])) % DAY) for slot in options]
        if clear:
            return rng.choices(options, weights)[0]

        def clashes(slot: int) -> int:
            place = ((1 << slots) - 1) << slot
            shifts = [_week(week - weeks[0]) for week in weeks]
            return sum(bool(self.people[p].busy >> shift & place) for shift in shifts for p in series.attendees)

        # Nobody books blindly: the least bad of a few.
        return min(rng.choices(options, weights, k=12), key=clashes)

    def _book(self, series: _Series) -> None:
        rng = self.random
        series.attendees = sorted(set(series.attendees))
        if not series.attendees:
            return
        minutes = {30: 25, 60: 50}.get(series.minutes, series.minutes) if rng.random() < 0.08 else series.minutes
        slots = -(-minutes // SLOT)
        first = self._choose(series, slots, series.weeks)
        if first is None:
            return
        may_move = rng.random() < series.flexible
        within_a_day = series.one_day or rng.random() < 0.2
        part = rng.choices([None, (540, 720), (720, 1080)], [8, 1, 1])[0]
        zone = self.people[series.lead].zone
        wants_room = rng.random() < series.rooms
        room: _Room | None = None
        offset = self._offset(zone, series.weeks[0])
        chosen = (first * SLOT - _monday(series.weeks[0]) + offset) // DAY
        for week in series.weeks:
            for shift in [(day - chosen) * DAY // SLOT for day in series.weekdays or [chosen]]:
                later = week != series.weeks[0]
                slot = first + shift + _week(week - series.weeks[0])
                slot -= (self._offset(zone, week) - offset) // SLOT if later else 0
                if later and rng.random() < 0.12:  # rescheduled by hand
                    again = self._choose(series, slots, [week])
                    slot = slot if again is None else again
                if rng.random() < 0.05:  # cancelled
                    continue
                who = series.attendees
                present = [p for p in who if len(who) <= 2 or p == series.lead or rng.random() > 0.06]
                if wants_room:
                    room = self._find_room(zone, len(present), slot, slots, room)
                start, end = slot * SLOT, slot * SLOT + minutes
                for number in present:
                    self.people[number].busy |= _mask(start, end)
                if room is not None:
                    room.busy |= _mask(start, end)
                movable: Document | None = None
                if may_move:
                    windows = self._windows(zone, week, start, end, part, within_a_day=within_a_day)
                    movable = {"windows": windows, "rooms": None, "cost": 0}
                    if room is not None and rng.random() < 0.6:
                        movable["rooms"] = self._rooms_for(zone, len(present), room)
                self.events.append(
                    {
                        "id": f"e{len(self.events)}",
                        "start": start,
                        "end": end,
                        "attendees": [f"p{number}" for number in present],
                        "room": None if room is None else room.document["id"],
                        "movable": movable,
                    }
                )

    def _windows(
        self, zone: int, week: int, start: int, end: int, part: tuple[int, int] | None, *, within_a_day: bool
    ) -> list[list[int]]:
        monday = _monday(week) - self._offset(zone, week)
        days = [(start - monday) // DAY] if within_a_day else list(range(5))
        if part and part[0] <= (start - monday) % DAY and (end - monday - 1) % DAY < part[1]:
            return [[monday + day * DAY + part[0], monday + day * DAY + part[1]] for day in days]
        return [[monday + min(days) * DAY, monday + (max(days) + 1) * DAY]]

    def _rooms_for(self, zone: int, heads: int, room: _Room) -> list[str]:
        fitting: list[str] = [r.document["id"] for r in self.rooms_in[zone] if r.document["capacity"] >= heads]
        own = room.document["id"]
        return fitting if own in fitting else [*fitting, own]

    def _find_room(self, zone: int, heads: int, slot: int, slots: int, keep: _Room | None) -> _Room | None:
        place = _mask(slot * SLOT, (slot + slots) * SLOT)
        if keep is not None and not keep.busy & place:
            return keep
        there = self.rooms_in.get(zone, [])
        free = [room for room in there if room.document["capacity"] >= heads and not room.busy & place]
        return min(free, key=lambda room: int(room.document["capacity"]), default=None)

    def _fill(self) -> None:
        rooms = 0.95 if self.scenario == "rooms" else 0.45
        if self.size >= 30:  # everybody, fixed
            self._book(_Series(list(range(self.size)), 60, self._some_week(), 0, 0, rooms=0))
        for teams in self.groups:
            self._fill_group(teams, rooms)
        for team in self.teams:
            self._fill_team(team, rooms)

    def _some_week(self) -> list[int]:
        return [self.random.randrange(self.weeks)]

    def _mostly_every_week(self, share: float) -> list[int]:
        return list(range(self.weeks)) if self.random.random() < share else self._some_week()

    def _times(self, mean: float) -> int:
        mean *= 2.4 if self.scenario == "full" else 1.75
        return int(mean) + (self.random.random() < mean - int(mean))

    def _fill_group(self, teams: list[_Team], rooms: float) -> None:
        rng, every = self.random, list(range(self.weeks))
        leads = [team.lead for team in teams]
        everyone = [number for team in teams for number in team.members]
        if len(leads) > 1:
            self._book(_Series(leads, 60, every, leads[0], 0.3, rooms=rooms))
        crowded = self.scenario == "crowds"
        self._book(_Series(everyone, 60, self._some_week(), leads[0], 0.6 if crowded else 0.1, rooms=0))
        for _ in range(3 if crowded else 0):
            crowd = rng.sample(everyone, min(len(everyone), rng.randint(12, 25)))
            self._book(_Series(crowd, 30, every, leads[0], 0.8, rooms=0))

    def _fill_team(self, team: _Team, rooms: float) -> None:
        rng, every, lead = self.random, list(range(self.weeks)), team.lead
        others = [number for other in self.groups[team.group] for number in other.members]
        if rng.random() < 0.6:
            weekdays = rng.choice([(0, 1, 2, 3, 4), (0, 2, 4), (1, 3)])
            self._book(_Series(team.members, 15, every, lead, 0.2, rooms=0, one_day=True, weekdays=weekdays))
        self._book(_Series(team.members, rng.choice([45, 60, 60]), every, lead, 0.45, rooms=rooms))
        self._book(_Series(team.members, rng.choice([60, 90]), self._some_week(), lead, 0.3, rooms=rooms))
        self._book(_Series(team.members, 60, self._some_week(), lead, 0.3, rooms=rooms))
        for number in team.members[1:]:
            minutes = 30 if rng.random() < 0.75 else 60
            self._book(_Series([lead, number], minutes, self._mostly_every_week(0.7), lead, 0.65, rooms=rooms / 2))
        for number in team.members:
            self._fill_person(number, team, others, rooms)

    def _fill_person(self, person: int, team: _Team, others: list[int], rooms: float) -> None:
        rng, is_lead = self.random, person == team.lead
        mates = [mate for mate in team.members if mate != person]
        near = [other for other in others if other != person]
        if mates:
            for _ in range(self._times(1.3)):
                mate = rng.choice(mates)
                self._book(_Series([person, mate], 30, self._mostly_every_week(0.4), person, 0.6, rooms=0.1))
        for _ in range(self._times(3.2 if is_lead else 1.25)):
            count = min(len(near), rng.choice([2, 3, 3, 4, 5, 6]))
            if count:
                project = [person, *rng.sample(near, count)]
                minutes = rng.choices([30, 60, 45, 90], [5, 4, 1, 1])[0]
                self._book(_Series(project, minutes, self._mostly_every_week(0.5), person, 0.4, rooms=rooms))
        if self.size > 60:  # across the company
            for _ in range(self._times(0.15)):
                far = [person, *rng.sample(range(self.size), rng.choice([1, 2, 3]))]
                self._book(_Series(far, 30, self._some_week(), person, 0.35, rooms=0))
        outside = {"sales": 7.0, "engineering": 0.6, "other": 2.0}[team.kind]
        for _ in range(self._times(outside * (1.3 if is_lead else 1.0) * self.weeks / 2)):
            minutes = rng.choices([30, 60, 45], [5, 4, 1])[0]
            self._book(_Series([person], minutes, self._some_week(), person, 0, rooms=0))
        for _ in range(self._times(1.2)):
            minutes = rng.choices([60, 30, 120], [5, 3, 1])[0]
            self._book(_Series([person], minutes, self._some_week(), person, 0, rooms=0))


def _preference(minute: int) -> float:
    """How much rather people meet at that minute of the day than at others."""
    weight = 3.0 if 540 <= minute < 660 or 780 <= minute < 900 else 0.4 if 690 <= minute < 780 else 1.0
    return weight * (1.0 if minute % 60 == 0 else 0.55 if minute % 30 == 0 else 0.06)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", choices=sorted(ZONES), default="company")
    parser.add_argument("--limits", action="store_true")
    options = parser.parse_args()
    print(json.dumps(company(options.people, seed=options.seed, scenario=options.scenario, limits=options.limits)))


if __name__ == "__main__":
    main()
