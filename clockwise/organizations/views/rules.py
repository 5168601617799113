"""The organization's rules, with a place to try the keyword lists before they are saved."""

from typing import Any
from zoneinfo import available_timezones

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from clockwise.organizations import console, plans, rules
from clockwise.organizations.models import Organization
from clockwise.organizations.plans import Feature
from clockwise.organizations.requests import MemberRequest, member_required
from clockwise.organizations.rules import Wanted
from clockwise.organizations.titles import Reader

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
LISTS = (
    ("away", "Out of office", "Somebody's own event with one of these words takes its time from their working hours."),
    ("holiday", "Holidays", "An all-day event with one of these words takes the day of who hasn't declined it."),
    ("not_away", "Never a day off", "These win over both lists: “PTO report” is a meeting."),
    ("lunch", "Lunch", "An event with one of these words stands in for the lunch of that day."),
)


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    if request.method == "GET":
        return _page(request, _stored(request))
    wanted = _wanted(request)
    try:
        changed = rules.save(wanted, by=request.member)
    except rules.BadRules as bad:
        return _page(request, wanted, problems=bad.problems)
    console.leave_note(request, "Saved. The next run uses them." if changed else "Nothing was different.")
    return redirect("organization-rules")


@require_POST
@member_required
def try_title(request: MemberRequest) -> HttpResponse:
    """What a title would be taken for under the lists as they stand in the form, saved or not."""
    wanted = _wanted(request)
    title = request.POST.get("title", "")[:200]
    context: dict[str, Any] = {"title": title, "all_day": request.POST.get("all_day") == "yes"}
    try:
        context["verdict"] = Reader(rules.keywords_of(wanted)).read(title, all_day=context["all_day"])
    except rules.BadRules as bad:
        context["problem"] = str(bad)
    if request.htmx:
        return render(request, "organizations/_verdict.html", context)
    return _page(request, wanted, status=200, **context)


def _page(
    request: MemberRequest,
    wanted: Wanted,
    *,
    problems: dict[str, str] | None = None,
    status: int | None = None,
    **extra: Any,
) -> HttpResponse:
    problems = problems or {}
    context = {
        "wanted": wanted,
        "problems": problems,
        "days": [(str(number), name, str(number) in wanted.run_days) for number, name in enumerate(DAYS)],
        "lists": [(name, label, use, getattr(wanted, name), problems.get(name, "")) for name, label, use in LISTS],
        "has_daily_run": plans.has(Feature.ORGANIZATION_RUN),
        "zones": sorted(available_timezones()),
        **extra,
    }
    return console.page(request, "organizations/rules.html", context, status=status or (422 if problems else 200))


def _stored(request: MemberRequest) -> Wanted:
    saved = rules.current()
    organization = Organization.objects.get(pk=request.member.organization_id)
    words = saved.keywords
    return Wanted(
        time_zone=organization.time_zone,
        run_enabled=saved.run_enabled,
        run_time=f"{saved.run_minute // 60:02d}:{saved.run_minute % 60:02d}",
        run_days=tuple(str(day) for day in saved.run_days),
        freeze_hours=str(saved.freeze_hours),
        weeks_ahead=str(saved.weeks_ahead),
        away="\n".join(words.away),
        holiday="\n".join(words.holiday),
        not_away="\n".join(words.not_away),
        lunch="\n".join(words.lunch),
    )


def _wanted(request: MemberRequest) -> Wanted:
    post = request.POST
    return Wanted(
        time_zone=post.get("time_zone", ""),
        run_enabled=post.get("run_enabled") == "yes",
        run_time=post.get("run_time", ""),
        run_days=tuple(post.getlist("run_days")),
        freeze_hours=post.get("freeze_hours", ""),
        weeks_ahead=post.get("weeks_ahead", ""),
        away=post.get("away", ""),
        holiday=post.get("holiday", ""),
        not_away=post.get("not_away", ""),
        lunch=post.get("lunch", ""),
    )
