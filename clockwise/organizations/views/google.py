"""The trip to Google and back: sign in, and connect calendars in the same trip."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from clockwise import clock
from clockwise.google import oauth
from clockwise.google.configuration import configured
from clockwise.google.errors import GoogleError
from clockwise.google.id_token import Identity, IdTokenRefused, verify
from clockwise.organizations import grants, signin
from clockwise.organizations.models import Member
from clockwise.organizations.signin import SignInRefused
from clockwise.tenancy import current
from clockwise.tenancy.middleware import calls_outside

TRIP = "google_trip"


@require_GET
@never_cache
@calls_outside
def sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to Google. `?connect=calendar` asks for the calendar scopes too; `?consent=1` asks anew."""
    if not (settings.GOOGLE["GOOGLE_CLIENT_ID"] and settings.GOOGLE["GOOGLE_CLIENT_SECRET"]):
        return explain(request, "not_configured", status=503)
    connect = request.GET.get("connect") == "calendar"
    trip = oauth.begin(
        settings=configured(),
        redirect_uri=callback_url(),
        scopes=oauth.IDENTITY_SCOPES + (oauth.CALENDAR_SCOPES if connect else ()),
        offline=connect,
        consent=connect and request.GET.get("consent") == "1",
    )
    request.session[TRIP] = {**asdict(trip), "connect": connect}
    return HttpResponseRedirect(trip.url)


@require_GET
@never_cache
@calls_outside
def callback(request: HttpRequest) -> HttpResponse:
    """Where Google sends the browser back to. The trip is good for one answer in the session that began it."""
    kept = request.session.pop(TRIP, None)
    if kept is None:
        return explain(request, "trip_unknown", status=400)
    connect = kept.pop("connect")
    trip = oauth.AuthorizationTrip(**kept)
    try:
        grant = oauth.finish(
            trip, request.GET.dict(), settings=configured(), redirect_uri=callback_url(), now=clock.now()
        )
        identity = verify(grant.id_token, settings=configured(), nonce=trip.nonce, now=clock.now())
        reference = signin.reference_for(identity)
    except oauth.ConsentRefused:
        return explain(request, "refused", status=403)
    except (oauth.AuthorizationTampered, IdTokenRefused):
        return explain(request, "tampered", status=400)
    except SignInRefused as refused:
        return explain(request, refused.reason, status=403)
    except GoogleError:
        return explain(request, "unavailable", status=503)
    with current.organization(reference.organization_id):
        return _arrive(request, Member.objects.get(pk=reference.member_id), identity, grant, connect=connect)


def _arrive(
    request: HttpRequest, member: Member, identity: Identity, grant: oauth.Grant, *, connect: bool
) -> HttpResponse:
    """Open the session and hand a calendar grant to whom it concerns, in the organization's transaction."""
    try:
        signin.open_session(request, member)
    except SignInRefused as refused:
        return explain(request, refused.reason, status=403)
    if connect and oauth.covers_calendars(grant) and not grants.take(member, grant):
        # Google gives a refresh token only when consent is asked for, and we hold none.
        return redirect(f"{reverse('sign-in')}?connect=calendar&consent=1")
    return redirect("dashboard")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    response = redirect("dashboard")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def callback_url() -> str:
    return f"{settings.CLOCKWISE_BASE_URL}{reverse('google-callback')}"


def explain(request: HttpRequest, reason: str, *, status: int) -> HttpResponse:
    context: dict[str, Any] = {"reason": reason}
    return render(request, "organizations/sign_in_problem.html", context, status=status)
