"""What the organization's plan has, and what it doesn't."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clockwise.organizations import console
from clockwise.organizations.models import Member, Organization
from clockwise.organizations.plans import Feature, Plan, allows, least_plan
from clockwise.organizations.requests import MemberRequest, member_required


@require_GET
@member_required
def show(request: MemberRequest) -> HttpResponse:
    organization = Organization.objects.get(pk=request.member.organization_id)
    in_force = organization.plan_in_force
    context = {
        "plan": in_force,
        "booked": Plan(organization.plan),
        "ends_at": organization.plan_ends_at,
        "has_run_out": in_force != organization.plan,
        "features": [(feature.label, allows(in_force, feature), least_plan(feature).label) for feature in Feature],
        "table": [(feature.label, [allows(plan, feature) for plan in Plan]) for feature in Feature],
        "plans": Plan,
        "people": Member.objects.filter(is_active=True).count(),
    }
    return console.page(request, "organizations/plan.html", context)
