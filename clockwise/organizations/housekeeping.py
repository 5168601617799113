"""Forgets sessions and signals whose time is over, in every organization."""

from datetime import timedelta

from django.contrib.sessions.models import Session

from clockwise import clock
from clockwise.organizations import sessions, signals
from clockwise.organizations.models import BrowserSession, Organization
from clockwise.tenancy import current

SESSIONS_KEPT = timedelta(days=30)


def forget_old() -> None:
    """Belongs to no organization's transaction."""
    at = clock.now()
    Session.objects.filter(expire_date__lt=at).delete()
    signals.forget_old()
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.organization(organization_id):
            BrowserSession.objects.filter(opened_at__lt=at - sessions.ABSOLUTE - SESSIONS_KEPT).delete()
