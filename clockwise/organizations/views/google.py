"""The trip to Google and back: sign in, connect calendars in the same trip, or prove anew who one is (step-up)."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from clockwise import clock
from clockwise.audit.record import record
from clockwise.google import oauth
from clockwise.google.configuration import configured
from clockwise.google.errors import GoogleError
from clockwise.google.id_token import LEEWAY_SECONDS, Identity, IdTokenRefused, verify
from clockwise.organizations import access, directory, grants, lookups, sessions, signin
from clockwise.organizations.models import Member
from clockwise.organizations.reasons import Reason
from clockwise.organizations.requests import member_of, own_path
from clockwise.organizations.roles import ADMINISTRATORS
from clockwise.organizations.signin import SignInRefused
from clockwise.rate_limit import Limit, client_address, limited
from clockwise.tenancy import current
from clockwise.tenancy.middleware import calls_outside

TRIP = "google_trip"
# A trip that is not back by then is begun anew; Google's codes last ten minutes.
TRIP_SECONDS = 15 * 60
# Google asks the person anew unless it has done so just now.
FRESH_SECONDS = 60
# A whole office may share one address and sign in on one morning.
LIMIT = Limit("sign in", per_second=10, burst=300)


@require_GET
@never_cache
@calls_outside
@limited(LIMIT, client_address)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to Google. `?connect=calendar` asks for the calendar scopes too; `?consent=1` asks anew.

    `?access=read` connects without the scope that writes: a calendar that is shown and counted, and never changed.
    """
    if not (settings.GOOGLE["GOOGLE_CLIENT_ID"] and settings.GOOGLE["GOOGLE_CLIENT_SECRET"]):
        return explain(request, "not_configured", status=503)
    connect = request.GET.get("connect") == "calendar"
    calendar_scopes = oauth.READ_ONLY_SCOPES if request.GET.get("access") == "read" else oauth.CALENDAR_SCOPES
    trip = oauth.begin(
        settings=configured(),
        redirect_uri=callback_url(),
        scopes=oauth.IDENTITY_SCOPES + (calendar_scopes if connect else ()),
        offline=connect,
        consent=connect and request.GET.get("consent") == "1",
    )
    return _depart(request, trip, connect=connect)


@require_GET
@never_cache
@calls_outside
@limited(LIMIT, client_address)
def confirm(request: HttpRequest) -> HttpResponse:
    """Send a signed-in person to Google to prove who they are, and back to `next`, a path of ours.

    `?ask=1` shows a page with the link there: a form's answer may not lead to another origin (`form-action 'self'`).
    """
    back = own_path(request.GET.get("next", ""))
    if request.GET.get("ask") == "1":
        go = f"{reverse('confirm')}?{urlencode({'next': back})}"
        return render(request, "organizations/confirm.html", {"go": go, "back": back})
    with current.organization(_organization_of(request)):
        member = member_of(request)
        address = member.details.address if member else ""
    if not address:
        return redirect("dashboard")
    trip = oauth.begin(
        settings=configured(),
        redirect_uri=callback_url(),
        scopes=oauth.IDENTITY_SCOPES,
        login_hint=address,
        max_age=FRESH_SECONDS,
    )
    return _depart(request, trip, confirms=back)


@require_GET
@calls_outside
@limited(LIMIT, client_address)
def ask_for_directory(request: HttpRequest) -> HttpResponse:
    """Send a signed-in admin to Google to consent to a look into the directory."""
    with current.organization(_organization_of(request)):
        member = member_of(request)
        address = member.details.address if member else ""
    trip = oauth.begin(
        settings=configured(),
        redirect_uri=callback_url(),
        scopes=(*oauth.IDENTITY_SCOPES, oauth.DIRECTORY),
        login_hint=address,
        offline=True,
        consent=True,
    )
    return _depart(request, trip, for_directory=True)


def _depart(
    request: HttpRequest,
    trip: oauth.AuthorizationTrip,
    *,
    connect: bool = False,
    confirms: str = "",
    for_directory: bool = False,
) -> HttpResponse:
    request.session[TRIP] = {**asdict(trip), "connect": connect, "confirms": confirms, "directory": for_directory}
    if sessions.BROWSER not in request.session:
        request.session.set_expiry(TRIP_SECONDS)
    return HttpResponseRedirect(trip.url)


@require_GET
@never_cache
@calls_outside
@limited(LIMIT, client_address)
def callback(request: HttpRequest) -> HttpResponse:
    """Where Google sends the browser back to. The trip is good for one answer in the session that began it."""
    kept = request.session.pop(TRIP, None)
    if kept is None:
        return explain(request, "trip_unknown", status=400)
    connect, confirms, for_directory = kept.pop("connect"), kept.pop("confirms"), kept.pop("directory", False)
    trip = oauth.AuthorizationTrip(**kept)
    try:
        grant = oauth.finish(
            trip, request.GET.dict(), settings=configured(), redirect_uri=callback_url(), now=clock.now()
        )
        identity = verify(grant.id_token, settings=configured(), nonce=trip.nonce, now=clock.now())
        if confirms:
            return _confirmed(request, identity, confirms)
        if for_directory:
            return _consented(request, identity, grant)
        reference = signin.reference_for(identity)
    except oauth.ConsentRefused:
        return explain(request, "refused", status=403)
    except (oauth.AuthorizationTampered, IdTokenRefused):
        return explain(request, "tampered", status=400)
    except SignInRefused as refused:
        _note_refusal(identity, refused.reason)
        return explain(request, refused.reason, status=403)
    except GoogleError:
        return explain(request, "unavailable", status=503)
    with current.organization(reference.organization_id):
        return _arrive(request, Member.objects.get(pk=reference.member_id), identity, grant, connect=connect)


def _consented(request: HttpRequest, identity: Identity, grant: oauth.Grant) -> HttpResponse:
    """Only an admin's own account counts. Raises SignInRefused."""
    with current.organization(_organization_of(request)):
        member = member_of(request)
        if member is None or member.role not in ADMINISTRATORS:
            raise SignInRefused("ended_meanwhile")
        if not _is_account_of(member, identity):
            return explain(request, "other_account", status=403)
        if oauth.DIRECTORY not in grant.granted_scopes or not directory.start(member, grant):
            return explain(request, "refused", status=403)
    return redirect("organization-domains")


def _is_account_of(member: Member, identity: Identity) -> bool:
    return bytes(member.subject_index or b"") == lookups.subject_index(identity.subject)


def _confirmed(request: HttpRequest, identity: Identity, path: str) -> HttpResponse:
    """Only the signed-in account itself, asked by Google just now, counts. Raises SignInRefused."""
    earliest = clock.now() - timedelta(seconds=FRESH_SECONDS + LEEWAY_SECONDS)
    asked_at = identity.authenticated_at
    with current.organization(_organization_of(request)):
        member, session = member_of(request), sessions.of_request(request)
        is_same = member is not None and _is_account_of(member, identity)
        if member is None or session is None:
            raise SignInRefused("ended_meanwhile")
        if is_same and asked_at is not None and asked_at >= earliest:
            session.confirmed_at = clock.now()
            session.save(update_fields=["confirmed_at"])
            record("session.confirmed", by=member.pk, target=session)
            return redirect(path)
        record("session.confirmation_refused", by=member.pk, target=session, same_account=is_same)
    return explain(request, "not_confirmed" if is_same else "other_account", status=403)


def _arrive(
    request: HttpRequest, member: Member, identity: Identity, grant: oauth.Grant, *, connect: bool
) -> HttpResponse:
    """Open the session and hand a calendar grant to whom it concerns, in the organization's transaction."""
    try:
        signin.open_session(request, member, vouched_at=identity.issued_at)
    except SignInRefused as refused:
        record("session.refused", by=None, target=member, reason=refused.reason)
        return explain(request, refused.reason, status=403)
    if connect and oauth.covers_calendars(grant):
        if not grants.take(member, grant):
            # Google gives a refresh token only when consent is asked for, and we hold none.
            return redirect(f"{reverse('sign-in')}?connect=calendar&consent=1")
        access.restore(member, reason=Reason.GRANT_REVOKED)
    return redirect("dashboard")


def _note_refusal(identity: Identity, reason: str) -> None:
    """In the log of the organization whose account it is, if there is one."""
    organization_id = lookups.organization_by_domain(identity.hosted_domain) if identity.hosted_domain else None
    if organization_id is not None:
        with current.organization(organization_id):
            record("session.refused", by=None, reason=reason)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    member, session = member_of(request), sessions.of_request(request)
    if member is not None and session is not None:
        sessions.end(session)
        record("session.closed", by=member.pk, target=session)
    auth.logout(request)
    response = redirect("dashboard")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _organization_of(request: HttpRequest) -> UUID:
    """Nobody's organization has no rows, so that nobody is found in it."""
    return sessions.organization_of_request(request) or UUID(int=0)


def callback_url() -> str:
    return f"{settings.CLOCKWISE_BASE_URL}{reverse('google-callback')}"


def explain(request: HttpRequest, reason: str, *, status: int) -> HttpResponse:
    context: dict[str, Any] = {"reason": reason}
    return render(request, "organizations/sign_in_problem.html", context, status=status)
