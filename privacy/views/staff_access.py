"""Where an organization's admins decide whether the operator's staff may look, and see what they looked at."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from clockwise.audit.models import AuditEntry
from clockwise.organizations import console, names
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required
from privacy import staff_access
from privacy.models import StaffAccess
from privacy.staff_access import BadAccess

SEEN = ("staff.looked", "staff.decrypted")
MOST = 50


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    return _page(request)


@require_POST
@member_required
@confirmed_recently
def grant(request: MemberRequest, staff_access_id: UUID) -> HttpResponse:
    access = get_object_or_404(StaffAccess, pk=staff_access_id)
    words = request.POST.get("words") == "yes"
    if words and request.POST.get("confirm", "").strip().casefold() != "allow":
        return _page(request, problem="Nothing is allowed yet. Type allow to let words be read.")
    try:
        access = staff_access.grant(access.pk, by=request.member, words=words)
    except BadAccess as bad:
        return _page(request, problem=str(bad))
    console.leave_note(request, f"Allowed until {access.expires_at:%H:%M} UTC. You can take it back at any time.")
    return redirect("organization-staff-access")


@require_POST
@member_required
def refuse(request: MemberRequest, staff_access_id: UUID) -> HttpResponse:
    access = get_object_or_404(StaffAccess, pk=staff_access_id)
    try:
        staff_access.refuse(access.pk, by=request.member)
    except BadAccess as bad:
        return _page(request, problem=str(bad))
    console.leave_note(request, "Refused. Nothing was shown.")
    return redirect("organization-staff-access")


@require_POST
@member_required
def withdraw(request: MemberRequest, staff_access_id: UUID) -> HttpResponse:
    access = get_object_or_404(StaffAccess, pk=staff_access_id)
    try:
        staff_access.withdraw(access.pk, by=request.member)
    except BadAccess as bad:
        return _page(request, problem=str(bad))
    console.leave_note(request, "Taken back. Nothing more is shown.")
    return redirect("organization-staff-access")


def _page(request: MemberRequest, *, problem: str = "") -> HttpResponse:
    rows = list(StaffAccess.objects.order_by("-asked_at", "-pk")[:MOST])
    staff = staff_access.names(frozenset(row.staff_id for row in rows))
    looks = AuditEntry.objects.filter(actor_id__in=list(staff), action__in=SEEN).order_by("-pk")[:MOST]
    deciders = names.of({row.decided_by for row in rows if row.decided_by})
    is_over = [row for row in rows if row.state not in (StaffAccess.State.ASKED, StaffAccess.State.GRANTED)]
    context = {
        "asked": [row for row in rows if row.state == StaffAccess.State.ASKED],
        "current": [row for row in rows if row.state == StaffAccess.State.GRANTED],
        "past": [(row, deciders.get(row.decided_by) if row.decided_by else "") for row in is_over],
        "looks": [(look, staff[look.actor_id], look.body.facts) for look in looks if look.actor_id],
        "problem": problem,
    }
    return console.page(request, "privacy/staff_access.html", context, status=422 if problem else 200)
