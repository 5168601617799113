"""How long things are kept, with how much a shorter time would delete."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from clockwise.organizations import console, plans
from clockwise.organizations.plans import Feature
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required
from privacy import retention


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """A new number of days is first shown with what it deletes; with `confirmed` it counts."""
    context: dict[str, Any] = {
        "kept": [(found, retention.days_of(found)) for found in retention.all_of_them()],
        "locked": not plans.has(Feature.RETENTION_SETTINGS),
    }
    if request.method == "GET":
        return console.page(request, "privacy/retention.html", context)
    name, days = request.POST.get("name", ""), request.POST.get("days", "")
    try:
        number = int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else -1
        context |= {"name": name, "days": days, "gone": retention.preview(name, number)}
        context["label"] = next(found.label for found, _ in context["kept"] if found.name == name)
        if request.POST.get("confirmed") != "yes":
            return console.page(request, "privacy/retention_confirm.html", context)
        return _choose(request, name, number)
    except retention.BadRetention as bad:
        context["problem"] = str(bad)
        return console.page(request, "privacy/retention.html", context, status=422)


@confirmed_recently
def _choose(request: MemberRequest, name: str, days: int) -> HttpResponse:
    gone = retention.choose(name, days, by=request.member.pk)
    console.leave_note(request, f"Kept for {days} days from now on. {gone} rows are deleted.")
    return redirect("organization-privacy-retention")
