"""An admin takes the consent to look into the Workspace directory back."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from clockwise.organizations import console, directory
from clockwise.organizations.requests import MemberRequest, member_required


@require_POST
@member_required
def stop(request: MemberRequest) -> HttpResponse:
    directory.stop(by=request.member, reason="admin")
    console.leave_note(request, "The directory is no longer looked into.")
    return redirect("organization-domains")
