"""Privacy requests and breaches with their clocks; and one person's data, for an admin who answers them."""

from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from clockwise import clock
from clockwise.organizations import console, standing
from clockwise.organizations.models import Member
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required
from privacy import clocks, erasure, export
from privacy.models import DataExport, Erasure, PrivacyRequest


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        try:
            clocks.open_request(
                request.POST.get("kind", ""),
                subject=request.POST.get("subject", ""),
                note=request.POST.get("note", ""),
                received_at=_instant(request.POST.get("received", "")),
                by=request.member.pk,
            )
        except clocks.BadRequest as bad:
            problem = str(bad)
        else:
            console.leave_note(request, "Written down. The clock runs from when it was received.")
            return redirect("organization-privacy-requests")
    at = clock.now()
    rows = PrivacyRequest.objects.order_by("closed_at", "due_at")
    context = {
        "rows": [(row, (row.due_at - at).days, row.due_at < at) for row in rows.order_by("due_at")],
        "kinds": PrivacyRequest.Kind.choices,
        "problem": problem,
        "typed": request.POST,
        "erasures": Erasure.objects.order_by("-requested_at")[:20],
    }
    return console.page(request, "privacy/requests.html", context, status=422 if problem else 200)


@require_POST
@member_required
def close(request: MemberRequest, privacy_request_id: UUID) -> HttpResponse:
    clocks.close(get_object_or_404(PrivacyRequest, pk=privacy_request_id), by=request.member)
    console.leave_note(request, "Answered.")
    return redirect("organization-privacy-requests")


@require_http_methods(["GET", "POST"])
@member_required
def person(request: MemberRequest, member_id: UUID) -> HttpResponse:
    """What is stored about a person, in numbers; an admin may have it exported or erased, not read it here."""
    member = get_object_or_404(Member, pk=member_id)
    return _act(request, member) if request.method == "POST" else _person(request, member)


@confirmed_recently
def _act(request: MemberRequest, member: Member) -> HttpResponse:
    if request.POST.get("act") == "export":
        export.request(member, by=request.member)
        console.leave_note(request, "The export is being made. It appears here within a minute.")
        return redirect("organization-privacy-person", member_id=member.pk)
    try:
        erasure.request(member, typed=request.POST.get("confirm", ""), by=request.member)
    except (erasure.NotConfirmed, standing.LastOwner, standing.NotAllowed) as refused:
        return _person(request, member, problem=str(refused))
    console.leave_note(request, "Access has ended. Everything else goes within a minute.")
    return redirect("organization-privacy-requests")


def _person(request: MemberRequest, member: Member, *, problem: str = "") -> HttpResponse:
    mine = DataExport.objects.filter(member=member, requested_by=request.member.pk, expires_at__gt=clock.now())
    context = {
        "person": member,
        "counts": export.counts(member.pk),
        "exports": [(made, export.link_token(made)) for made in mine.defer("bundle").order_by("-requested_at")],
        "problem": problem,
    }
    return console.page(request, "privacy/person.html", context, status=422 if problem else 200)


def _instant(text: str) -> datetime | None:
    """A form's local date and time, taken as UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
