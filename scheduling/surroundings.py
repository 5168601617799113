"""What lies around the places that moves take and leave, and which moves lean on each other."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db.models import Q

from calendars.models import Colleague, Event
from clockwise.organizations.titles import Reader
from scheduling import attendees, hold_writes, recognition
from scheduling.attendees import Attendees
from scheduling.intervals import Interval, overlap, subtract
from scheduling.models import Move
from scheduling.recognition import is_away, takes_time

# When somebody is taken, and by which meeting; by none that we know where it is empty.
Taken = tuple[Interval, bytes]


@dataclass(frozen=True)
class Surroundings:
    """What lies around the places that moves take and leave, read at once.

    attendees: by meeting, those whose time it takes. taken: by member or colleague, what keeps them busy or away there
    and doesn't give way. leaving: meetings that leave their place with these moves, or have just done so.
    """

    attendees: Attendees
    taken: Mapping[UUID, Sequence[Taken]]
    leaving: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, moves: Sequence[Move]) -> Self:
        """For moves of one proposal to their new places."""
        return cls._around(moves, [new_place(move) for move in moves], leaving=_leaving(moves))

    @classmethod
    def at_old_places(cls, moves: Sequence[Move]) -> Self:
        """For moves that go back, all together."""
        return cls._around(
            moves, [old_place(move) for move in moves], leaving=frozenset(meeting_of(move) for move in moves)
        )

    @classmethod
    def _around(cls, moves: Sequence[Move], places: Sequence[Interval], *, leaving: frozenset[bytes]) -> Self:
        if not moves:
            return cls({}, {})
        first, last = min(start for start, _ in places), max(end for _, end in places)
        coming = _coming(first, last, besides={meeting_of(move) for move in moves})
        words = recognition.reader()
        attending = attendees.with_copies([*(meeting_of(move) for move in moves), *coming], words)
        colleagues = attendees.add_listed(attending, moves)
        taken: dict[UUID, list[Taken]] = defaultdict(list)
        for meeting, place in coming.items():
            for member_id in attending[meeting]:
                taken[member_id].append((place, meeting))
        for event in _busy(set().union(*attending.values()), first, last, words):
            taken[event.member_id].append(((event.start, event.end), bytes(event.meeting_index)))
        for colleague in colleagues.values():
            taken[colleague.pk] += _otherwise_busy(colleague, moves, attending)
        return cls(attending, taken, leaving)

    def without(self, moves: Iterable[Move]) -> Self:
        """The same where these stay in their places after all."""
        return replace(self, leaving=self.leaving - {meeting_of(move) for move in moves})

    def is_free(self, move: Move, place: Interval) -> bool:
        """Whether everybody who attends is free there."""
        ignored = self.leaving | {meeting_of(move)}
        return not any(
            overlap(taken, place) and meeting not in ignored
            for attendee in self.attendees[meeting_of(move)]
            for taken, meeting in self.taken.get(attendee, ())
        )


def _coming(first: datetime, last: datetime, *, besides: set[bytes]) -> dict[bytes, Interval]:
    """Other meetings that were decided to move there and that Google doesn't have there yet."""
    there = Q(state=Move.State.DECIDED, start__lt=last, end__gt=first)
    back = Q(state=Move.State.UNDOING, old_start__lt=last, old_end__gt=first)
    found: dict[bytes, Interval] = {}
    for move in Move.objects.filter(there | back).select_related("event").defer("event__details", "reason"):
        if meeting_of(move) not in besides:
            found[meeting_of(move)] = old_place(move) if move.state == Move.State.UNDOING else new_place(move)
    return found


def _busy(people: set[UUID], first: datetime, last: datetime, words: Reader) -> list[Event]:
    """What keeps them busy or away and doesn't give way, as Google has it."""
    there = Event.objects.filter(member__in=people, start__lt=last, end__gt=first)
    busy = [event for event in there if takes_time(event, words) or is_away(event, words)]
    giving_way = hold_writes.ours(busy)
    return [event for event in busy if event.pk not in giving_way]


def _otherwise_busy(colleague: Colleague, moves: Sequence[Move], attending: Attendees) -> list[Taken]:
    """Google tells one colleague's meetings and the rest in one: the meetings themselves are taken out."""
    own = [(move.event.start, move.event.end) for move in moves if colleague.pk in attending[meeting_of(move)]]
    return [(interval, b"") for interval in subtract(colleague.busy_intervals, own)]


def _leaving(moves: Sequence[Move]) -> frozenset[bytes]:
    """One that nobody decides about now stays where it is, whatever its proposal hopes for. So does one that was
    decided before, and that somebody has put elsewhere since."""
    gone = [Move.State.DECIDED, Move.State.APPLIED]
    rows = Move.objects.filter(proposal__in={move.proposal_id for move in moves}, state__in=gone)
    decided = rows.select_related("event").defer("event__details", "reason")
    left = {meeting_of(move) for move in decided if _is_as_decided(move)}
    return frozenset(left | {meeting_of(move) for move in moves})


def _is_as_decided(move: Move) -> bool:
    place = (move.event.start, move.event.end)
    return place == new_place(move) or (move.state == Move.State.DECIDED and place == old_place(move))


def parts(moves: list[Move], around: Surroundings) -> list[list[Move]]:
    """Moves that lean on each other: one takes a place that another one leaves, for somebody who attends both."""
    found: list[list[Move]] = []
    for move in moves:
        touching = [part for part in found if any(_lean(move, other, around) for other in part)]
        found = [part for part in found if part not in touching]
        found.append([move, *(other for part in touching for other in part)])
    return found


def _lean(one: Move, other: Move, around: Surroundings) -> bool:
    if not (overlap(new_place(one), old_place(other)) or overlap(old_place(one), new_place(other))):
        return False
    return bool(around.attendees[meeting_of(one)] & around.attendees[meeting_of(other)])


def meeting_of(move: Move) -> bytes:
    return bytes(move.event.meeting_index)


def new_place(move: Move) -> Interval:
    return move.start, move.end


def old_place(move: Move) -> Interval:
    return move.old_start, move.old_end
