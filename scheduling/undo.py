"""Taking back what a proposal did: within 24 hours, and only while Google still has what we wrote (F17)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from calendars import outbox, tasks
from calendars.models import Event, OutboxWrite
from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member
from scheduling import hold_writes, notices
from scheduling.models import Hold, HoldChange, Move, Pin, Proposal
from scheduling.proposals import may_decide_moves
from scheduling.surroundings import Surroundings, new_place, old_place

WITHIN = timedelta(hours=24)
MOVE = "undo"
HOLD = "undo hold"
ROOM_DECLINED = "room_declined"
UNDER_WAY = "The changes are still on the way to Google. Undo them in a moment, once they are there."


class UndoRefused(Exception):
    """The message says why, to the person who asked."""


def proposal(proposal: Proposal, *, by: Member, everybody: bool = False) -> None:
    """Take back what may still be taken back: the moves of `by`'s meetings and `by`'s holds or, for an administrator
    who asks for `everybody`, all. Raises UndoRefused when nothing may.
    """
    moves, holds = proposal.moves.all(), proposal.hold_changes.all()
    if not everybody:
        own = Event.objects.filter(member=by, meeting_index__in=moves.values("event__meeting_index"))
        moves = moves.filter(event__meeting_index__in=own.values("meeting_index"))
        holds = holds.filter(member=by)
    with transaction.atomic():
        # Holds first: they lie where the meetings were.
        holds_back, _ = _take_back_holds(holds.filter(state=HoldChange.State.APPLIED), by, clock.now())
        moves_back, _ = _take_back_moves(moves.filter(state=Move.State.APPLIED), by, clock.now())
        if not holds_back + moves_back:
            under_way = any(rows.filter(state=Move.State.DECIDED).exists() for rows in (moves, holds))
            raise UndoRefused(UNDER_WAY if under_way else "Nothing of this proposal can be undone any more.")
        tasks.write_soon()


def change(row: Move | HoldChange, *, by: Member) -> None:
    """Take one move or hold change back. Raises UndoRefused."""
    with transaction.atomic():
        if isinstance(row, Move):
            _, refusals = _take_back_moves(Move.objects.filter(pk=row.pk), by, clock.now())
        else:
            _, refusals = _take_back_holds(HoldChange.objects.filter(pk=row.pk), by, clock.now())
        for refusal in refusals:
            raise UndoRefused(refusal)
        tasks.write_soon()


def is_possible(row: Move | HoldChange, *, at: datetime) -> bool:
    """Whether undoing is on offer; whether the old place is free is looked at when it is asked for."""
    recent = row.decided_at is not None and at - row.decided_at <= WITHIN
    return row.state == Move.State.APPLIED and recent and min(row.start, row.old_start or row.start) > at


def _take_back_moves(rows: QuerySet[Move], by: Member, at: datetime) -> tuple[int, list[str]]:
    """How many go back, and why the others don't."""
    moves = list(
        rows.select_for_update(of=("self",)).select_related("event", "event__calendar").order_by("start", "id")
    )
    may, around = may_decide_moves(moves, by=by), Surroundings.at_old_places(moves)
    refusals: dict[UUID, str] = {}
    # One that must stay may lie where another one would go back to.
    while refused := {
        move.pk: refusal
        for move in moves
        if move.pk not in refusals and (refusal := _move_refusal(move, around, at, may=move.pk in may))
    }:
        refusals |= refused
        around = around.without(move for move in moves if move.pk in refused)
    going = [move for move in moves if move.pk not in refusals]
    _write_back(going, at)
    for move in going:
        record("move.undone", by=by.pk, target=move)
    return len(going), list(refusals.values())


def _move_refusal(move: Move, around: Surroundings, at: datetime, *, may: bool) -> str:
    if not may:
        return "Only the organizer, or a guest who may modify the meeting, can undo this."
    if not is_possible(move, at=at):
        return "A move can be undone within 24 hours, before either time has come."
    if (move.event.start, move.event.end) != new_place(move):
        return "Somebody has moved the meeting since; it stays where they put it."
    # A move away from a double booking may be taken back although the other event is still there.
    if not move.reason.conflicts_solved and not around.is_free(move, old_place(move)):
        return "The old time is no longer free for everybody."
    return ""


def for_want_of_a_room(move: Move) -> None:
    """Take a move back that a room didn't come along with (SYNC W6), in the caller's transaction."""
    move.problem = ROOM_DECLINED
    _write_back([move], clock.now())
    tasks.write_soon()
    record("move.undone", by=None, target=move, reason=ROOM_DECLINED)


def _write_back(moves: Sequence[Move], at: datetime) -> None:
    """The meetings are pinned until their week is over: the next run would only move them again."""
    pins = [Pin(meeting_index=move.event.meeting_index, reason=Pin.Reason.UNDONE, created_at=at) for move in moves]
    Pin.objects.bulk_create(pins, ignore_conflicts=True)  # one that is pinned already keeps its reason
    for move in moves:
        move.state = Move.State.UNDOING
    Move.objects.bulk_update(moves, ["state", "problem"])
    mailed = notices.to_guests(move.event.member_id for move in moves)
    outbox.add(
        outbox.patch(
            move.event,
            start=move.old_start,
            end=move.old_end,
            purpose=MOVE,
            purpose_id=move.pk,
            notices=mailed[move.event.member_id],
        )
        for move in moves
    )


def _take_back_holds(rows: QuerySet[HoldChange], by: Member, at: datetime) -> tuple[int, list[str]]:
    """How many go back, and why the others don't."""
    changes = list(rows.select_for_update(of=("self",)).select_related("hold").order_by("start", "id"))
    refusals = {row.pk: refusal for row in changes if (refusal := _hold_refusal(row, by, at))}
    writes = hold_writes.reversals([row for row in changes if row.pk not in refusals], purpose=HOLD)
    going = [row for row in changes if row.pk in writes]
    changed = "The hold was changed in Google Calendar since; it stays as it is."
    refusals |= {row.pk: changed for row in changes if row.pk not in writes and row.pk not in refusals}
    for row in going:
        row.state = HoldChange.State.UNDOING
        record("hold.undone", by=by.pk, target=row)
    HoldChange.objects.bulk_update(going, ["state"])
    outbox.add(writes.values())
    return len(going), list(refusals.values())


def _hold_refusal(row: HoldChange, by: Member, at: datetime) -> str:
    if row.member_id != by.pk and not by.is_administrator:
        return "Only the one whose hold it is can undo this."
    if not is_possible(row, at=at):
        return "A hold can be undone within 24 hours, before its time has come."
    return ""


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
