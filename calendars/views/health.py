"""How synchronizing goes, for admins: whose calendars stand still, and how near Google's limits the requests come."""

from datetime import timedelta

import redis
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from calendars import meter
from calendars.health import lagging
from calendars.models import Calendar, GoogleConnection, OutboxWrite
from clockwise import clock
from clockwise.organizations import console
from clockwise.organizations.requests import MemberRequest, member_required

DAYS = 7


@require_GET
@member_required
def show(request: MemberRequest) -> HttpResponse:
    today = clock.now().date()
    try:
        days = [(day, meter.organization(day)) for day in (today - timedelta(days=n) for n in range(DAYS))]
    except redis.RedisError:
        days = []
    states = [
        (label, GoogleConnection.objects.filter(state=state).count()) for state, label in GoogleConnection.State.choices
    ]
    context = {
        "days": days,
        "busiest": max([count for _, count in days], default=0),
        "threshold": f"{meter.DAILY_THRESHOLD:,}",
        "states": states,
        "calendars": Calendar.objects.count(),
        "lagging": lagging(),
        "waiting": OutboxWrite.objects.filter(state=OutboxWrite.State.PENDING).count(),
        "failed": OutboxWrite.objects.filter(state=OutboxWrite.State.FAILED).count(),
    }
    return console.page(request, "calendars/health.html", context)
