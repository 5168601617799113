"""A member's ideal day. A member who saved nothing has no row, and PRODUCT's defaults."""

from django.db import models

from calendars.models import OutboxWrite
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import unique


class Preferences(MemberRow):
    """Minutes count from local midnight; `working_hours` and `meeting_hours` map weekday "0" (Monday) to ranges."""

    time_zone = models.CharField(max_length=64, blank=True)
    working_hours = models.JSONField(null=True)
    meeting_hours = models.JSONField(null=True)
    lunch_enabled = models.BooleanField(default=True)
    lunch_from_minute = models.PositiveSmallIntegerField(default=11 * 60 + 30)
    lunch_to_minute = models.PositiveSmallIntegerField(default=13 * 60 + 30)
    lunch_min_minutes = models.PositiveSmallIntegerField(default=30)
    lunch_ideal_minutes = models.PositiveSmallIntegerField(default=60)
    focus_enabled = models.BooleanField(default=True)
    focus_goal_minutes = models.PositiveSmallIntegerField(default=600)
    focus_side = models.CharField(
        max_length=9, default="any", choices=[("any", "any"), ("morning", "morning"), ("afternoon", "afternoon")]
    )

    # Whom Google mails when a meeting that this member organizes is moved (its parameter `sendUpdates`).
    guest_notices = models.CharField(
        max_length=12, choices=OutboxWrite.Notices.choices, default=OutboxWrite.Notices.ALL
    )

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("member")]
