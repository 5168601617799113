"""How often a signed-in person, their programs, and the address that they come from may ask.

SCIM, the way in and Google's signals have limits of their own.
"""

import math
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from clockwise.audit.record import record
from clockwise.rate_limit import Limit, client_address, wait_seconds

View = Callable[..., HttpResponse]

BURST_SECONDS = 20
# Of what a role refuses, a person who took a wrong turn asks little: 60 at once by default, and one in ten seconds.
_REFUSALS_SHARE = 1 / 200
_REFUSALS_BURST_SECONDS = 3
# A burst of requests that must wait leaves one entry in the audit log, however many they are.
TOLD = Limit("told to wait", per_second=1 / 600, burst=1)


def wait_of(request: HttpRequest, member_id: UUID) -> float:
    """0: go ahead; else how many seconds too early it is for the member, or for all who come from their address."""
    return wait_seconds(_of_member(), str(member_id)) or wait_seconds(_of_address(), client_address(request))


def wait_after_refusal(member_id: UUID) -> float:
    """Count a refusal of the member's. 0, or the seconds to wait where there were too many to write each down."""
    return wait_seconds(_of_refusals(), str(member_id))


def slow_down(request: HttpRequest, view: View, member_id: UUID, wait: float) -> HttpResponse:
    """429 (RFC 6585) in the form that the caller understands."""
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


def _of_member() -> Limit:
    rate = settings.REQUESTS_PER_SECOND["member"]
    return Limit("member", per_second=rate, burst=rate * BURST_SECONDS)


def _of_address() -> Limit:
    rate = settings.REQUESTS_PER_SECOND["address"]
    return Limit("address", per_second=rate, burst=rate * BURST_SECONDS)


def _of_refusals() -> Limit:
    rate = settings.REQUESTS_PER_SECOND["member"]
    return Limit("refusals", per_second=rate * _REFUSALS_SHARE, burst=rate * _REFUSALS_BURST_SECONDS)
