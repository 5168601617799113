"""Refuses whom the table of roles doesn't admit, before any view runs (`settings.TENANT_GUARD`)."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render

from clockwise.audit.record import record
from clockwise.organizations import pace, tokens
from clockwise.organizations.models import Member
from clockwise.organizations.requests import member_of, to_landing
from clockwise.organizations.roles import ENDPOINTS, Caller

logger = logging.getLogger(__name__)
Recognizer = Callable[[HttpRequest], Caller | None]
View = Callable[..., HttpResponse]
_recognizers: list[Recognizer] = []


def recognizes(recognizer: Recognizer) -> Recognizer:
    """Apps register how they know a caller who is no member (an identity provider, the operator's staff)."""
    _recognizers.append(recognizer)
    return recognizer


def refusal(request: HttpRequest, view: View) -> HttpResponse | None:
    """The answer to a caller whom the table doesn't admit, or who asks too often; None for any other.

    Runs inside the transaction of the organization that the request names, if it names one.
    """
    member = _member_behind(request)
    if member is not None and (wait := pace.wait_of(request, member.pk)):
        return pace.slow_down(request, view, member.pk, wait)
    name = request.resolver_match.view_name if request.resolver_match else ""
    endpoint = ENDPOINTS.get(name)
    if endpoint is None:
        logger.error("An address without a line in the table of roles is denied: %s", name or request.resolver_match)
        return _forbidden(request, view)
    allowed = endpoint.allowed(request.method or "")
    if allowed is None:
        # SCIM says 405 in its own form.
        return None if getattr(view, "refuses_methods", False) else HttpResponseNotAllowed(endpoint.methods)
    if Caller.ANONYMOUS in allowed:
        return None
    caller = caller_of(request)
    if caller in allowed:
        return None
    return _unknown(request, view) if caller is Caller.ANONYMOUS else _forbidden(request, view)


def caller_of(request: HttpRequest) -> Caller:
    for recognize in _recognizers:
        if (caller := recognize(request)) is not None:
            return caller
    member = _member_behind(request)
    return Caller(member.role) if member else Caller.ANONYMOUS


def _unknown(request: HttpRequest, view: View) -> HttpResponse:
    if not _is_for_programs(view):
        return to_landing(request)
    return JsonResponse(
        {"detail": "Show a token that is neither unknown, expired nor revoked: Authorization: Bearer cwk_..."},
        status=401,
        headers={"WWW-Authenticate": tokens.CHALLENGE},
    )


def _forbidden(request: HttpRequest, view: View) -> HttpResponse:
    """A member who is refused is written down; anybody else leaves a line in the log."""
    member = _member_behind(request)
    if member is not None and (wait := pace.wait_after_refusal(member.pk)):
        return pace.slow_down(request, view, member.pk, wait)
    if member is not None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        record("role.refused", by=member.pk, target=member, address=name, method=request.method)
    if _is_for_programs(view):
        return JsonResponse({"detail": "The role of this token's member does not allow this."}, status=403)
    return render(request, "403.html", status=403)


def _member_behind(request: HttpRequest) -> Member | None:
    """Where a token is shown, a session doesn't count."""
    if "Authorization" in request.headers:
        token = tokens.token_of(request)
        return token.member if token else None
    return member_of(request)


def _is_for_programs(view: View) -> bool:
    return hasattr(view, "cls")  # what Django REST framework's as_view() leaves on it
