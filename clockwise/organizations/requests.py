"""Requests of a signed-in member."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from clockwise.organizations.models import Member


class MemberRequest(HttpRequest):
    """What `member_required` hands to a view: `member` is the signed-in person."""

    member: Member
    htmx: Any


def member_of(request: HttpRequest) -> Member | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, Member) else None


def member_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Anybody else is sent to the landing page; an htmx request, whose answer replaces a part, as a whole page."""

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member = member_of(request)
        if member is None:
            return to_landing(request)
        request.member = member  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return guarded


def to_landing(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=200)
        response["HX-Redirect"] = "/"
        return response
    answer: HttpResponseRedirect = redirect("dashboard")
    return answer
