"""Stored proposals, and what people do about them."""

from datetime import UTC, datetime, timedelta

from calendars import delivery
from clockwise.organizations.models import Member
from scheduling import flexibility, proposals
from scheduling.models import Hold, HoldChange, Move, MoveReason, OptimizationRun, Proposal
from tests.company import MONDAY, SUNDAY_NOON, Company

TUESDAY = MONDAY + timedelta(days=1)
NEW = datetime(2027, 3, 2, 13, tzinfo=UTC)


def propose(company: Company, *moves: tuple[str, datetime], holds: tuple[tuple[str, datetime], ...] = ()) -> Proposal:
    """A stored proposal: meetings that Ada organizes to new starts, and new holds by name."""
    with company.inside():
        run = OptimizationRun.objects.create(
            first_day=MONDAY, horizon_start=SUNDAY_NOON, horizon_end=SUNDAY_NOON, created_at=SUNDAY_NOON
        )
        proposal = Proposal.objects.create(
            run=run, plan_hash="h", engine_status="feasible", score_before=0, score=1, created_at=SUNDAY_NOON
        )
        for google_id, start in moves:
            event = company.event("ada", google_id)
            flexibility.make_flexible(event, by=company.member("ada"))
            Move.objects.create(
                proposal=proposal,
                event=event,
                etag=event.etag,
                old_start=event.start,
                old_end=event.end,
                start=start,
                end=start + (event.end - event.start),
                gain=1,
                reason=MoveReason(),
            )
        for name, start in holds:
            HoldChange.objects.create(
                proposal=proposal,
                member_id=company.ids[name],
                action=HoldChange.Action.CREATE,
                kind=Hold.Kind.FOCUS,
                start=start,
                end=start + timedelta(hours=2),
            )
    return proposal


def accept(company: Company, proposal: Proposal, name: str = "ada", **chosen: object) -> proposals.Acceptance:
    with company.inside():
        return proposals.accept(proposal, by=company.member(name), **chosen)  # type: ignore[arg-type]


def deliver(company: Company) -> None:
    with company.acting():
        while writes := delivery.claim():
            delivery.perform(writes)


def move_of(company: Company, proposal: Proposal) -> Move:
    with company.inside():
        return Move.objects.get(proposal=proposal)


def make_member_of(company: Company, name: str, role: str) -> None:
    with company.inside():
        Member.objects.filter(pk=company.ids[name]).update(role=role)


def accepted_hold(company: Company) -> Hold:
    company.sync()
    accept(company, propose(company, holds=(("ada", NEW),)))
    deliver(company)
    company.sync()
    with company.inside():
        return Hold.objects.get()
