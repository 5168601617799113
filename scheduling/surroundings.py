"""What lies around the places that moves take and leave, and which moves lean on each other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from calendars.models import Event
from scheduling import hold_writes, recognition
from scheduling.intervals import Interval, overlap
from scheduling.models import Move
from scheduling.recognition import is_away, takes_time


@dataclass(frozen=True)
class Surroundings:
    """What lies around the places that moves take and leave, read at once.

    attendees: by meeting, the members whose time it takes. taken: by member, what keeps them busy or away there and
    doesn't give way, with its meeting. leaving: meetings that leave their place with these moves, or have just done so.
    """

    attendees: Mapping[bytes, set[UUID]]
    taken: Mapping[UUID, list[tuple[Interval, bytes]]]
    leaving: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, moves: Sequence[Move]) -> Self:
        """For moves of one proposal to their new places."""
        return cls(*_around({meeting_of(move): new_place(move) for move in moves}), leaving=_leaving(moves))

    @classmethod
    def at_old_places(cls, moves: Sequence[Move]) -> Self:
        return cls(*_around({meeting_of(move): old_place(move) for move in moves}))

    def is_free(self, move: Move, place: Interval) -> bool:
        """Whether everybody who attends is free there."""
        ignored = self.leaving | {meeting_of(move)}
        return not any(
            overlap(taken, place) and meeting not in ignored
            for member_id in self.attendees[meeting_of(move)]
            for taken, meeting in self.taken.get(member_id, ())
        )


def _around(
    places: Mapping[bytes, Interval],
) -> tuple[Mapping[bytes, set[UUID]], Mapping[UUID, list[tuple[Interval, bytes]]]]:
    attendees: dict[bytes, set[UUID]] = {meeting: set() for meeting in places}
    words = recognition.reader()
    for copy in Event.objects.filter(meeting_index__in=places):
        if takes_time(copy, words):  # who has declined needn't be free (F3)
            attendees[bytes(copy.meeting_index)].add(copy.member_id)
    taken: dict[UUID, list[tuple[Interval, bytes]]] = defaultdict(list)
    if places:
        first, last = min(start for start, _ in places.values()), max(end for _, end in places.values())
        there = Event.objects.filter(member__in=set().union(*attendees.values()), start__lt=last, end__gt=first)
        busy = [event for event in there if takes_time(event, words) or is_away(event, words)]
        giving_way = hold_writes.ours(busy)
        for event in busy:
            if event.pk not in giving_way:
                taken[event.member_id].append(((event.start, event.end), bytes(event.meeting_index)))
    return attendees, taken


def _leaving(moves: Sequence[Move]) -> frozenset[bytes]:
    """One that nobody decides about now stays where it is, whatever its proposal hopes for."""
    gone = [Move.State.DECIDED, Move.State.APPLIED]
    rows = Move.objects.filter(proposal__in={move.proposal_id for move in moves}, state__in=gone)
    left = {bytes(index) for index in rows.values_list("event__meeting_index", flat=True)}
    return frozenset(left | {meeting_of(move) for move in moves})


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
