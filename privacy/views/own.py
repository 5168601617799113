"""A person's own privacy page: what is stored, who has seen it, what is left out, export, choices, leaving."""

from typing import Any
from uuid import UUID

from django.contrib import auth
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from clockwise import clock
from clockwise.audit.events import EVENTS
from clockwise.audit.models import AuditEntry
from clockwise.organizations import console, names, plans, standing
from clockwise.organizations.models import Member
from clockwise.organizations.plans import Feature
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required
from privacy import choices, erasure, exclusions, export, processing
from privacy.models import CalendarExclusion, DataExport, Purge

# Entries that tell that somebody else has looked at or decided about a person's data.
LOOKS = (
    "privacy.export_requested",
    "privacy.export_downloaded",
    "privacy.erasure_requested",
    "staff.looked",
    "staff.decrypted",
    "member.role_changed",
    "access.ended",
    "access.restored",
)


@require_GET
@member_required
def show(request: MemberRequest) -> HttpResponse:
    return _page(request)


@require_POST
@member_required
@confirmed_recently
def ask_for_export(request: MemberRequest) -> HttpResponse:
    export.request(request.member, by=request.member)
    console.leave_note(request, "Your export is being made. It appears here within a minute.")
    return redirect("privacy")


@require_GET
@member_required
def fetch_export(request: MemberRequest, token: str) -> HttpResponse:
    try:
        made, content = export.open_link(token, by=request.member)
    except export.LinkRefused:
        raise Http404 from None
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="clockwise-{made.requested_at:%Y-%m-%d}.zip"'
    return response


@require_POST
@member_required
def leave_out(request: MemberRequest) -> HttpResponse:
    """A calendar of one's own. What is stored of it goes at once; it can be let in again at any time."""
    known = {str(calendar.row_id): calendar for calendar in exclusions.known(request.member.pk)}
    picked = known.get(request.POST.get("calendar", ""))
    if picked is None:
        return _page(request, problem="Choose one of your calendars.")
    kind, facts = CalendarExclusion.Kind.CALENDAR, picked.facts
    try:
        exclusions.add(kind, facts.google_id, by=request.member, member=request.member, name=facts.title)
    except exclusions.BadPattern as bad:
        return _page(request, problem=str(bad))
    console.leave_note(request, "Left out. What was stored of it is being erased.")
    return redirect("privacy")


@require_POST
@member_required
def let_in(request: MemberRequest, exclusion_id: UUID) -> HttpResponse:
    """One's own rule alone; an admin's stays."""
    exclusion = get_object_or_404(CalendarExclusion, pk=exclusion_id, member=request.member)
    exclusions.remove(exclusion, by=request.member)
    console.leave_note(request, "It is read anew.")
    return redirect("privacy")


@require_POST
@member_required
def choose(request: MemberRequest) -> HttpResponse:
    allowed = set(request.POST.getlist("allow"))
    for asked in choices.ASKED:
        choices.choose(request.member, asked.use, allowed=asked.use in allowed)
    console.leave_note(request, "Saved, and kept as a record.")
    return redirect("privacy")


@require_POST
@member_required
@confirmed_recently
def leave(request: MemberRequest) -> HttpResponse:
    """Everything about the person goes, without a way back."""
    try:
        erasure.request(request.member, typed=request.POST.get("confirm", ""), by=request.member)
    except (erasure.NotConfirmed, standing.LastOwner) as refused:
        return _page(request, problem=str(refused))
    auth.logout(request)
    response = redirect("dashboard")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _page(request: MemberRequest, *, problem: str = "") -> HttpResponse:
    member = request.member
    wanted = processing.wanted()
    mine = DataExport.objects.filter(requested_by=member.pk, member=member, expires_at__gt=clock.now())
    context: dict[str, Any] = {
        "counts": export.counts(member.pk),
        "parts": [(part.label, wanted[part.name]) for part in processing.PARTS],
        "looks": _looks(member),
        "calendars": exclusions.known(member.pk),
        "left_out": exclusions.of_member(member),
        "rules": len(exclusions.of_organization()),
        "purges": Purge.objects.filter(member_id=member.pk).order_by("-requested_at")[:5],
        "can_exclude": plans.has(Feature.CALENDAR_EXCLUSIONS),
        "choices": [(asked, choices.allows(member.pk, asked.use)) for asked in choices.ASKED],
        "exports": [(made, export.link_token(made)) for made in mine.defer("bundle").order_by("-requested_at")],
        "address": member.details.address,
        "problem": problem,
    }
    return console.page(request, "privacy/own.html", context, status=422 if problem else 200)


def _looks(member: Member) -> list[dict[str, Any]]:
    """What others did with the person's data, by name where the other is still here."""
    others = AuditEntry.objects.filter(target_id=member.pk, action__in=LOOKS).exclude(actor_id=member.pk)
    entries = list(others.order_by("-at", "-pk")[:50])
    known = names.of({entry.actor_id for entry in entries if entry.actor_id})
    return [
        {
            "at": entry.at,
            "what": EVENTS[entry.action],
            "who": known.get(entry.actor_id, "Clockwise") if entry.actor_id else "Clockwise",
        }
        for entry in entries
    ]
