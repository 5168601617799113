"""What takes whose time, and which rooms, once given meetings are where a plan wants them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from scheduling.days import work_days
from scheduling.facts import Occurrence
from scheduling.intervals import Interval
from scheduling.problem import Problem, settled_lunch

# A place, and the meeting that is there; None where it isn't a meeting that we know.
Place = tuple[Occurrence | None, Interval]


@dataclass(frozen=True)
class Taken:
    """people: by member. colleagues: known by free/busy alone, by address. rooms: by address."""

    people: Mapping[UUID, Sequence[Place]]
    colleagues: Mapping[str, Sequence[Place]]
    rooms: Mapping[str, Sequence[Place]]


def taken(problem: Problem, places: Mapping[bytes, Interval]) -> Taken:
    """`places`: of the moved meetings, by index; all others are where they are today."""
    facts = problem.facts
    people: dict[UUID, list[Place]] = {member_id: _settled_lunches(problem, member_id) for member_id in facts.people}
    colleagues: dict[str, list[Place]] = {
        address: [(None, interval) for interval in intervals] for address, intervals in facts.otherwise_busy().items()
    }
    rooms: dict[str, list[Place]] = defaultdict(list)
    for occurrence in facts.occurrences:
        place = (occurrence, places.get(occurrence.meeting_index, occurrence.interval))
        for member_id in facts.attending(occurrence):
            people[member_id].append(place)
        for colleague in facts.colleagues_at(occurrence):
            colleagues[colleague.address].append(place)
        for room in occurrence.rooms:
            rooms[room].append(place)
    return Taken(people, colleagues, rooms)


def _settled_lunches(problem: Problem, member_id: UUID) -> list[Place]:
    """Lunches that no plan touches any more keep meetings away (H10)."""
    person, horizon = problem.facts.people[member_id], problem.horizon
    settled = (settled_lunch(person, day, problem.facts) for day in work_days(person, horizon.day, horizon.end))
    return [(None, hold.interval) for hold in settled if hold and hold.is_placed]
