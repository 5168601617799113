"""Moved meetings: allowed, on time, and in nobody's and no room's way."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from scheduling.checking.taken import Place, Taken
from scheduling.eligibility import State, is_frozen, status
from scheduling.hours import DAY_MINUTES, Hours, instant, local_date, meeting_on, monday_of
from scheduling.intervals import Interval, inside, overlap, subtract, union
from scheduling.models import Flexibility
from scheduling.plan import Plan, PlannedMove
from scheduling.problem import Problem, organizer_of

GRID_MINUTES = 15


def broken(plan: Plan, problem: Problem, after: Taken) -> Iterator[str]:
    """Each broken rule, with the event's id."""
    for move in plan.moves:
        rules = (
            *_of_itself(move, problem),
            *_with_people(move, problem, after),
            *_with_colleagues(move, problem, after),
            *_with_rooms(move, after),
        )
        yield from (f"{rule} {move.copy.event_id}" for rule in rules)


def _of_itself(move: PlannedMove, problem: Problem) -> Iterator[str]:
    """What holds for a move whatever else there is: consent, freeze, range, window, grid, length."""
    occurrence, facts = move.occurrence, problem.facts
    consent = facts.consent_for(occurrence)
    if consent is None or status(occurrence, facts, freeze=problem.freeze).state != State.ELIGIBLE:
        yield "not eligible"
        return
    if is_frozen(move.start, facts.at, problem.freeze):
        yield "frozen target"
    if move.end - move.start != occurrence.end - occurrence.start:
        yield "length"
    if move.start.minute % GRID_MINUTES or move.start.second:
        yield "grid"
    zone = organizer_of(occurrence, facts, move.copy).hours.zone
    was, will = local_date(occurrence.original, zone), local_date(move.start, zone)
    by_day = consent.range == Flexibility.Range.DAY
    first, days = (was, 1) if by_day else (monday_of(was), 7)
    if not instant(first, 0, zone) <= move.start < move.end <= instant(first, days * DAY_MINUTES, zone):
        yield "range"
    if consent.window and not instant(will, consent.window[0], zone) <= move.start < move.end <= instant(
        will, consent.window[1], zone
    ):
        yield "window"


def _with_people(move: PlannedMove, problem: Problem, after: Taken) -> Iterator[str]:
    for member_id in problem.facts.attending(move.occurrence):
        person = problem.facts.people[member_id]
        if not inside((move.start, move.end), _meeting_hours(person.hours, person.away, move)):
            yield "meeting hours"
        if _meets_other(move, after.people[member_id]):
            yield "overlap"


def _with_colleagues(move: PlannedMove, problem: Problem, after: Taken) -> Iterator[str]:
    """Those known by free/busy alone are free there too."""
    for colleague in problem.facts.colleagues_at(move.occurrence):
        if not inside((move.start, move.end), _meeting_hours(colleague.hours, (), move)):
            yield "meeting hours"
        if move.end > colleague.known_until:
            yield "unknown time"
        if _meets_other(move, after.colleagues[colleague.address]):
            yield "overlap"


def _with_rooms(move: PlannedMove, after: Taken) -> Iterator[str]:
    for room in move.occurrence.rooms:
        if _meets_other(move, after.rooms[room]):
            yield "room overlap"


def _meets_other(move: PlannedMove, places: Iterable[Place]) -> bool:
    there = (place for occurrence, place in places if occurrence is not move.occurrence)
    return any(overlap((move.start, move.end), place) for place in there)


def _meeting_hours(hours: Hours, away: Iterable[Interval], move: PlannedMove) -> list[Interval]:
    first = local_date(move.start, hours.zone)
    days = (first - timedelta(days=1), first, first + timedelta(days=1))
    return subtract(union(interval for day in days for interval in meeting_on(hours, day)), away)
