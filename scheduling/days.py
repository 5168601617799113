"""A person's local days as intervals: what is left of working hours, where a lunch may lie, what the week's goal is."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling.facts import Person
from scheduling.hours import instant, lunch_on, meeting_on, working_on
from scheduling.intervals import Interval, intersect, minutes, overlap, subtract, union

NOON = 12 * 60
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class WorkDay:
    """A local date with working hours.

    span: from the first to the last working minute, absences included. working, meeting: without absences.
    lunch: the window, None where lunch is off, an event stands in for it, or nobody is there for it.
    """

    date: date
    span: Interval
    noon: datetime
    working: tuple[Interval, ...]
    meeting: tuple[Interval, ...]
    lunch: Interval | None


def work_days(person: Person, first: date, last: date) -> list[WorkDay]:
    """The days from `first` to before `last` that have working hours, be the person away or not."""
    found = (_work_day(person, first + timedelta(days=n)) for n in range((last - first).days))
    return [day for day in found if day]


def meeting_hours(person: Person, first: date, last: date) -> list[Interval]:
    """When others may meet the person, absences left out."""
    dates = (first + timedelta(days=n) for n in range((last - first).days))
    return subtract(union(i for day in dates for i in meeting_on(person.hours, day)), person.away)


def focus_goal(person: Person, monday: date) -> int:
    """The week's goal in minutes, less the share of working time that the person is away (H1)."""
    dates = [monday + timedelta(days=n) for n in range(7)]
    whole = [interval for day in dates for interval in working_on(person.hours, day)]
    there = minutes(subtract(whole, person.away))
    return round(person.focus_goal * there / minutes(whole)) if whole else 0


def _work_day(person: Person, day: date) -> WorkDay | None:
    whole = working_on(person.hours, day)
    if not whole:
        return None
    working = subtract(whole, person.away)
    zone = person.hours.zone
    span = (whole[0][0], whole[-1][1])
    noon = instant(day, NOON, zone)
    meeting = subtract(meeting_on(person.hours, day), person.away)
    return WorkDay(day, span, noon, tuple(working), tuple(meeting), _lunch(person, day, span))


def _lunch(person: Person, day: date, span: Interval) -> Interval | None:
    if person.lunch is None:
        return None
    window = intersect([lunch_on(person.lunch, day, person.hours.zone)], [span])
    if any(overlap(event, part) for event in person.lunch_events for part in window):
        return None
    there = subtract(window, person.away)
    fits = any(end - start >= timedelta(minutes=person.lunch.min_minutes) for start, end in there)
    return window[0] if fits else None
