"""Asking for a proposal, and deciding about it."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from clockwise.organizations.requests import MemberRequest, ids_in, member_required
from scheduling import proposals, run_requests, undo
from scheduling.models import HoldChange, Move, Proposal
from scheduling.views.week import after_change
from scheduling.week import Toast


@require_POST
@member_required
def optimize(request: MemberRequest) -> HttpResponse:
    run_requests.ask(by=request.member)
    return after_change(request)


@require_POST
@member_required
def accept(request: MemberRequest, proposal_id: UUID) -> HttpResponse:
    """What is ticked or, where an administrator asks for `everybody`, all that waits for a decision."""
    proposal = get_object_or_404(Proposal, pk=proposal_id)
    everybody = request.POST.get("everybody") == "1"
    try:
        acceptance = proposals.accept(
            proposal,
            by=request.member,
            moves=None if everybody else ids_in(request.POST.getlist("move")),
            hold_changes=None if everybody else ids_in(request.POST.getlist("hold")),
        )
    except proposals.ProposalClosed as closed:
        return after_change(request, Toast(str(closed)))
    undo_url = reverse("proposal-undo", args=[proposal.pk]) + ("?everybody=1" if everybody else "")
    return after_change(request, Toast(_outcome(acceptance), undo_url=undo_url if acceptance.accepted else ""))


def _outcome(acceptance: proposals.Acceptance) -> str:
    count, left_out = len(acceptance.accepted), len(acceptance.stale)
    text = f"{count or 'No'} change{'' if count == 1 else 's'} on the way to Google"
    return f"{text}; {left_out} left out, since the calendar isn't as planned for any more" if left_out else text


@require_POST
@member_required
def dismiss(request: MemberRequest, proposal_id: UUID) -> HttpResponse:
    proposal = get_object_or_404(Proposal, pk=proposal_id)
    return _decided(request, proposals.dismiss, proposal, "Proposal dismissed")


@require_POST
@member_required
def restore(request: MemberRequest, proposal_id: UUID) -> HttpResponse:
    proposal = get_object_or_404(Proposal, pk=proposal_id)
    return _decided(request, proposals.restore, proposal, "Proposal restored")


@require_POST
@member_required
def undo_proposal(request: MemberRequest, proposal_id: UUID) -> HttpResponse:
    proposal = get_object_or_404(Proposal, pk=proposal_id)
    everybody = "1" in (request.POST.get("everybody"), request.GET.get("everybody"))
    take_back = partial(undo.proposal, everybody=everybody and request.member.is_administrator)
    return _decided(request, take_back, proposal, "Going back to the old times")


@require_POST
@member_required
def undo_change(request: MemberRequest, change_id: UUID) -> HttpResponse:
    row = Move.objects.filter(pk=change_id).first() or get_object_or_404(HoldChange, pk=change_id)
    return _decided(request, undo.change, row, "Going back to the old time")


def _decided(request: MemberRequest, verb: Callable[..., None], target: object, said: str) -> HttpResponse:
    """Carry out a decision; a refusal is said in a toast and changes nothing."""
    try:
        verb(target, by=request.member)
    except (proposals.ProposalClosed, undo.UndoRefused) as refused:
        return after_change(request, Toast(str(refused)))
    return after_change(request, Toast(said))
