"""The dashboard: the member's week, or the landing page for everybody else."""

from dataclasses import asdict, replace
from datetime import date
from typing import get_args
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from calendars import wake_ups
from clockwise.organizations.requests import MemberRequest, member_of
from clockwise.organizations.viewer import viewer
from scheduling.pages.week import week_page
from scheduling.week import Toast, View

# What a form has done, kept for the page that a plain browser opens next.
TOAST = "toast"


@require_GET
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    if member is None:
        missing = [name for name in ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET") if not settings.GOOGLE[name]]
        return render(request, "organizations/landing.html", {"missing_settings": missing})
    request.member = member  # type: ignore[attr-defined]
    wake_ups.note_visit(member.pk)
    left = None if request.headers.get("HX-Request") else request.session.pop(TOAST, None)
    return show_week(request, Toast(**left) if left else None)  # type: ignore[arg-type]


def show_week(request: MemberRequest, toast: Toast | None = None) -> HttpResponse:
    """The week that the request names, as a page or, for htmx, as its part."""
    shown = request.POST if request.method == "POST" else request.GET
    page = week_page(
        request.member,
        week=_date(shown.get("week")),
        view=_view(shown.get("view")),
        selected=_date(request.GET.get("day")),
    )
    template = "scheduling/_calendar.html" if request.htmx else "scheduling/dashboard.html"
    context = {"page": replace(page, toast=toast), "viewer": viewer(request.member)}
    response = render(request, template, context)
    response["Vary"] = "HX-Request"
    return response


def after_change(request: MemberRequest, toast: Toast | None = None) -> HttpResponse:
    """Where a form leads: htmx gets the calendar anew, a plain browser the page, which then says the same."""
    if request.htmx:
        return show_week(request, toast)
    if toast:
        request.session[TOAST] = asdict(toast)
    week, view = _date(request.POST.get("week")), _view(request.POST.get("view"))
    shown = {name: str(value) for name, value in (("week", week), ("view", view)) if value}
    return redirect(f"{reverse('dashboard')}?{urlencode(shown)}" if shown else "dashboard")


def _date(text: str | None) -> date | None:
    """A date of the calendar that people may look at; anything else means today."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


def _view(text: str | None) -> View | None:
    return text if text in get_args(View) else None  # type: ignore[return-value]
