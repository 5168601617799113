"""Names and photos of the Workspace directory: an admin lets them be read, a member looks at one."""

from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from calendars import directory_people, tasks
from clockwise.organizations import console
from clockwise.organizations.requests import MemberRequest, confirmed_recently, member_required
from clockwise.tenancy import messages


@require_POST
@member_required
@confirmed_recently
def choose(request: MemberRequest) -> HttpResponse:
    if request.POST.get("show") != "yes":
        directory_people.hide(by=request.member)
        console.leave_note(request, "Names and photos of the directory are erased, and read no more.")
    elif directory_people.show(by=request.member):
        transaction.on_commit(lambda: messages.wake(tasks.refresh_directory_people))
        console.leave_note(request, "Names and photos come within minutes.")
    return redirect("organization-domains")


@require_GET
@member_required
def photo(request: MemberRequest, directory_person_id: UUID) -> HttpResponse:
    found = directory_people.photo(request.member, directory_person_id)
    if found is None:
        raise Http404
    return HttpResponse(found.content, content_type=found.content_type)
