"""Deciding about proposals: accept, dismiss, restore. What is decided goes to the outbox in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from calendars import outbox, tasks
from calendars.models import Event, GoogleConnection, OutboxWrite
from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations import rules
from clockwise.organizations.models import Member
from scheduling import flexibility, hold_writes, notices
from scheduling.eligibility import is_frozen
from scheduling.models import HoldChange, Move, Proposal
from scheduling.surroundings import Surroundings, new_place, old_place, parts

MOVE = "move"


class ProposalClosed(Exception):
    """Decided before, or replaced by a later one."""


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
        for part in parts(wanted, around):
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
        tasks.write_soon()
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


def may_decide_move(move: Move, *, by: Member) -> bool:
    """Administrators decide all; others what they may edit in Google: as organizer, or as permitted guest."""
    if by.is_administrator:
        return True
    own = Event.objects.filter(member=by, meeting_index=move.event.meeting_index).first()
    return own is not None and flexibility.may_move(own, by=by)


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


def _are_fresh(part: Sequence[Move], around: Surroundings, at: datetime) -> bool:
    """The events are still what was planned for, nothing froze meanwhile, and everybody is still free there."""
    freeze = rules.current().freeze
    return all(_is_fresh(move, at, freeze) and around.is_free(move, new_place(move)) for move in part)


def _is_fresh(move: Move, at: datetime, freeze: timedelta) -> bool:
    event = move.event
    unchanged = event.etag == move.etag and (event.start, event.end) == old_place(move)
    if not unchanged or is_frozen(move.old_start, at, freeze) or is_frozen(move.start, at, freeze):
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
    mailed = notices.to_guests(move.event.member_id for move in going)
    outbox.add(
        outbox.patch(
            move.event,
            start=move.start,
            end=move.end,
            purpose=MOVE,
            purpose_id=move.pk,
            notices=mailed[move.event.member_id],
        )
        for move in going
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
