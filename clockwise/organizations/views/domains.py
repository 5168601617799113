"""Domains of the organization."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from clockwise.organizations import console, domains
from clockwise.organizations.models import DirectoryWatch, Domain, Member
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    if request.method == "GET":
        return _index(request)
    try:
        domains.add(request.POST.get("domain", ""), by=request.member)
    except domains.BadDomain as bad:
        return _index(request, problem=str(bad))
    console.leave_note(request, "The domain is added. Accounts of it join when they sign in.")
    return redirect("organization-domains")


@require_POST
@member_required
@confirmed_recently
def remove(request: MemberRequest, domain_id: UUID) -> HttpResponse:
    domain = get_object_or_404(Domain, pk=domain_id)
    if request.POST.get("confirm", "").strip().casefold() != domain.details.domain:
        return _index(request, problem=f"To remove {domain.details.domain}, type its name.")
    try:
        domains.remove(domain, by=request.member)
    except domains.BadDomain as bad:
        return _index(request, problem=str(bad))
    console.leave_note(request, "The domain is removed. Its members stay.")
    return redirect("organization-domains")


def _index(request: MemberRequest, *, problem: str = "") -> HttpResponse:
    addresses = [member.details.address for member in Member.objects.filter(is_active=True)]
    found = sorted(Domain.objects.all(), key=lambda domain: domain.details.domain)
    rows = [
        (domain.pk, domain.details.domain, sum(a.endswith(f"@{domain.details.domain}") for a in addresses))
        for domain in found
    ]
    watch = DirectoryWatch.objects.select_related("member").first()
    context = {"rows": rows, "problem": problem, "typed": request.POST.get("domain", ""), "watch": watch}
    return console.page(request, "organizations/domains.html", context, status=422 if problem else 200)
