"""The pages of the operator's staff. The guard has let in only who is registered and has valid papers."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clockwise.organizations import console
from clockwise.organizations.models import Member
from clockwise.organizations.requests import MemberRequest, confirmed_recently, id_in
from clockwise.tenancy import current
from clockwise.tenancy.middleware import calls_outside
from privacy import staff_access
from privacy.staff_access import BadAccess, NoConsent, NoSuchTable

View = Callable[..., HttpResponse]


def between_organizations(view: View) -> View:
    """For views that work in another organization than the session's: they open each one's transactions themselves."""

    @wraps(view)
    @never_cache
    def guarded(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member = request.user
        assert isinstance(member, Member)  # noqa: S101 - the guard has let in a signed-in member; this narrows the type
        request.member = member
        try:
            return view(request, *args, **kwargs)
        except NoConsent:
            return _page(request, "privacy/staff/no_consent.html", {}, status=403)
        except NoSuchTable:
            raise Http404 from None

    return calls_outside(guarded)


@require_http_methods(["GET", "POST"])
@between_organizations
@confirmed_recently
def index(request: MemberRequest) -> HttpResponse:
    """What this person asked for, and the form to ask."""
    problem = ""
    if request.method == "POST":
        try:
            staff_access.ask(
                request.member,
                domain=request.POST.get("domain", ""),
                reason=request.POST.get("reason", ""),
                minutes=_minutes(request.POST.get("minutes", "")),
                wants_words=request.POST.get("words") == "yes",
            )
        except BadAccess as bad:
            problem = str(bad)
        else:
            console.leave_note(request, "Asked. Nothing is shown until the organization allows it.")
            return redirect("staff")
    context = {"errands": staff_access.errands(request.member), "problem": problem, "typed": request.POST}
    return _page(request, "privacy/staff/index.html", context, status=422 if problem else 200)


@require_GET
@between_organizations
def show(request: MemberRequest, staff_access_id: UUID) -> HttpResponse:
    with staff_access.looking(request.member, staff_access_id) as access:
        context = {"access": access, "reason": access.details.reason, "tables": staff_access.tables()}
    return _page(request, "privacy/staff/access.html", context)


@require_GET
@between_organizations
def table(request: MemberRequest, staff_access_id: UUID, table: str) -> HttpResponse:
    before = request.GET.get("before", "")
    with staff_access.looking(request.member, staff_access_id) as access:
        page = staff_access.rows(access, table, before=id_in(before))
    return _page(request, "privacy/staff/table.html", {"access": access, "page_of": page})


@require_POST
@between_organizations
@confirmed_recently
def open_row(request: MemberRequest, staff_access_id: UUID, table: str, row_id: UUID) -> HttpResponse:
    with staff_access.looking(request.member, staff_access_id, words=True) as access:
        row = staff_access.open_row(access, table, row_id)
    if row is None:
        raise Http404
    return _page(request, "privacy/staff/row.html", {"access": access, "row": row, "table": table})


@require_POST
@between_organizations
def close(request: MemberRequest, staff_access_id: UUID) -> HttpResponse:
    with staff_access.looking(request.member, staff_access_id) as access:
        staff_access.close(access, by=request.member.pk)
    console.leave_note(request, "The access is closed.")
    return redirect("staff")


def _page(request: MemberRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The frame names the staff member, whose words only their own organization opens."""
    with current.organization(request.member.organization_id):
        return console.page(request, template, context, status=status)


def _minutes(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
