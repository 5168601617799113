"""An admin's consent to look into the Workspace directory: given at Google, taken back here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from clockwise.organizations import console, directory
from clockwise.organizations.requests import MemberRequest, member_required
from clockwise.organizations.views import google
from clockwise.rate_limit import client_address, limited
from clockwise.tenancy.middleware import calls_outside


@require_GET
@calls_outside
@limited(google.LIMIT, client_address)
def connect(request: HttpRequest) -> HttpResponse:
    return google.ask_for_directory(request)


@require_POST
@member_required
def stop(request: MemberRequest) -> HttpResponse:
    directory.stop(by=request.member, reason="admin")
    console.leave_note(request, "The directory is no longer looked into.")
    return redirect("organization-domains")
