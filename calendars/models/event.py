"""One instance of an event on one member's calendar, inside the horizon."""

from dataclasses import dataclass

from django.db import models

from calendars.models.calendar import Calendar
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import TenantForeignKey, index, unique


@dataclass(frozen=True)
class Attendee:
    address: str
    name: str = ""
    response: str = "needsAction"
    optional: bool = False
    is_room: bool = False


@dataclass(frozen=True)
class EventDetails:
    """The words of an event, sealed as one payload."""

    title: str = ""
    description: str = ""
    location: str = ""
    conference_link: str = ""
    organizer: str = ""
    attendees: tuple[Attendee, ...] = ()


class Event(MemberRow):
    """`start` and `end` are instants; an all-day event lies at midnights of its calendar's zone."""

    class Response(models.TextChoices):
        NEEDS_ACTION = "needsAction"
        ACCEPTED = "accepted"
        TENTATIVE = "tentative"
        DECLINED = "declined"

    calendar = TenantForeignKey(Calendar, on_delete=models.CASCADE, related_name="events")
    google_id = models.CharField(max_length=1024)
    series_id = models.CharField(max_length=1024, blank=True)
    original_start = models.DateTimeField(null=True)
    # The same meeting on several people's calendars has one value (SYNC S13: iCalUID and original start).
    meeting_index = models.BinaryField(max_length=16)
    # The same series (or single meeting) on several calendars: the iCalUID alone.
    series_index = models.BinaryField(max_length=16)
    start = models.DateTimeField()
    end = models.DateTimeField()
    is_all_day = models.BooleanField(default=False)
    is_busy = models.BooleanField(default=True)
    event_type = models.CharField(max_length=32, default="default")
    visibility = models.CharField(max_length=16, default="default")
    response = models.CharField(max_length=16, choices=Response.choices, default=Response.ACCEPTED)
    is_organizer = models.BooleanField(default=False)
    guests_can_modify = models.BooleanField(default=False)
    is_locked = models.BooleanField(default=False)
    attendee_count = models.PositiveIntegerField(default=0)
    etag = models.CharField(max_length=64)
    details = SealedField(EventDetails)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            unique("calendar", "google_id"),
            models.CheckConstraint(name="events_end_after_they_start", condition=models.Q(end__gt=models.F("start"))),
        ]
        indexes = [
            index("member", "start", "end", name="event_by_member_and_time"),
            index("meeting_index", name="event_by_meeting"),
        ]


class SetAsideEvent(MemberRow):
    """An event of Google's that can't be understood: left out and counted, while the rest of its calendar goes on."""

    calendar = TenantForeignKey(Calendar, on_delete=models.CASCADE, related_name="set_aside")
    google_id = models.CharField(max_length=1024)
    # A word of `clockwise.google.event`.
    reason = models.CharField(max_length=32)
    since = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("calendar", "google_id")]
