"""Taking back what a proposal did: within 24 hours, and only while Google still has what we wrote (F17)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from calendars import outbox, tasks
from calendars.models import Event, OutboxWrite
from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member
from scheduling import hold_writes, notices
from scheduling.models import Hold, HoldChange, Move, Pin, Proposal
from scheduling.proposals import may_decide_move
from scheduling.surroundings import Surroundings, new_place, old_place

WITHIN = timedelta(hours=24)
MOVE = "undo"
HOLD = "undo hold"
ROOM_DECLINED = "room_declined"


class UndoRefused(Exception):
    """The message says why, to the person who asked."""


def proposal(proposal: Proposal, *, by: Member, everybody: bool = False) -> None:
    """Take back what may still be taken back: the moves of `by`'s meetings and `by`'s holds or, for an administrator
    who asks for `everybody`, all. Raises UndoRefused when nothing may.
    """
    moves = proposal.moves.filter(state=Move.State.APPLIED)
    holds = proposal.hold_changes.filter(state=HoldChange.State.APPLIED)
    if not everybody:
        own = Event.objects.filter(member=by, meeting_index__in=moves.values("event__meeting_index"))
        moves = moves.filter(event__meeting_index__in=own.values("meeting_index"))
        holds = holds.filter(member=by)
    taken_back = 0
    with transaction.atomic():
        # Holds first: they lie where the meetings were.
        rows: list[Move | HoldChange] = [*holds.order_by("start", "id"), *moves.order_by("start", "id")]
        for row in rows:
            try:
                change(row, by=by)
            except UndoRefused:
                continue
            taken_back += 1
        if not taken_back:
            raise UndoRefused("Nothing of this proposal can be undone any more.")


def change(row: Move | HoldChange, *, by: Member) -> None:
    """Take one move or hold change back. Raises UndoRefused."""
    with transaction.atomic():
        if isinstance(row, Move):
            _take_back_move(row, by, clock.now())
        else:
            _take_back_hold(row, by, clock.now())
        tasks.write_soon()


def is_possible(row: Move | HoldChange, *, at: datetime) -> bool:
    """Whether undoing is on offer; whether the old place is free is looked at when it is asked for."""
    recent = row.decided_at is not None and at - row.decided_at <= WITHIN
    return row.state == Move.State.APPLIED and recent and min(row.start, row.old_start or row.start) > at


def _take_back_move(move: Move, by: Member, at: datetime) -> None:
    move = Move.objects.select_for_update(of=("self",)).select_related("event", "event__calendar").get(pk=move.pk)
    _ensure_move_may_go_back(move, by, at)
    _write_back(move, at)
    record("move.undone", by=by.pk, target=move)


def for_want_of_a_room(move: Move) -> None:
    """Take a move back that a room didn't come along with (SYNC W6), in the caller's transaction."""
    move.problem = ROOM_DECLINED
    _write_back(move, clock.now())
    tasks.write_soon()
    record("move.undone", by=None, target=move, reason=ROOM_DECLINED)


def _write_back(move: Move, at: datetime) -> None:
    """The meeting is pinned until its week is over: the next run would only move it again."""
    Pin.objects.get_or_create(
        meeting_index=move.event.meeting_index, defaults={"reason": Pin.Reason.UNDONE, "created_at": at}
    )
    move.state = Move.State.UNDOING
    move.save(update_fields=["state", "problem"])
    start, end = old_place(move)
    mailed = notices.to_guests([move.event.member_id])[move.event.member_id]
    outbox.add([outbox.patch(move.event, start=start, end=end, purpose=MOVE, purpose_id=move.pk, notices=mailed)])


def _ensure_move_may_go_back(move: Move, by: Member, at: datetime) -> None:
    if not may_decide_move(move, by=by):
        raise UndoRefused("Only the organizer, or a guest who may modify the meeting, can undo this.")
    if not is_possible(move, at=at):
        raise UndoRefused("A move can be undone within 24 hours, before either time has come.")
    if (move.event.start, move.event.end) != new_place(move):
        raise UndoRefused("Somebody has moved the meeting since; it stays where they put it.")
    # A move away from a double booking may be taken back although the other event is still there.
    if not move.reason.conflicts_solved and not Surroundings.at_old_place(move).is_free(move, old_place(move)):
        raise UndoRefused("The old time is no longer free for everybody.")


def _take_back_hold(row: HoldChange, by: Member, at: datetime) -> None:
    row = HoldChange.objects.select_for_update(of=("self",)).select_related("hold").get(pk=row.pk)
    if row.member_id != by.pk and not by.is_administrator:
        raise UndoRefused("Only the one whose hold it is can undo this.")
    if not is_possible(row, at=at):
        raise UndoRefused("A hold can be undone within 24 hours, before its time has come.")
    write = hold_writes.reversal(row, purpose=HOLD)
    if write is None:
        raise UndoRefused("The hold was changed in Google Calendar since; it stays as it is.")
    row.state = HoldChange.State.UNDOING
    row.save(update_fields=["state"])
    outbox.add([write])
    record("hold.undone", by=by.pk, target=row)


@outbox.on_settled(MOVE)
def moves_settled(writes: Sequence[OutboxWrite]) -> None:
    """A refused undo leaves the move as it was: made."""
    for write in writes:
        moves = Move.objects.filter(pk=write.purpose_id)
        moves.update(state=_state_after(write), **({"problem": write.problem} if write.problem else {}))


@outbox.on_settled(HOLD)
def holds_settled(writes: Sequence[OutboxWrite]) -> None:
    """What the person took back, the next run leaves alone: nothing is placed there again that day, nothing moved."""
    for write in writes:
        row = HoldChange.objects.select_related("hold").get(pk=write.purpose_id)
        row.state, row.problem = _state_after(write), write.problem
        row.save(update_fields=["state", "problem"])
        if write.state == OutboxWrite.State.DONE and row.hold is not None:
            is_gone = write.kind == OutboxWrite.Kind.DELETE
            row.hold.state = Hold.State.RELEASED if is_gone else Hold.State.PINNED
            row.hold.etag = write.etag
            row.hold.save(update_fields=["state", "etag"])


def _state_after(write: OutboxWrite) -> str:
    return Move.State.UNDONE if write.state == OutboxWrite.State.DONE else Move.State.APPLIED
