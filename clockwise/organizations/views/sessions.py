"""The person's signed-in browsers: seen, and ended one by one."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from clockwise.audit.record import record
from clockwise.organizations import console, reasons, sessions
from clockwise.organizations.models import BrowserSession
from clockwise.organizations.requests import MemberRequest, member_required


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    this = sessions.of_request(request)
    rows = [
        {"session": session, "is_this": this is not None and session.pk == this.pk}
        for session in sessions.open_sessions(request.member)
    ]
    ended = reasons.explain(request.member.access_ended_reason)
    return console.page(
        request, "organizations/sessions.html", {"rows": rows, "ended": ended, "member": request.member}
    )


@require_POST
@member_required
def end(request: MemberRequest, session_id: UUID) -> HttpResponse:
    session = get_object_or_404(BrowserSession, pk=session_id, member=request.member)
    if session.ended_at is None:
        sessions.end(session)
        record("session.revoked", by=request.member.pk, target=session)
        console.leave_note(request, "That browser is signed out.")
    return redirect("sessions")


@require_POST
@member_required
def end_others(request: MemberRequest) -> HttpResponse:
    for session in sessions.end_all(request.member, but=sessions.of_request(request)):
        record("session.revoked", by=request.member.pk, target=session)
    console.leave_note(request, "All other browsers are signed out.")
    return redirect("sessions")
