"""How often a signed-in person, their programs, and the address that they come from may ask.

SCIM, the way in and Google's signals have limits of their own.
"""

import math
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from clockwise.audit.record import record
from clockwise.organizations import sessions, tokens
from clockwise.organizations.lookups import MemberReference
from clockwise.rate_limit import Limit, client_address, wait_seconds
from clockwise.tenancy import current

View = Callable[..., HttpResponse]

BURST_SECONDS = 20
# Refusals are for people who took a wrong turn: three a burst of sixty requests, and one in ten seconds thereafter.
_REFUSALS_SHARE = 1 / 200
_REFUSALS_BURST_SECONDS = 3
# A burst of requests that must wait leaves one entry in the audit log, however many they are.
TOLD = Limit("told to wait", per_second=1 / 600, burst=1)


class PaceMiddleware:
    """Stands before the organization's transaction: who asks too often costs no statement of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        member = _named_by(request)
        if member is None:
            return None
        wait = wait_seconds(_of_member(), str(member.member_id)) or wait_seconds(_of_address(), client_address(request))
        if not wait:
            return None
        with current.organization(member.organization_id):
            return slow_down(request, view, member.member_id, wait)


def wait_after_refusal(member_id: UUID) -> float:
    """Count a refusal of the member's. 0, or the seconds to wait where there were too many to write each down."""
    return wait_seconds(_of_refusals(), str(member_id))


def slow_down(request: HttpRequest, view: View, member_id: UUID, wait: float) -> HttpResponse:
    """429 (RFC 6585) in the form that the caller understands. Inside the member's organization."""
    seconds = math.ceil(wait)
    if not wait_seconds(TOLD, str(member_id)):
        record("member.slowed_down", by=member_id, address=request.resolver_match.view_name, seconds=seconds)  # type: ignore[union-attr]
    headers = {"Retry-After": str(seconds)}
    if hasattr(view, "cls"):  # Django REST framework's
        detail = f"Too many requests. Wait {seconds} s, and keep to {_of_member().per_second:g} a second."
        return JsonResponse({"detail": detail}, status=429, headers=headers)
    answer: HttpResponse = render(request, "429.html", {"seconds": seconds}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _named_by(request: HttpRequest) -> MemberReference | None:
    """Whom the request's token or session names; whether it still holds is asked later."""
    if "Authorization" in request.headers:
        return tokens.reference_of(request)
    organization_id, member_id = sessions.organization_of_request(request), request.session.get(SESSION_KEY)
    return MemberReference(organization_id, UUID(member_id)) if organization_id and member_id else None


def _of_member() -> Limit:
    rate = settings.REQUESTS_PER_SECOND["member"]
    return Limit("member", per_second=rate, burst=rate * BURST_SECONDS)


def _of_address() -> Limit:
    rate = settings.REQUESTS_PER_SECOND["address"]
    return Limit("address", per_second=rate, burst=rate * BURST_SECONDS)


def _of_refusals() -> Limit:
    rate = settings.REQUESTS_PER_SECOND["member"]
    return Limit("refusals", per_second=rate * _REFUSALS_SHARE, burst=rate * _REFUSALS_BURST_SECONDS)
