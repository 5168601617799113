"""People of the organization: found, given roles, deactivated."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from clockwise.organizations import console, standing
from clockwise.organizations.models import Member, TeamMembership
from clockwise.organizations.requests import MemberRequest, confirmed_recently, ids_in, member_required
from clockwise.organizations.roles import Role

PAGE = 50
STATUSES = {"": "Everybody", "active": "Active", "invited": "Invited", "inactive": "Deactivated"}


@dataclass(frozen=True)
class Row:
    member_id: UUID
    name: str
    address: str
    role: str
    status: str
    signed_in_at: datetime | None
    synced_at: datetime | None


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    wanted = {key: request.GET.get(key, "").strip() for key in ("q", "status", "role")}
    found = [member for member in Member.objects.all() if _matches(member, wanted)]
    found.sort(key=lambda member: (member.details.name.casefold(), member.details.address))
    shown = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": _rows(list(shown)),
        "page_of": shown,
        "wanted": wanted,
        "statuses": STATUSES,
        "roles": Role.choices,
        "total": Member.objects.count(),
    }
    return console.page(request, "organizations/members.html", context)


@require_GET
@member_required
def show(request: MemberRequest, member_id: UUID) -> HttpResponse:
    return _show(request, get_object_or_404(Member, pk=member_id))


@require_POST
@member_required
@confirmed_recently
def set_role(request: MemberRequest, member_id: UUID) -> HttpResponse:
    member = get_object_or_404(Member, pk=member_id)
    role = request.POST.get("role", "")
    if role not in Role.values:
        return _show(request, member, problem="Choose one of the roles.")
    try:
        standing.change_role(member, Role(role), by=request.member)
    except (standing.LastOwner, standing.NotAllowed) as refused:
        return _show(request, member, problem=str(refused))
    console.leave_note(request, f"{member.details.name} is {Role(role).label.lower()} now.")
    return redirect("organization-member", member_id=member.pk)


@require_POST
@member_required
def deactivate(request: MemberRequest) -> HttpResponse:
    """First shows whom it concerns and what ends; with `confirmed` it does it."""
    chosen = ids_in(request.POST.getlist("member"))
    people = sorted(Member.objects.filter(pk__in=chosen, is_active=True), key=lambda member: member.details.name)
    context = {"people": [_row(member, None) for member in people], "yourself": request.member.pk in chosen}
    if not people or request.POST.get("confirmed") != "yes":
        status = 200 if people else 422
        return console.page(request, "organizations/members_deactivate.html", context, status=status)
    try:
        count = standing.deactivate(people, by=request.member)
    except (standing.LastOwner, standing.NotAllowed) as refused:
        context["problem"] = str(refused)
        return console.page(request, "organizations/members_deactivate.html", context, status=422)
    console.leave_note(request, f"{count} {'person is' if count == 1 else 'people are'} deactivated.")
    return redirect("organization-members")


@require_POST
@member_required
def reactivate(request: MemberRequest, member_id: UUID) -> HttpResponse:
    member = get_object_or_404(Member, pk=member_id)
    try:
        standing.reactivate(member, by=request.member)
    except standing.NotAllowed as refused:
        return _show(request, member, problem=str(refused))
    console.leave_note(request, f"{member.details.name} may sign in again.")
    return redirect("organization-member", member_id=member.pk)


def _show(request: MemberRequest, member: Member, *, problem: str = "") -> HttpResponse:
    teams = TeamMembership.objects.filter(member=member).select_related("team")
    context = {
        "person": _row(member, standing.last_synced([member.pk]).get(member.pk)),
        "roles": Role.choices,
        "teams": sorted(membership.team.details.name for membership in teams),
        "is_self": member.pk == request.member.pk,
        "problem": problem,
    }
    return console.page(request, "organizations/member.html", context, status=422 if problem else 200)


def _matches(member: Member, wanted: dict[str, str]) -> bool:
    words = f"{member.details.name} {member.details.address}".casefold()
    return (
        all(word in words for word in wanted["q"].casefold().split())
        and wanted["status"] in ("", _status(member))
        and wanted["role"] in ("", member.role)
    )


def _rows(members: list[Member]) -> list[Row]:
    synced = standing.last_synced([member.pk for member in members])
    return [_row(member, synced.get(member.pk)) for member in members]


def _row(member: Member, synced_at: datetime | None) -> Row:
    return Row(
        member_id=member.pk,
        name=member.details.name,
        address=member.details.address,
        role=member.role,
        status=_status(member),
        signed_in_at=member.signed_in_at,
        synced_at=synced_at,
    )


def _status(member: Member) -> str:
    if not member.is_active:
        return "inactive"
    return "active" if member.signed_in_at else "invited"
