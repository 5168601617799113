"""Deciding about proposals: accept, dismiss, restore. What is decided goes to the outbox in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from calendars import outbox, tasks
from calendars.models import Event, GoogleConnection, OutboxWrite
from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations import rules
from clockwise.organizations.models import Member
from scheduling import attendees, flexibility, hold_places, hold_writes, notices
from scheduling.eligibility import is_frozen
from scheduling.models import HoldChange, Move, Pin, Proposal
from scheduling.surroundings import Surroundings, meeting_of, new_place, old_place, parts

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
        around, movable = Surroundings.of(wanted), _still_movable(wanted, proposal)
        freeze = rules.current().freeze
        for part in parts(wanted, around):
            fresh = all(move.pk in movable and _is_fresh(move, around, at, freeze) for move in part)
            (acceptance.accepted if fresh else acceptance.stale).extend(part)
        _decide_moves(acceptance, by, at)
        _decide_holds(_permitted_holds(proposal, by, hold_changes, acceptance), acceptance, by, at)
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
    """Leave out what is `by`'s to decide: own holds, and moves of own meetings. What others decide stays open to them.

    Raises ProposalClosed.
    """
    at = clock.now()
    with transaction.atomic():
        proposal = _opened(proposal)
        left_out = _own(proposal, by)
        for rows in left_out:
            rows.update(state=Move.State.LEFT_OUT, decided_at=at, decided_by=by)
        _close_when_decided(proposal, by, at)
        record("proposal.dismissed", by=by.pk, target=proposal)


def restore(proposal: Proposal, *, by: Member) -> None:
    """Bring back what `by` has dismissed, until a newer proposal is made. Raises ProposalClosed."""
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
        if proposal.state == Proposal.State.SUPERSEDED or _is_replaced(proposal):
            raise ProposalClosed("A newer proposal has replaced it.")
        dismissed = {"state": Move.State.LEFT_OUT, "decided_by": by}
        restored = [
            rows.filter(**dismissed).update(state=Move.State.PROPOSED, decided_at=None, decided_by=None)
            for rows in (proposal.moves, proposal.hold_changes)
        ]
        if not any(restored):
            raise ProposalClosed("Only what you have dismissed can be brought back.")
        proposal.state, proposal.decided_at, proposal.decided_by = Proposal.State.OPEN, None, None
        proposal.save(update_fields=["state", "decided_at", "decided_by"])
        record("proposal.restored", by=by.pk, target=proposal)


def _own(proposal: Proposal, member: Member) -> tuple[QuerySet[Move], QuerySet[HoldChange]]:
    """Undecided parts that concern the member, as far as they may decide them."""
    undecided = proposal.moves.filter(state=Move.State.PROPOSED).select_related("event")
    attended = Event.objects.filter(member=member, meeting_index__in=undecided.values("event__meeting_index"))
    moves = list(undecided.filter(event__meeting_index__in=attended.values("meeting_index")))
    holds = proposal.hold_changes.filter(state=HoldChange.State.PROPOSED, member=member)
    return proposal.moves.filter(pk__in=may_decide_moves(moves, by=member)), holds


def _is_replaced(proposal: Proposal) -> bool:
    same = Proposal.objects.filter(run__only_holds_of=proposal.run.only_holds_of_id)
    return same.filter(created_at__gt=proposal.created_at).exists()


def of_interest_to(member: Member) -> QuerySet[Proposal]:
    """Proposals of the whole organization, and those of the member's holds alone; the latest first."""
    either = Q(run__only_holds_of=None) | Q(run__only_holds_of=member)
    return Proposal.objects.filter(either).select_related("run").order_by("-created_at", "-id")


def may_decide_moves(moves: Collection[Move], *, by: Member) -> set[UUID]:
    """Those of the moves that the member may decide about, in one query: administrators all, others what they may
    edit in Google, as organizer or as permitted guest.
    """
    if by.is_administrator:
        return {move.pk for move in moves}
    copies = Event.objects.filter(member=by, meeting_index__in=[meeting_of(move) for move in moves]).defer("details")
    may = {bytes(copy.meeting_index) for copy in copies if flexibility.may_move(copy, by=by)}
    return {move.pk for move in moves if meeting_of(move) in may}


def _opened(proposal: Proposal) -> Proposal:
    proposal = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if proposal.state != Proposal.State.OPEN:
        raise ProposalClosed("This proposal was decided before, or a newer one has replaced it.")
    return proposal


def _permitted_moves(proposal: Proposal, by: Member, ids: set[UUID] | None, acceptance: Acceptance) -> list[Move]:
    rows = proposal.moves.select_for_update(of=("self",)).filter(state=Move.State.PROPOSED)
    asked = rows if ids is None else rows.filter(pk__in=ids)
    related = asked.select_related("event", "event__calendar", "event__calendar__connection")
    found = list(related.order_by("start", "id"))
    may = may_decide_moves(found, by=by)
    acceptance.refused += [move for move in found if move.pk not in may]
    return [move for move in found if move.pk in may]


def _permitted_holds(proposal: Proposal, by: Member, ids: set[UUID] | None, acceptance: Acceptance) -> list[HoldChange]:
    rows = proposal.hold_changes.select_for_update(of=("self",)).filter(state=HoldChange.State.PROPOSED)
    asked = rows if ids is None else rows.filter(pk__in=ids)
    found: list[HoldChange] = []
    for change in asked.select_related("hold").order_by("start", "id"):
        (found if by.is_administrator or change.member_id == by.pk else acceptance.refused).append(change)
    return found


def _still_movable(moves: Sequence[Move], proposal: Proposal) -> set[UUID]:
    """Those whose meetings are still flexible as they were for the run, not pinned since, not under way, and whose
    guests' calendars are all known."""
    flexible = flexibility.covered([move.event for move in moves], until=proposal.created_at)
    unknown = attendees.unknown(moves)
    indexes = [meeting_of(move) for move in moves]
    under_way = Move.objects.filter(
        event__meeting_index__in=indexes, state__in=[Move.State.DECIDED, Move.State.UNDOING]
    ).values_list("event__meeting_index", flat=True)
    pinned = Pin.objects.filter(meeting_index__in=indexes).values_list("meeting_index", flat=True)
    held = {bytes(index) for index in (*under_way, *pinned)} | unknown
    return {move.pk for move in moves if move.event_id in flexible and meeting_of(move) not in held}


def _is_fresh(move: Move, around: Surroundings, at: datetime, freeze: timedelta) -> bool:
    """The event is still what was planned for, nothing froze meanwhile, and everybody is still free there."""
    event = move.event
    unchanged = event.etag == move.etag and (event.start, event.end) == old_place(move)
    if not unchanged or is_frozen(move.old_start, at, freeze) or is_frozen(move.start, at, freeze):
        return False
    connected = event.calendar.connection.state == GoogleConnection.State.ACTIVE
    return bool(connected and around.is_free(move, new_place(move)))


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


def _decide_holds(changes: Sequence[HoldChange], acceptance: Acceptance, by: Member, at: datetime) -> None:
    """After the moves, whose old places holds may take."""
    places = hold_places.look(changes, at=at)
    decision = hold_writes.decide(places.free, by=by, at=at)
    for change in places.taken:
        change.state = HoldChange.State.STALE
    HoldChange.objects.bulk_update(places.taken, ["state"])
    acceptance.accepted += decision.decided
    acceptance.stale += [*decision.stale, *places.taken, *places.waiting]


def _moves(rows: Iterable[Move | HoldChange]) -> list[Move]:
    return [row for row in rows if isinstance(row, Move)]


def _close_when_decided(proposal: Proposal, by: Member, at: datetime) -> None:
    """Others may still decide what is theirs; the last decision closes it."""
    states = {
        state for rows in (proposal.moves, proposal.hold_changes) for state in rows.values_list("state", flat=True)
    }
    if Move.State.PROPOSED in states:
        return
    nothing_done = states == {Move.State.LEFT_OUT}
    proposal.state = Proposal.State.DISMISSED if nothing_done else Proposal.State.ACCEPTED
    proposal.decided_at, proposal.decided_by = at, by
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
