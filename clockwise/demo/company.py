"""A company that looks like one: people, teams, zones and two busy weeks, as a seed for the emulator.

Deterministic in (people, seed, monday). Meetings land where calendars really put them: scattered over the day,
some across zones, a few on top of each other.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DOMAIN = "northlight.example"
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York")
TEAMS = ("Platform", "Product", "Growth", "Data", "Design")
FIRST_NAMES = (
    "Ada", "Ben", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kenji", "Lena",
    "Maya", "Noor", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Tara", "Umut", "Vera", "Wim", "Xenia",
    "Yusuf", "Zoe", "Amara", "Bruno", "Celia", "Diego", "Esther", "Felix", "Gina", "Hamid", "Iris", "Jamal",
    "Katya", "Liam", "Mira", "Nils",
)  # fmt: skip
LAST_NAMES = (
    "Lindqvist", "Okafor", "Rossi", "Petrov", "Yilmaz", "Haddad", "Vogel", "Martins", "Costa", "Kessler",
    "Tanaka", "Brandt", "Cohen", "Rahman", "Berg", "Sharma", "Dubois", "Moreno", "Larsen", "Singh", "Demir",
    "Novak", "Jansen", "Orlova", "Aydin", "Keller", "Diallo", "Silva", "Marin", "Ruiz",
)  # fmt: skip
OUTSIDERS = {"acme.example": ("Paula Stein", "Tom Reyes"), "orbitlabs.example": ("Jo Park", "Sam Whitfield")}
TOPICS = (
    "Roadmap", "Pricing", "Onboarding", "Search quality", "Billing", "Mobile release", "Incident follow-up", "Hiring",
    "Migration", "Analytics", "Partner programme", "Security questionnaire", "Docs", "Latency", "Launch", "Churn",
)  # fmt: skip
FORMS = ("sync", "review", "working session", "check-in", "planning", "walkthrough")
SOLO = ("School run", "Dentist", "Inbox and admin", "Gym", "Write the weekly note", "Train to the office")
INTERNAL_PER_PERSON_AND_WEEK = 8


@dataclass(frozen=True)
class Person:
    address: str
    name: str
    zone: str
    team: str

    def at(self, day: date, minute: int) -> datetime:
        """The instant of a local minute of the day, in the person's zone."""
        return datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(self.zone))


@dataclass
class Calendars:
    """Who is busy when, so that most meetings don't collide and some do."""

    busy: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def is_free(self, people: Sequence[Person], start: datetime, end: datetime) -> bool:
        return not any(s < end and start < e for p in people for s, e in self.busy.get(p.address, ()))

    def take(self, people: Sequence[Person], start: datetime, end: datetime) -> None:
        for person in people:
            self.busy.setdefault(person.address, []).append((start, end))


def people(count: int, rng: random.Random) -> list[Person]:
    """`count` persons; the first is Ada, who founded the company and signs in first."""
    found: dict[str, Person] = {}
    while len(found) < count:
        i = len(found)
        first = FIRST_NAMES[i % len(FIRST_NAMES)]
        name = f"{first} {rng.choice(LAST_NAMES)}"
        address = f"{name.lower().replace(' ', '.')}@{DOMAIN}"
        team = TEAMS[i % len(TEAMS)]
        zone = ZONES[0] if i == 0 else rng.choices(ZONES, weights=_zone_weights(team))[0]
        found.setdefault(address, Person(address, name, zone, team))
    return list(found.values())


def _zone_weights(team: str) -> tuple[int, int, int]:
    return {"Growth": (1, 2, 7), "Data": (2, 6, 2)}.get(team, (7, 2, 1))


def seed(*, count: int, seed: int, monday: date) -> dict[str, Any]:
    """The emulator's seed (docs/emulator.md): two working weeks from `monday`, and the one before."""
    rng = random.Random(seed)  # noqa: S311 - a reproducible company, no secret
    staff = people(count, rng)
    return {
        "client": {"id": "clockwise-demo", "secret": "demo-client-secret"},
        "organizations": [
            {
                "domain": DOMAIN,
                "people": [{"email": p.address, "name": p.name, "time_zone": p.zone} for p in staff],
                "rooms": [],
            }
        ],
        "outsiders": [
            {"email": f"{name.split()[0].lower()}@{domain}", "name": name, "time_zone": "Europe/London"}
            for domain, names in OUTSIDERS.items()
            for name in names
        ],
        "events": list(_events(staff, rng, monday)),
    }


def _events(staff: list[Person], rng: random.Random, monday: date) -> Iterator[dict[str, Any]]:
    calendars = Calendars()
    by_team = {team: [p for p in staff if p.team == team] for team in TEAMS}
    for team, members in by_team.items():
        if len(members) > 1:
            yield from _team_rhythm(team, members, calendars, monday)
    yield from _solo_time(staff, rng, calendars, monday)
    yield from _one_on_ones(by_team, rng, calendars, monday)
    yield from _customer_calls(staff, rng, calendars, monday)
    yield from _project_meetings(staff, by_team, rng, calendars, monday)
    yield from _time_away(staff, rng, monday)


def _team_rhythm(team: str, members: list[Person], calendars: Calendars, monday: date) -> Iterator[dict[str, Any]]:
    """A short daily stand-up and a weekly planning, at hours when everybody works."""
    lead = members[0]
    offset = TEAMS.index(team)
    for day in range(5):
        for week in range(2):
            start = lead.at(monday + timedelta(days=day + 7 * week), _common_start(lead, members) + 15 * (offset % 3))
            calendars.take(members, start, start + timedelta(minutes=15))
    start = lead.at(monday, _common_start(lead, members) + 15 * (offset % 3))
    yield _series(f"{team} stand-up", members, start, 15, "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
    start = lead.at(monday + timedelta(days=offset % 4), _common_start(lead, members) + 75)
    for week in range(2):
        calendars.take(members, start + timedelta(weeks=week), start + timedelta(weeks=week, hours=1))
    yield _series(f"{team} planning", members, start, 60, "RRULE:FREQ=WEEKLY")


def _common_start(lead: Person, members: Sequence[Person]) -> int:
    """The first local minute of the lead's day at which everybody has begun work (9:00 local each)."""
    day = date(2026, 1, 14)
    latest = max(p.at(day, 9 * 60) for p in members)
    local = latest.astimezone(ZoneInfo(lead.zone))
    return local.hour * 60 + local.minute


def _solo_time(staff: list[Person], rng: random.Random, calendars: Calendars, monday: date) -> Iterator[dict[str, Any]]:
    for person in staff:
        for week in range(2):
            day = monday + timedelta(days=rng.randrange(5) + 7 * week)
            start = person.at(day, rng.choice((9, 12, 14, 16)) * 60)
            minutes = rng.choice((30, 45, 60))
            calendars.take([person], start, start + timedelta(minutes=minutes))
            yield _event(rng.choice(SOLO), [person], start, minutes, private=rng.random() < 0.3)


def _one_on_ones(
    by_team: dict[str, list[Person]], rng: random.Random, calendars: Calendars, monday: date
) -> Iterator[dict[str, Any]]:
    for members in by_team.values():
        for report in members[1:]:
            pair = [members[0], report]
            start = _place(pair, 30, rng, calendars, monday, weeks=2)
            title = f"{pair[0].name.split()[0]} / {report.name.split()[0]} 1:1"
            yield _series(title, pair, start, 30, "RRULE:FREQ=WEEKLY")


def _customer_calls(
    staff: list[Person], rng: random.Random, calendars: Calendars, monday: date
) -> Iterator[dict[str, Any]]:
    for _ in range(len(staff)):
        people_there = rng.sample(staff, rng.choice((1, 2)))
        domain, names = rng.choice(list(OUTSIDERS.items()))
        guest = f"{rng.choice(names).split()[0].lower()}@{domain}"
        start = _place(people_there, 45, rng, calendars, monday + timedelta(weeks=rng.randrange(2)), collide=0.1)
        event = _event(
            f"{domain.split('.')[0].title()} {rng.choice(('call', 'demo', 'review'))}", people_there, start, 45
        )
        event["attendees"].append({"email": guest, "responseStatus": "accepted"})
        yield event


def _project_meetings(
    staff: list[Person],
    by_team: dict[str, list[Person]],
    rng: random.Random,
    calendars: Calendars,
    monday: date,
) -> Iterator[dict[str, Any]]:
    """Small meetings inside teams and between them: what fragments a week, and what may be put together again."""
    for organizer in staff:
        for number in range(INTERNAL_PER_PERSON_AND_WEEK):
            group = [organizer, *_colleagues(organizer, staff, by_team, rng)]
            minutes = rng.choice((30, 30, 30, 45, 60))
            start = _place(group, minutes, rng, calendars, monday, weeks=2, collide=0.04)
            title = f"{rng.choice(TOPICS)} {rng.choice(FORMS)}"
            yield _series(title, group, start, minutes, "RRULE:FREQ=WEEKLY", guests_can_modify=number == 0)


def _colleagues(
    organizer: Person, staff: list[Person], by_team: dict[str, list[Person]], rng: random.Random
) -> list[Person]:
    """Mostly of the same team, mostly of the same zone, since that is whom people can meet."""
    everybody = [p for p in staff if p is not organizer]
    team = [p for p in by_team[organizer.team] if p is not organizer]
    pool = team if team and rng.random() < 0.6 else everybody
    near = [p for p in pool if p.zone == organizer.zone]
    if near and rng.random() < 0.85:
        pool = near
    return rng.sample(pool, min(len(pool), rng.choice((1, 1, 1, 2, 2, 3))))


def _place(
    group: Sequence[Person],
    minutes: int,
    rng: random.Random,
    calendars: Calendars,
    monday: date,
    *,
    weeks: int = 1,
    collide: float = 0.02,
) -> datetime:
    """A start in the first organizer's zone inside everybody's day where there is one; free, but for the unlucky."""
    careless = rng.random() < collide
    start = _somewhere(group, rng, monday)
    for _ in range(60):
        slots = [(start + timedelta(weeks=w), start + timedelta(weeks=w, minutes=minutes)) for w in range(weeks)]
        if careless or all(calendars.is_free(group, s, e) for s, e in slots):
            break
        start = _somewhere(group, rng, monday)
    for week in range(weeks):
        calendars.take(group, start + timedelta(weeks=week), start + timedelta(weeks=week, minutes=minutes))
    return start


def _somewhere(group: Sequence[Person], rng: random.Random, monday: date) -> datetime:
    day = monday + timedelta(days=rng.randrange(5))
    first = max(p.at(day, 9 * 60) for p in group)
    last = min(p.at(day, 16 * 60) for p in group)
    quarters = max(0, int((last - first).total_seconds() // 900))
    start = first + timedelta(minutes=15 * rng.randint(0, quarters))
    return start.astimezone(ZoneInfo(group[0].zone))


def _time_away(staff: list[Person], rng: random.Random, monday: date) -> Iterator[dict[str, Any]]:
    for person in rng.sample(staff, max(1, len(staff) // 12)):
        day = monday + timedelta(days=rng.randrange(5) + 7 * rng.randrange(2))
        yield {
            **_event("Out of office", [person], person.at(day, 0), 24 * 60),
            "eventType": "outOfOffice",
        }


def _series(
    title: str, group: Sequence[Person], start: datetime, minutes: int, rule: str, *, guests_can_modify: bool = False
) -> dict[str, Any]:
    """A series over the two weeks and the week before, so that it has a past."""
    event = _event(title, group, start - timedelta(weeks=1), minutes)
    per_week = rule.count(",") + 1
    # A stand-up's first day is its Monday; others recur on their own weekday.
    event["recurrence"] = [f"{rule};COUNT={3 * per_week}"]
    event["guestsCanModify"] = guests_can_modify
    return event


def _event(
    title: str, group: Sequence[Person], start: datetime, minutes: int, *, private: bool = False
) -> dict[str, Any]:
    end = start + timedelta(minutes=minutes)
    zone = group[0].zone
    return {
        "organizer": group[0].address,
        "summary": title,
        "description": f"Notes and agenda for {title}." if len(group) > 1 else "",
        "location": "Meeting room Polaris" if len(group) > 4 else "",
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": end.isoformat(), "timeZone": zone},
        "attendees": [{"email": p.address, "responseStatus": "accepted"} for p in group] if len(group) > 1 else [],
        "visibility": "private" if private else "default",
    }
