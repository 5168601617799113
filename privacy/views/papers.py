"""Where the operator's staff see their papers and sign policies. Others find nothing here."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from clockwise.organizations import console
from clockwise.organizations.requests import MemberRequest, member_required
from privacy import legal, staff


@require_http_methods(["GET", "POST"])
@member_required
def show(request: MemberRequest) -> HttpResponse:
    person = staff.of(request.member)
    if person is None:
        raise Http404
    if request.method == "POST":
        policy = next((each for each in staff.POLICIES if each.name == request.POST.get("policy")), None)
        if policy is None:
            raise Http404
        try:
            staff.sign(person, policy, request.POST.get("sha256", ""))
        except staff.NotStaff as refused:
            console.leave_note(request, str(refused))
        else:
            console.leave_note(request, f"{policy.title}: acknowledged for a year, or until its text changes.")
        return redirect("papers")
    held = staff.papers(person)
    valid = {paper.name: paper for paper in held}
    context = {
        "papers": held,
        "policies": [(each, legal.digest(each), valid[each.name].is_valid) for each in staff.POLICIES],
        "may_work": all(paper.is_valid for paper in held),
    }
    return console.page(request, "privacy/staff/papers.html", context)
