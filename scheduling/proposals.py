"""Deciding about proposals: accept, dismiss, restore, undo. What is decided goes to the outbox in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db import transaction

from calendars import outbox
from calendars.models import Event, GoogleConnection, OutboxWrite
from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member
from scheduling import flexibility, hold_writes
from scheduling.eligibility import FREEZE, is_frozen
from scheduling.facts import takes_time
from scheduling.intervals import Interval, overlap
from scheduling.models import HoldChange, Move, Pin, Proposal

UNDO_WITHIN = timedelta(hours=24)
MOVE = "move"
UNDO = "undo"

Decision = Callable[..., Any]


class ProposalClosed(Exception):
    """Decided before, or replaced by a later one."""


class UndoRefused(Exception):
    """The message says why, to the person who asked."""


@dataclass
class Acceptance:
    """`accepted`: on their way to Google. `stale`: changed since the run, left undecided. `refused`: not theirs."""

    accepted: list[Move | HoldChange] = field(default_factory=list)
    stale: list[Move | HoldChange] = field(default_factory=list)
    refused: list[Move | HoldChange] = field(default_factory=list)


def accept(
    proposal: Proposal, *, by: Member, moves: set[UUID] | None = None, hold_changes: set[UUID] | None = None
) -> Acceptance:
    """Decide moves and hold changes and their outbox writes, all or none. None means: all that `by` may decide.

    A part in which an event changed since the run stays undecided (F18). Raises ProposalClosed.
    """
    acceptance, at = Acceptance(), clock.now()
    with transaction.atomic():
        proposal = _opened(proposal)
        wanted = _permitted_moves(proposal, by, moves, acceptance)
        around = Surroundings.of(wanted)
        for part in _parts(wanted, around):
            (acceptance.accepted if _are_fresh(part, around, at) else acceptance.stale).extend(part)
        _decide_moves(acceptance, by, at)
        decision = hold_writes.decide(_permitted_holds(proposal, by, hold_changes, acceptance), by=by, at=at)
        acceptance.accepted += decision.decided
        acceptance.stale += decision.stale
        _close_when_decided(proposal, by, at)
        record(
            "proposal.accepted",
            by=by.pk,
            target=proposal,
            accepted=len(acceptance.accepted),
            stale=len(acceptance.stale),
            refused=len(acceptance.refused),
        )
        _write_soon()
    return acceptance


def dismiss(proposal: Proposal, *, by: Member) -> None:
    """Close a proposal of which nothing was accepted; it can be restored until a new one is made."""
    with transaction.atomic():
        proposal = _opened(proposal)
        proposal.state, proposal.decided_at, proposal.decided_by = Proposal.State.DISMISSED, clock.now(), by
        proposal.save(update_fields=["state", "decided_at", "decided_by"])
        record("proposal.dismissed", by=by.pk, target=proposal)


def restore(proposal: Proposal, *, by: Member) -> None:
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
        if proposal.state != Proposal.State.DISMISSED:
            raise ProposalClosed("Only a dismissed proposal can be restored.")
        proposal.state, proposal.decided_at, proposal.decided_by = Proposal.State.OPEN, None, None
        proposal.save(update_fields=["state", "decided_at", "decided_by"])
        record("proposal.restored", by=by.pk, target=proposal)


def undo(proposal: Proposal, *, by: Member) -> None:
    """Take back each move that may still be taken back. Raises UndoRefused when none may."""
    taken_back = 0
    with transaction.atomic():
        for move in proposal.moves.select_related("event", "event__calendar").filter(state=Move.State.APPLIED):
            try:
                undo_move(move, by=by)
            except UndoRefused:
                continue
            taken_back += 1
        if not taken_back:
            raise UndoRefused("None of these moves can be undone any more.")


def undo_move(move: Move, *, by: Member) -> None:
    """Write the old time back, within 24 hours and while it is free. The meeting is pinned until its week is over.

    Raises UndoRefused.
    """
    at = clock.now()
    with transaction.atomic():
        move = Move.objects.select_for_update(of=("self",)).select_related("event", "event__calendar").get(pk=move.pk)
        _ensure_undoable(move, by, at)
        move.state = Move.State.UNDOING
        move.save(update_fields=["state"])
        write = outbox.patch(move.event, start=move.old_start, end=move.old_end, purpose=UNDO, purpose_id=move.pk)
        outbox.add([write])
        Pin.objects.get_or_create(
            meeting_index=move.event.meeting_index, defaults={"reason": Pin.Reason.UNDONE, "created_at": at}
        )
        record("move.undone", by=by.pk, target=move)
        _write_soon()


def may_decide_move(move: Move, *, by: Member) -> bool:
    """Administrators decide all; others what they may edit in Google: as organizer, or as permitted guest."""
    if by.is_administrator:
        return True
    own = Event.objects.filter(member=by, meeting_index=move.event.meeting_index).first()
    return own is not None and flexibility.may_move(own, by=by)


def can_undo(move: Move, *, at: datetime) -> bool:
    """Whether undoing is on offer; whether the old time is free is looked at when it is asked for."""
    recent = move.decided_at is not None and at - move.decided_at <= UNDO_WITHIN
    return move.state == Move.State.APPLIED and recent and min(move.start, move.old_start) > at


def _opened(proposal: Proposal) -> Proposal:
    proposal = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if proposal.state != Proposal.State.OPEN:
        raise ProposalClosed("This proposal was decided before, or a newer one has replaced it.")
    return proposal


def _permitted_moves(proposal: Proposal, by: Member, ids: set[UUID] | None, acceptance: Acceptance) -> list[Move]:
    rows = proposal.moves.select_for_update(of=("self",)).filter(state=Move.State.PROPOSED)
    asked = rows if ids is None else rows.filter(pk__in=ids)
    found: list[Move] = []
    for move in asked.select_related("event", "event__calendar", "event__calendar__connection").order_by("start", "id"):
        (found if may_decide_move(move, by=by) else acceptance.refused).append(move)
    return found


def _permitted_holds(proposal: Proposal, by: Member, ids: set[UUID] | None, acceptance: Acceptance) -> list[HoldChange]:
    rows = proposal.hold_changes.select_for_update(of=("self",)).filter(state=HoldChange.State.PROPOSED)
    asked = rows if ids is None else rows.filter(pk__in=ids)
    found: list[HoldChange] = []
    for change in asked.select_related("hold").order_by("start", "id"):
        (found if by.is_administrator or change.member_id == by.pk else acceptance.refused).append(change)
    return found


@dataclass(frozen=True)
class Surroundings:
    """What lies around the places that moves take and leave, read at once.

    attendees: by meeting, the members who have it on their calendars. taken: by member, what keeps them busy there and
    doesn't give way, with its meeting. leaving: meetings of the proposal that leave their place, or have just done so.
    """

    attendees: Mapping[bytes, set[UUID]]
    taken: Mapping[UUID, list[tuple[Interval, bytes]]]
    leaving: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, moves: Sequence[Move]) -> Self:
        """For moves of one proposal to their new places."""
        return cls(*_around({_meeting(move): _new(move) for move in moves}), leaving=_leaving(moves))

    @classmethod
    def at_old_place(cls, move: Move) -> Self:
        return cls(*_around({_meeting(move): _old(move)}))

    def is_free(self, move: Move, place: Interval) -> bool:
        """Whether everybody who attends is free there."""
        ignored = self.leaving | {_meeting(move)}
        return not any(
            overlap(taken, place) and meeting not in ignored
            for member_id in self.attendees[_meeting(move)]
            for taken, meeting in self.taken.get(member_id, ())
        )


def _around(
    places: Mapping[bytes, Interval],
) -> tuple[Mapping[bytes, set[UUID]], Mapping[UUID, list[tuple[Interval, bytes]]]]:
    attendees: dict[bytes, set[UUID]] = {meeting: set() for meeting in places}
    for meeting, member_id in Event.objects.filter(meeting_index__in=places).values_list("meeting_index", "member_id"):
        attendees[bytes(meeting)].add(member_id)
    taken: dict[UUID, list[tuple[Interval, bytes]]] = defaultdict(list)
    if places:
        first, last = min(start for start, _ in places.values()), max(end for _, end in places.values())
        there = Event.objects.filter(member__in=set().union(*attendees.values()), start__lt=last, end__gt=first)
        busy = [event for event in there.defer("details") if takes_time(event)]
        giving_way = hold_writes.ours(busy)
        for event in busy:
            if event.pk not in giving_way:
                taken[event.member_id].append(((event.start, event.end), bytes(event.meeting_index)))
    return attendees, taken


def _leaving(moves: Sequence[Move]) -> frozenset[bytes]:
    gone = [Move.State.PROPOSED, Move.State.DECIDED, Move.State.APPLIED]
    rows = Move.objects.filter(proposal__in={move.proposal_id for move in moves}, state__in=gone)
    return frozenset(bytes(index) for index in rows.values_list("event__meeting_index", flat=True))


def _parts(moves: list[Move], around: Surroundings) -> list[list[Move]]:
    """Moves that lean on each other: one takes a place that another one leaves, for somebody who attends both."""
    parts: list[list[Move]] = []
    for move in moves:
        touching = [part for part in parts if any(_lean(move, other, around) for other in part)]
        parts = [part for part in parts if part not in touching]
        parts.append([move, *(other for part in touching for other in part)])
    return parts


def _lean(one: Move, other: Move, around: Surroundings) -> bool:
    if not (overlap(_new(one), _old(other)) or overlap(_old(one), _new(other))):
        return False
    return bool(around.attendees[_meeting(one)] & around.attendees[_meeting(other)])


def _meeting(move: Move) -> bytes:
    return bytes(move.event.meeting_index)


def _new(move: Move) -> Interval:
    return move.start, move.end


def _old(move: Move) -> Interval:
    return move.old_start, move.old_end


def _are_fresh(part: Sequence[Move], around: Surroundings, at: datetime) -> bool:
    """The events are still what was planned for, nothing froze meanwhile, and everybody is still free there."""
    return all(_is_fresh(move, at) and around.is_free(move, _new(move)) for move in part)


def _is_fresh(move: Move, at: datetime) -> bool:
    event = move.event
    unchanged = event.etag == move.etag and (event.start, event.end) == _old(move)
    if not unchanged or is_frozen(move.old_start, at, FREEZE) or is_frozen(move.start, at, FREEZE):
        return False
    return bool(event.calendar.connection.state == GoogleConnection.State.ACTIVE)


def _decide_moves(acceptance: Acceptance, by: Member, at: datetime) -> None:
    """Into the outbox with those that go. Of a part that stays, one changed since the run; the others lean on it."""
    going, staying = _moves(acceptance.accepted), _moves(acceptance.stale)
    for move in going:
        move.state, move.decided_at, move.decided_by = Move.State.DECIDED, at, by
    for move in staying:
        move.state = Move.State.STALE
    Move.objects.bulk_update([*going, *staying], ["state", "decided_at", "decided_by"])
    outbox.add(
        outbox.patch(move.event, start=move.start, end=move.end, purpose=MOVE, purpose_id=move.pk) for move in going
    )


def _moves(rows: Iterable[Move | HoldChange]) -> list[Move]:
    return [row for row in rows if isinstance(row, Move)]


def _close_when_decided(proposal: Proposal, by: Member, at: datetime) -> None:
    """Others may still decide what is theirs; the last decision closes it."""
    open_moves = proposal.moves.filter(state=Move.State.PROPOSED).exists()
    open_holds = proposal.hold_changes.filter(state=HoldChange.State.PROPOSED).exists()
    if not open_moves and not open_holds:
        proposal.state, proposal.decided_at, proposal.decided_by = Proposal.State.ACCEPTED, at, by
        proposal.save(update_fields=["state", "decided_at", "decided_by"])


def _ensure_undoable(move: Move, by: Member, at: datetime) -> None:
    if not may_decide_move(move, by=by):
        raise UndoRefused("Only the organizer, or a guest who may modify the meeting, can undo this.")
    if not can_undo(move, at=at):
        raise UndoRefused("A move can be undone within 24 hours, before either time has come.")
    if (move.event.start, move.event.end) != _new(move):
        raise UndoRefused("Somebody has moved the meeting since; it stays where they put it.")
    # A move away from a double booking may be taken back although the other event is still there.
    if not move.reason.conflicts_solved and not Surroundings.at_old_place(move).is_free(move, _old(move)):
        raise UndoRefused("The old time is no longer free for everybody.")


def _write_soon() -> None:
    from calendars import tasks

    transaction.on_commit(lambda: tasks.wake(tasks.perform_writes))


# How the writes ended


ENDED = {
    OutboxWrite.State.STALE: Move.State.STALE,
    OutboxWrite.State.FAILED: Move.State.FAILED,
    OutboxWrite.State.DROPPED: Move.State.FAILED,
}


@outbox.on_settled(MOVE)
def moves_settled(writes: Sequence[OutboxWrite]) -> None:
    """In the words of the rows that are decided about."""
    for write in writes:
        state = ENDED.get(OutboxWrite.State(write.state), Move.State.APPLIED)
        Move.objects.filter(pk=write.purpose_id).update(state=state, problem=write.problem)


@outbox.on_settled(UNDO)
def undos_settled(writes: Sequence[OutboxWrite]) -> None:
    """A refused undo leaves the move as it was: made."""
    for write in writes:
        state = Move.State.UNDONE if write.state == OutboxWrite.State.DONE else Move.State.APPLIED
        Move.objects.filter(pk=write.purpose_id).update(state=state, problem=write.problem)
