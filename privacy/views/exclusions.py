"""Calendars that an admin leaves out for the whole organization."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from clockwise.organizations import console, plans
from clockwise.organizations.plans import Feature
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required
from privacy import exclusions
from privacy.models import CalendarExclusion, Purge

KINDS = (
    (CalendarExclusion.Kind.CALENDAR, "One calendar, by its address"),
    (CalendarExclusion.Kind.OWNER, "All calendars that a person owns, by their address"),
    (CalendarExclusion.Kind.ADDRESS_PATTERN, "Addresses like (with * and ?)"),
    (CalendarExclusion.Kind.NAME_PATTERN, "Names like (with * and ?)"),
)


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """A new rule is first shown with what it would erase; with `confirmed` it is made."""
    context = _context(request)
    if request.method == "GET":
        return console.page(request, "privacy/exclusions.html", context)
    try:
        context["affected"] = exclusions.affected(context["kind"], context["text"])
        if request.POST.get("confirmed") == "yes":
            return _add(request, context)
    except exclusions.BadPattern as bad:
        context["problem"] = str(bad)
        return console.page(request, "privacy/exclusions.html", context, status=422)
    context["people"] = len({calendar.member_id for calendar in context["affected"]})
    context["primaries"] = sum(calendar.is_primary for calendar in context["affected"])
    return console.page(request, "privacy/exclusion_confirm.html", context)


@require_POST
@member_required
@confirmed_recently
def remove(request: MemberRequest, exclusion_id: UUID) -> HttpResponse:
    exclusion = get_object_or_404(CalendarExclusion, pk=exclusion_id, member=None)
    exclusions.remove(exclusion, by=request.member)
    console.leave_note(request, "The rule is taken back. Its calendars are read anew.")
    return redirect("organization-privacy-exclusions")


def _add(request: MemberRequest, context: dict[str, Any]) -> HttpResponse:
    exclusion = exclusions.add(context["kind"], context["text"], by=request.member)
    purge = Purge.objects.filter(cause_id=exclusion.pk).order_by("requested_at").last()
    console.leave_note(request, "The rule holds from now on.")
    if purge is None:
        return redirect("organization-privacy-exclusions")
    return redirect("organization-privacy-proof", purge_id=purge.pk)


def _context(request: MemberRequest) -> dict[str, Any]:
    labels = dict(KINDS)
    return {
        "rules": [(rule, labels[CalendarExclusion.Kind(rule.kind)]) for rule in exclusions.of_organization()],
        "kinds": KINDS,
        "kind": request.POST.get("kind", CalendarExclusion.Kind.CALENDAR),
        "text": request.POST.get("text", ""),
        "locked": not plans.has(Feature.CALENDAR_EXCLUSIONS),
    }
