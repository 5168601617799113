"""Teams of the organization."""

from uuid import UUID

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clockwise.organizations import console, plans, teams
from clockwise.organizations.models import Member, Team, TeamMembership
from clockwise.organizations.plans import Feature
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        try:
            team = teams.create(request.POST.get("name", ""), by=request.member)
        except teams.BadTeam as bad:
            problem = str(bad)
        else:
            return redirect("organization-team", team_id=team.pk)
    counted = Team.objects.annotate(size=Count("memberships"))
    context = {
        "teams": sorted(counted, key=lambda team: team.details.name.casefold()),
        "problem": problem,
        "name": request.POST.get("name", ""),
        "locked": not plans.has(Feature.TEAMS),
    }
    return console.page(request, "organizations/teams.html", context, status=422 if problem else 200)


@require_GET
@member_required
def show(request: MemberRequest, team_id: UUID) -> HttpResponse:
    return _show(request, get_object_or_404(Team, pk=team_id))


@require_POST
@member_required
def change(request: MemberRequest, team_id: UUID) -> HttpResponse:
    team = get_object_or_404(Team, pk=team_id)
    known = {str(pk): pk for pk in Member.objects.values_list("pk", flat=True)}
    chosen = [known[text] for text in request.POST.getlist("member") if text in known]
    try:
        teams.change(team, name=request.POST.get("name", ""), member_ids=chosen, by=request.member)
    except teams.BadTeam as bad:
        return _show(request, team, problem=str(bad))
    console.leave_note(request, "The team is saved.")
    return redirect("organization-team", team_id=team.pk)


@require_POST
@member_required
@confirmed_recently
def delete(request: MemberRequest, team_id: UUID) -> HttpResponse:
    team = get_object_or_404(Team, pk=team_id)
    if request.POST.get("confirm", "").strip().casefold() != team.details.name.casefold():
        return _show(request, team, problem="To delete the team, type its name.")
    teams.delete(team, by=request.member)
    console.leave_note(request, "The team is deleted. Its people stay.")
    return redirect("organization-teams")


def _show(request: MemberRequest, team: Team, *, problem: str = "") -> HttpResponse:
    inside = set(TeamMembership.objects.filter(team=team).values_list("member_id", flat=True))
    people = sorted(Member.objects.filter(is_active=True), key=lambda member: member.details.name.casefold())
    context = {
        "team": team,
        "people": [(member.pk, member.details.name, member.pk in inside) for member in people],
        "problem": problem,
        "locked": not plans.has(Feature.TEAMS),
    }
    return console.page(request, "organizations/team.html", context, status=422 if problem else 200)
