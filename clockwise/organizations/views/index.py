"""Where the console begins: the first section that the member may open."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from clockwise.organizations import console
from clockwise.organizations.requests import MemberRequest, member_required


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    open_to_them = console.sections_for(request.member)
    if not open_to_them:
        raise Http404
    return redirect(open_to_them[0].url_name)
