"""A member's personal calendars: link one, take it off."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from clockwise.organizations.requests import MemberRequest, member_required
from clockwise.organizations.viewer import viewer
from scheduling.models import PersonalCalendar
from scheduling.pages import personal as page
from scheduling.pages.member import zone_of_member
from scheduling.personal import links
from scheduling.personal.fetch import FetchFailed


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    problem, status = "", 200
    if request.method == "POST":
        problem = _link(request)
        if not problem:
            return redirect("personal-calendars")
        status = 400
    shown = {
        "viewer": viewer(request.member),
        "zone": zone_of_member(request.member),
        "rows": page.rows_of(request.member),
        "choices": PersonalCalendar.Shows.values,
        "problem": problem,
    }
    return render(request, "scheduling/personal_calendars.html", shown, status=status)


@require_POST
@member_required
def unlink(request: MemberRequest, personal_calendar_id: UUID) -> HttpResponse:
    mine = PersonalCalendar.objects.filter(member=request.member, unlinked_at=None)
    links.unlink(get_object_or_404(mine.select_for_update(), pk=personal_calendar_id), by=request.member)
    return redirect("personal-calendars")


def _link(request: MemberRequest) -> str:
    """What went wrong, for the page; empty if it is linked."""
    try:
        links.link(
            request.member,
            address=request.POST.get("address", ""),
            shows=request.POST.get("shows", PersonalCalendar.Shows.BUSY),
        )
    except FetchFailed as failure:
        return page.explained(failure.reason)
    except links.TooMany:
        return f"You can link up to {links.MOST} personal calendars. Take one off first."
    except ValueError as refused:
        return str(refused)
    return ""
