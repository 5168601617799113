"""One event: its dialog or page, and whether it may move."""

from dataclasses import replace
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from calendars.models import Event
from clockwise.organizations.requests import MemberRequest, member_required
from clockwise.organizations.viewer import viewer
from scheduling import flexibility
from scheduling.pages.event import event_sheet


@require_GET
@member_required
def show(request: MemberRequest, event_id: UUID) -> HttpResponse:
    return _sheet(request, _own_event(request, event_id))


@require_POST
@member_required
def make_flexible(request: MemberRequest, event_id: UUID) -> HttpResponse:
    event = _own_event(request, event_id)
    try:
        flexibility.make_flexible(
            event,
            by=request.member,
            series=request.POST.get("series") == "1",
            range=request.POST.get("range", "week"),
            window=flexibility.parse_window(request.POST.get("window_start", ""), request.POST.get("window_end", "")),
        )
    except flexibility.NotPermittedToMove as refused:
        return _sheet(request, event, error=str(refused), status=403)
    except ValueError as refused:
        return _sheet(request, event, error=str(refused), status=422)
    return _changed(request, event)


@require_POST
@member_required
def make_fixed(request: MemberRequest, event_id: UUID) -> HttpResponse:
    event = _own_event(request, event_id)
    try:
        flexibility.make_fixed(event, by=request.member)
    except flexibility.NotPermittedToMove as refused:
        return _sheet(request, event, error=str(refused), status=403)
    return _changed(request, event)


def _own_event(request: MemberRequest, event_id: UUID) -> Event:
    """An event of the member's own calendar; anybody else's doesn't exist here."""
    return get_object_or_404(Event, pk=event_id, member=request.member)


def _changed(request: MemberRequest, event: Event) -> HttpResponse:
    if not request.htmx:
        return redirect("event", event.pk)
    response = _sheet(request, event)
    response["HX-Trigger"] = "calendar-changed"
    return response


def _sheet(request: MemberRequest, event: Event, *, error: str = "", status: int = 200) -> HttpResponse:
    sheet = replace(event_sheet(event, viewer=request.member), error=error)
    template = "scheduling/_event.html" if request.htmx else "scheduling/event.html"
    response = render(request, template, {"sheet": sheet, "viewer": viewer(request.member)}, status=status)
    response["Vary"] = "HX-Request"
    return response
