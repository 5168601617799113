"""What of an event is processed: an overview, and each switch with what it would erase or fetch."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods

from clockwise.organizations import console, plans
from clockwise.organizations.plans import Feature
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required
from privacy import exclusions, processing
from privacy.models import PrivacyRequest, Purge

ERASE, FETCH = "erase", "fetch"


@require_GET
@member_required
def overview(request: MemberRequest) -> HttpResponse:
    wanted = processing.wanted()
    context = {
        "parts": [(part, wanted[part.name]) for part in processing.PARTS],
        "locked": not plans.has(Feature.PROCESSING_SETTINGS),
        "rules": len(exclusions.of_organization()),
        "open_requests": PrivacyRequest.objects.filter(closed_at=None).count(),
        "purges": Purge.objects.order_by("-requested_at", "-id")[:10],
    }
    return console.page(request, "privacy/overview.html", context)


@require_http_methods(["GET", "POST"])
@member_required
@confirmed_recently
def switch(request: MemberRequest, part: str) -> HttpResponse:
    """Shows what the switch does first; carries it out once the word is typed."""
    found = next((each for each in processing.PARTS if each.name == part), None)
    if found is None:
        raise Http404
    is_in = processing.wanted()[part]
    word = ERASE if is_in else FETCH
    context: dict[str, Any] = {
        "part": found,
        "is_in": is_in,
        "word": word,
        "stored": processing.stored(part) if is_in else 0,
        "locked": not plans.has(Feature.PROCESSING_SETTINGS),
    }
    if request.method == "GET":
        return console.page(request, "privacy/processing_switch.html", context)
    if request.POST.get("confirm", "").strip().casefold() != word:
        context["problem"] = f"Nothing is changed. To go on, type {word}."
        return console.page(request, "privacy/processing_switch.html", context, status=422)
    if is_in:
        purge = processing.shut_out(part, by=request.member.pk)
        console.leave_note(request, f"{found.label} are never asked for again.")
        return redirect("organization-privacy-proof", purge_id=purge.pk) if purge else redirect("organization-privacy")
    processing.let_in(part, by=request.member.pk)
    console.leave_note(request, f"{found.label} are read with the next synchronization.")
    return redirect("organization-privacy")


@require_GET
@member_required
def proof(request: MemberRequest, purge_id: UUID) -> HttpResponse:
    """Counts and times of an erasure, and nothing else."""
    purge = get_object_or_404(Purge, pk=purge_id)
    template = "privacy/_proof.html" if request.htmx else "privacy/proof.html"
    return console.page(request, template, {"purge": purge})
