"""A member's Google calendars: what is wrong, which are read, whom Google mails, the end of the connection."""

from contextlib import suppress

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from calendars import connections
from calendars.models import OutboxWrite
from calendars.sync import calendar_list
from clockwise.audit.record import record
from clockwise.organizations import console
from clockwise.organizations.requests import MemberRequest, ids_in, member_required
from scheduling.models import Preferences
from scheduling.pages import calendars as page
from scheduling.pages.member import zone_of_member


@require_GET
@member_required
def show(request: MemberRequest) -> HttpResponse:
    left_out, left_out_count = page.left_out_of(request.member)
    shown = {
        "zone": zone_of_member(request.member),
        "connection": page.connection_of(request.member),
        "rows": page.rows_of(request.member),
        "left_out": left_out,
        "left_out_count": left_out_count,
        "notices": page.notices_of(request.member),
    }
    return console.page(request, "scheduling/calendars.html", shown)


@require_POST
@member_required
def choose(request: MemberRequest) -> HttpResponse:
    ticked, shown = (ids_in(request.POST.getlist(name)) for name in ("calendar", "shown"))
    chosen = calendar_list.choose(request.member.pk, ticked, among=shown)
    if changed := [*chosen.begun, *chosen.left]:
        counts = {"begun": len(chosen.begun), "left": len(chosen.left)}
        record("calendar.chosen", by=request.member.pk, target=request.member, **counts)
        connections.sync_soon(changed[0].connection_id)
        gone = "What was stored of the calendars that you unticked is gone." if chosen.left else ""
        console.leave_note(request, f"Saved. {gone}".strip())
    return redirect("calendars")


@require_POST
@member_required
def choose_notices(request: MemberRequest) -> HttpResponse:
    choice = request.POST.get("notices", "")
    if choice in OutboxWrite.Notices.values:
        Preferences.objects.update_or_create(member=request.member, defaults={"guest_notices": choice})
        console.leave_note(request, "Saved. It holds for the next meeting of yours that moves.")
    return redirect("calendars")


@require_POST
@member_required
def disconnect(request: MemberRequest) -> HttpResponse:
    with suppress(connections.NotConnected):
        connections.disconnect_soon(request.member.pk)
        console.leave_note(request, "Disconnected. Focus time, lunches and blocks ahead are being taken away.")
    return redirect("calendars")
