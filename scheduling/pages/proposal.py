"""The card of the latest proposal, as far as it concerns the member who looks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from calendars.models import Event
from clockwise.organizations.models import Member
from scheduling import colleague_names, explanations, proposals, run_requests, undo
from scheduling.hours import local_date, monday_of
from scheduling.models import HoldChange, Move, OptimizationRun, Proposal, Stay
from scheduling.pages.kinds import HOLD_KINDS, day_and_span, day_and_time
from scheduling.summary import Moved
from scheduling.week import ChangeRow, ChangeState, Everybody, PersonGain, ProposalCard, ProposalStatus, StayRow

# A decided proposal stays in view as long as it can be undone.
SHOWN_AFTER_DECISION = timedelta(hours=24)
RULES = (
    "Everyone on a moved meeting is free at the new time, optional guests too.",
    "Nobody meets outside their meeting hours, in their own time zone.",
    "Nothing that starts within the organization's freeze moves, and nothing moves there.",
    "Only meetings that somebody entitled made flexible move, in their range.",
    "Nobody loses more than an hour of focus time in a week.",
)
STATES: dict[str, ChangeState] = {
    "proposed": "proposed",
    "decided": "waiting",
    "applied": "written",
    "stale": "stale",
    "failed": "failed",
    "left out": "left_out",
    "undoing": "undoing",
    "undone": "undone",
}
FAILURES = {
    "conditionNotMet": "Somebody changed the event meanwhile; their change stands.",
    "access_ended": "The calendar is no longer connected.",
}


# What a plan lacks, by the run's word for it.
LEFT_OUT = {
    "part_failed": "Some calendars could not be weighed this time. The people they belong to keep their week as it is.",
    "part_late": "Some calendars took too long to weigh. The people they belong to keep their week as it is.",
    "part_cut_short": "The machine was busy, so the search ended early. A later run may find more.",
}


@dataclass(frozen=True)
class Shown:
    """The card, and the rows behind it that the week draws."""

    card: ProposalCard
    moves: tuple[Move, ...] = ()
    hold_changes: tuple[HoldChange, ...] = ()

    @property
    def moved_times(self) -> Moved:
        return {bytes(move.event.meeting_index): (move.start, move.end) for move in self.moves}


def shown_proposal(viewer: Member, *, now: datetime, zone: ZoneInfo, week: date) -> Shown | None:
    """A run under way before the latest proposal; nothing when there is neither. `week`: the Monday shown."""
    either = Q(only_holds_of=None) | Q(only_holds_of=viewer)
    run = OptimizationRun.objects.filter(either).order_by("-created_at", "-id").first()
    if run is not None and (card := _run_card(run, now)):
        return Shown(card)
    proposal = proposals.of_interest_to(viewer).exclude(state=Proposal.State.SUPERSEDED).first()
    if proposal is None or _is_over(proposal, now):
        return None
    return _of(proposal, viewer, now=now, zone=zone, week=week)


def _run_card(run: OptimizationRun, now: datetime) -> ProposalCard | None:
    if run.state == OptimizationRun.State.FAILED:
        return ProposalCard(id=run.pk, status="failed", problem="The optimizer could not finish. Nothing has moved.")
    if run.state == OptimizationRun.State.DONE:
        return None
    if now - run.created_at > run_requests.PATIENCE:
        return ProposalCard(id=run.pk, status="failed", problem="The optimizer took too long. Nothing has moved.")
    return ProposalCard(id=run.pk, status="running")


def _is_over(proposal: Proposal, now: datetime) -> bool:
    return proposal.decided_at is not None and now - proposal.decided_at > SHOWN_AFTER_DECISION


def _of(proposal: Proposal, viewer: Member, *, now: datetime, zone: ZoneInfo, week: date) -> Shown:
    own = {bytes(event.meeting_index): event for event in _own_events(proposal, viewer)}
    moves = tuple(_moves(proposal, list(own)))
    may_decide = proposals.may_decide_moves(moves, by=viewer)
    holds = tuple(proposal.hold_changes.filter(member=viewer).order_by("start", "id"))
    names = colleague_names.shown_to(viewer, {UUID(key) for move in moves for key in move.reason.by_person})
    rows = [
        _move_row(
            move, own[bytes(move.event.meeting_index)], viewer, names, now, zone, may_decide=move.pk in may_decide
        )
        for move in moves
    ]
    hold_rows = [_hold_row(change, now, zone) for change in holds]
    card = ProposalCard(
        id=proposal.pk,
        status=_status(proposal, moves, holds, may_decide),
        week=week,
        gain_minutes=sum(move.reason.focus_minutes for move in moves if move.state != Move.State.STALE),
        conflicts_solved=sum(move.reason.conflicts_solved for move in moves if move.state != Move.State.STALE),
        people_affected=len({member_id for move in moves for member_id in move.reason.by_person}),
        moves=tuple(rows),
        hold_changes=tuple(hold_rows),
        stays=tuple(_stays(proposal, viewer)),
        rules=RULES,
        bound=explanations.bound_sentence(proposal),
        left_out=LEFT_OUT.get(proposal.run.problem, ""),
        progress=_progress([*moves, *holds]),
        can_undo=any(row.can_undo for row in (*rows, *hold_rows)),
        everybody=_everybody(proposal, now) if viewer.is_administrator else None,
    )
    return Shown(card, moves, holds)


def _everybody(proposal: Proposal, now: datetime) -> Everybody | None:
    """What is still to decide about or, once decided, to undo; None when there is nothing."""
    moves = proposal.moves.filter(state=Move.State.PROPOSED)
    holds = proposal.hold_changes.filter(state=Move.State.PROPOSED)
    if proposal.state == Proposal.State.OPEN and (moves.exists() or holds.exists()):
        attending = Event.objects.filter(meeting_index__in=moves.values("event__meeting_index")).values("member")
        people = attending.union(holds.values("member")).count()
        return Everybody(moves.count(), holds.count(), people)
    undoable_moves = _undoable(proposal.moves.filter(state=Move.State.APPLIED), now)
    undoable_holds = _undoable(proposal.hold_changes.filter(state=HoldChange.State.APPLIED), now)
    if not undoable_moves + undoable_holds:
        return None
    return Everybody(undoable_moves, undoable_holds, people=0, can_undo=True)


def _undoable(rows: Iterable[Move] | Iterable[HoldChange], now: datetime) -> int:
    return sum(undo.is_possible(row, at=now) for row in rows)


def _moves(proposal: Proposal, meetings: list[bytes]) -> Iterable[Move]:
    moves = proposal.moves.filter(event__meeting_index__in=meetings)
    return moves.select_related("event", "event__calendar", "event__member").order_by("start", "id")


def _own_events(proposal: Proposal, viewer: Member) -> Iterable[Event]:
    moved = Move.objects.filter(proposal=proposal).values("event__meeting_index")
    return Event.objects.filter(member=viewer, meeting_index__in=moved)


def _move_row(
    move: Move, own: Event, viewer: Member, names: dict[UUID, str], now: datetime, zone: ZoneInfo, *, may_decide: bool
) -> ChangeRow:
    gain = move.reason.focus_minutes
    solved = move.reason.conflicts_solved
    return ChangeRow(
        id=move.pk,
        title=own.details.title or "(no title)",
        kind="flex",
        week=monday_of(local_date(move.start, zone)),
        old_label=day_and_time(move.old_start, zone),
        new_label=day_and_span(move.start, move.end, zone),
        reason=explanations.move_sentence(move, viewer=viewer),
        tag="conflict solved" if solved else f"+{gain} min focus" if gain > 0 else "",
        tone="warn" if solved else "good",
        focus_minutes=gain,
        conflicts=solved,
        by_person=tuple(
            PersonGain(names[UUID(member_id)], round(minutes))
            for member_id, minutes in sorted(move.reason.by_person.items(), key=lambda item: -item[1])
            if UUID(member_id) in names
        ),
        may_decide=may_decide,
        decider="" if may_decide else "The organizer",
        checked=may_decide,
        state=STATES[move.state],
        failure=_failure(move),
        can_undo=may_decide and undo.is_possible(move, at=now),
    )


def _hold_row(change: HoldChange, now: datetime, zone: ZoneInfo) -> ChangeRow:
    goes, comes = change.action == HoldChange.Action.DELETE, change.action == HoldChange.Action.CREATE
    old = change.start if goes else change.old_start
    return ChangeRow(
        id=change.pk,
        title=change.get_kind_display().capitalize(),
        kind=HOLD_KINDS[change.kind],
        week=monday_of(local_date(change.start, zone)),
        old_label="" if comes or old is None else day_and_time(old, zone),
        new_label="" if goes else day_and_span(change.start, change.end, zone),
        reason="",
        state=STATES[change.state],
        failure=_failure(change),
        can_undo=undo.is_possible(change, at=now),
    )


def _failure(change: Move | HoldChange) -> str:
    if change.state not in (Move.State.FAILED, Move.State.STALE):
        return ""
    return FAILURES.get(change.problem, "Google refused the change.")


def _status(
    proposal: Proposal, moves: tuple[Move, ...], holds: tuple[HoldChange, ...], may_decide: set[UUID]
) -> ProposalStatus:
    own = {move.state for move in moves if move.pk in may_decide} | {change.state for change in holds}
    if proposal.state == Proposal.State.DISMISSED or own == {Move.State.LEFT_OUT}:
        return "dismissed"
    states = {row.state for row in (*moves, *holds)}
    if states & {Move.State.DECIDED, Move.State.UNDOING}:
        return "applying"
    if Move.State.PROPOSED in states and proposal.state == Proposal.State.OPEN:
        return "open"
    if states and states <= {Move.State.STALE}:
        return "stale"
    if Move.State.UNDONE in states and Move.State.APPLIED not in states:
        return "undone"
    if states & {Move.State.APPLIED, Move.State.FAILED}:
        return "applied"
    return "open" if proposal.state == Proposal.State.OPEN else "applied"


def _progress(rows: list[Move | HoldChange]) -> int | None:
    decided = [row for row in rows if row.state not in (Move.State.PROPOSED, Move.State.LEFT_OUT)]
    if not decided:
        return None
    done = sum(row.state not in (Move.State.DECIDED, Move.State.UNDOING) for row in decided)
    return done * 100 // len(decided)


def _stays(proposal: Proposal, viewer: Member) -> Iterable[StayRow]:
    """Flexible meetings of the viewer that stay, under the title of the viewer's own copy."""
    stays = {bytes(stay.event.meeting_index): stay for stay in _all_stays(proposal)}
    own = Event.objects.filter(member=viewer, meeting_index__in=list(stays)).order_by("start", "id")
    for event in own:
        stay = stays[bytes(event.meeting_index)]
        yield StayRow(event.details.title or "(no title)", explanations.stay_sentence(stay, viewer=viewer))


def _all_stays(proposal: Proposal) -> Iterable[Stay]:
    return proposal.stays.select_related("event")
