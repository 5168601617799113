"""Requests of a signed-in member."""

import re
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from clockwise.organizations import sessions
from clockwise.organizations.models import Member


class MemberRequest(HttpRequest):
    """What `member_required` hands to a view: `member` is the signed-in person."""

    member: Member
    htmx: Any


def id_in(text: str) -> UUID | None:
    """The id that a form or an address names; None for what is no id, which is nobody's."""
    try:
        return UUID(text)
    except ValueError:
        return None


def ids_in(texts: Iterable[str]) -> set[UUID]:
    return {found for text in texts if (found := id_in(text))}


def member_of(request: HttpRequest) -> Member | None:
    """Whom the browser is signed in as, asked once a request; each request asks the database anew."""
    if not hasattr(request, "_signed_in"):
        user = getattr(request, "user", None)
        signed_in = user if isinstance(user, Member) and sessions.is_alive(request, user) else None
        request._signed_in = signed_in  # type: ignore[attr-defined]
    found: Member | None = request._signed_in  # type: ignore[attr-defined]
    return found


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


def confirmed_recently(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For dangerous acts, below `member_required`: the person must have proved to Google who they are just now.

    Else they go there first, and back to the page that they came from, where they do it again.
    """

    @wraps(view)
    def guarded(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session = sessions.of_request(request)
        if session is not None and sessions.is_fresh(session):
            return view(request, *args, **kwargs)
        confirm = f"{reverse('confirm')}?{urlencode({'ask': 1, 'next': _page_of(request)})}"
        if request.headers.get("HX-Request"):
            response = HttpResponse(status=200)
            response["HX-Redirect"] = confirm
            return response
        return HttpResponseRedirect(confirm)

    return guarded


def own_path(address: str) -> str:
    """The path of an address that is ours, `/` for any other: where a browser is sent is never a stranger's choice."""
    base = urlsplit(settings.CLOCKWISE_BASE_URL)
    if not url_has_allowed_host_and_scheme(address, {base.netloc}, require_https=base.scheme == "https"):
        return "/"
    parts = urlsplit(address)
    path = urlunsplit(("", "", parts.path, parts.query, ""))
    # Two slashes, or a slash and a backslash, at the start would name another host.
    return path if re.match(r"/(?![/\\])", path) else "/"


def _page_of(request: HttpRequest) -> str:
    """The page that a form was sent from; for a page, itself."""
    if request.method == "GET":
        return own_path(request.get_full_path())
    return own_path(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
