"""Whether holds still find their places free when they are decided, perhaps hours after the run that planned them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from calendars.models import Event
from scheduling import hold_writes, recognition
from scheduling.intervals import Interval, overlap
from scheduling.models import Hold, HoldChange, Move
from scheduling.recognition import is_away, takes_time


@dataclass(frozen=True)
class Places:
    """waiting: what lies there leaves with a part of the proposal that nobody has decided yet. taken: it stays."""

    free: list[HoldChange] = field(default_factory=list)
    waiting: list[HoldChange] = field(default_factory=list)
    taken: list[HoldChange] = field(default_factory=list)


@dataclass(frozen=True)
class _Obstacle:
    interval: Interval
    may_leave: bool


def look(changes: Sequence[HoldChange], *, at: datetime) -> Places:
    """Sort changes of one proposal by what has become of their places. A time that has come is taken."""
    places = Places()
    obstacles = _obstacles([change for change in changes if _places(change)], leaving=_holds(changes))
    for change in changes:
        there = [o for o in obstacles.get(change.member_id, ()) if overlap(o.interval, (change.start, change.end))]
        if not _places(change) or (not there and change.start > at):
            places.free.append(change)
        elif change.start > at and all(obstacle.may_leave for obstacle in there):
            places.waiting.append(change)
        else:
            places.taken.append(change)
    return places


def _places(change: HoldChange) -> bool:
    return change.action != HoldChange.Action.DELETE


def _holds(changes: Sequence[HoldChange]) -> set[UUID]:
    return {change.hold_id for change in changes if change.hold_id}


def _obstacles(changes: Sequence[HoldChange], *, leaving: Collection[UUID]) -> dict[UUID, list[_Obstacle]]:
    """By member. `leaving`: holds that leave their places together with these changes."""
    found: dict[UUID, list[_Obstacle]] = defaultdict(list)
    if not changes:
        return found
    proposal_id, members = changes[0].proposal_id, {change.member_id for change in changes}
    first, last = min(change.start for change in changes), max(change.end for change in changes)
    moves = Move.objects.filter(proposal=proposal_id).values_list("event__meeting_index", "state")
    undecided = {bytes(index) for index, state in moves if state == Move.State.PROPOSED}
    gone = {bytes(index) for index, state in moves if state in (Move.State.DECIDED, Move.State.APPLIED)}
    for event in _busy(members, first, last):
        index = bytes(event.meeting_index)
        if index not in gone:
            found[event.member_id].append(_Obstacle((event.start, event.end), index in undecided))
    others = HoldChange.objects.filter(proposal=proposal_id, state=HoldChange.State.PROPOSED, hold__isnull=False)
    may_leave = set(others.values_list("hold_id", flat=True))
    holds = Hold.objects.filter(member__in=members, state__in=Hold.TAKES_TIME, start__lt=last, end__gt=first)
    for hold in holds.exclude(pk__in=leaving):
        found[hold.member_id].append(_Obstacle((hold.start, hold.end), hold.pk in may_leave))
    return found


def _busy(members: Collection[UUID], first: datetime, last: datetime) -> list[Event]:
    there = Event.objects.filter(member__in=members, start__lt=last, end__gt=first)
    words = recognition.reader()
    busy = [event for event in there if takes_time(event, words) or is_away(event, words)]
    giving_way = hold_writes.ours(busy)
    return [event for event in busy if event.pk not in giving_way]
