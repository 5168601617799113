"""Facts made by hand: people and meetings without a database, for rules that need none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from scheduling import checking, plan, problem
from scheduling.engine.instance import parse
from scheduling.engine.solve import solve
from scheduling.facts import Consent, Copy, Facts, Guest, Occurrence, Person
from scheduling.hours import DEFAULT_WEEK, Hours, Ranges, instant
from scheduling.plan import Plan
from scheduling.problem import Horizon, Problem

MONDAY = date(2027, 3, 1)
SUNDAY_NOON = datetime(2027, 2, 28, 12, tzinfo=UTC)
FAR = datetime(2027, 6, 1, tzinfo=UTC)
Week = Mapping[int, Ranges]


def member_id(number: int) -> UUID:
    return UUID(int=number)


def person(number: int, zone: str = "UTC", week: Week = DEFAULT_WEEK, **extra: Any) -> Person:
    """Nobody has lunch or focus holds unless `extra` says so: most rules are about meetings."""
    hours = Hours(ZoneInfo(zone), week, week, "default")
    wishes = {"lunch": None, "focus_goal": 600, "synced_until": FAR, **extra}
    return Person(
        member_id=member_id(number),
        address=f"p{number}@company.example",
        calendar_id=UUID(int=100 + number),
        hours=hours,
        **wishes,
    )


def at(day: date, hour: float, zone: str = "UTC") -> datetime:
    return instant(day, round(hour * 60), ZoneInfo(zone))


def occurrence(name: str, start: datetime, minutes: int, *numbers: int, **extra: Any) -> Occurrence:
    """A meeting of people by number, the first one organizes; or, with one, an appointment."""
    addresses = [f"p{number}@company.example" for number in numbers]
    copies = tuple(
        Copy(
            event_id=UUID(int=hash((name, number)) % 2**64),
            member_id=member_id(number),
            calendar_id=UUID(int=100 + number),
            google_id=name,
            etag="1",
            is_organizer=number == numbers[0],
        )
        for number in numbers
    )
    told = {
        "original": start,
        "copies": copies,
        "guests": tuple(Guest(address) for address in addresses) if len(numbers) > 1 else (),
        "organizer": addresses[0],
        **extra,
    }
    return Occurrence(
        meeting_index=name.encode(),
        series_index=b"s" + name.encode(),
        start=start,
        end=start + timedelta(minutes=minutes),
        **told,
    )


def facts(
    people: Sequence[Person],
    occurrences: Sequence[Occurrence],
    *flexible: str,
    at: datetime = SUNDAY_NOON,
    **extra: Any,
) -> Facts:
    """`flexible`: names of meetings that their organizer lets move within their week."""
    consents = {(name.encode(), False): Consent(member_id=_organizer(name, occurrences)) for name in flexible}
    told = {"consents": consents, **extra}
    return Facts(
        at=at,
        domains=frozenset({"company.example"}),
        people={p.member_id: p for p in people},
        addresses={p.address: p.member_id for p in people},
        occurrences=tuple(occurrences),
        **told,
    )


def _organizer(name: str, occurrences: Sequence[Occurrence]) -> UUID:
    found = next(o for o in occurrences if o.meeting_index == name.encode())
    return found.copies[0].member_id


def planned(known: Facts, day: date = MONDAY, *, iterations: int = 2_000) -> tuple[Problem, Plan]:
    """The checked plan of a run."""
    found = problem.build(known, Horizon(day))
    document = solve(parse(found.document), seed=1, iterations=iterations).as_document()
    made = plan.read(found, document)
    checking.check(made, found)
    return found, made


def with_consent(known: Facts, name: str, **said: Any) -> Facts:
    old = known.consents[name.encode(), False]
    return replace(known, consents={**known.consents, (name.encode(), False): replace(old, **said)})
