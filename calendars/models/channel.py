"""A push channel: Google's promise to tell us when one resource of one person changes."""

from django.db import models

from calendars.models.calendar import Calendar
from calendars.models.connection import GoogleConnection
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import TenantForeignKey, index


class Channel(MemberRow):
    """Its id is the channel's at Google. It is stored before Google is asked, since the first message may overtake
    the answer (SYNC P2)."""

    class Resource(models.TextChoices):
        EVENTS = "events"
        CALENDAR_LIST = "calendarList"

    connection = TenantForeignKey(GoogleConnection, on_delete=models.CASCADE, related_name="channels")
    resource = models.CharField(max_length=16, choices=Resource.choices)
    # Of events alone. Null once the calendar is gone: the channel is then still to be stopped.
    calendar = TenantForeignKey(Calendar, null=True, on_delete=models.SET_NULL, related_name="channels")
    # Google's name of what is watched; empty until it has answered. Stopping needs it.
    resource_id = models.CharField(max_length=128, blank=True)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    renew_at = models.DateTimeField()
    # The last message. Null: none came yet, or a poll found what no message had told.
    heard_at = models.DateTimeField(null=True)
    # Google watches no holiday calendars, say. Such a row only remembers when to ask again: `renew_at`.
    refused_at = models.DateTimeField(null=True)
    # Replaced or no longer wanted: to be stopped at Google, then deleted.
    ended_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("renew_at", name="channel_by_renewal")]
