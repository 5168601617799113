"""That a meeting may move, and how far: set by its organizer or by a guest whom Google lets modify it."""

from django.db import models

from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import unique


class Flexibility(MemberRow):
    """`member` set it. It covers one instance, or each instance of a series."""

    class Range(models.TextChoices):
        DAY = "day"
        WEEK = "week"

    # The `meeting_index` of one instance's events, or the `series_index` of a whole series'.
    meeting_index = models.BinaryField(max_length=16)
    is_series = models.BooleanField(default=False)
    range = models.CharField(max_length=4, choices=Range.choices, default=Range.WEEK)
    # Local minutes of the day in the organizer's zone; both or neither.
    window_from_minute = models.PositiveSmallIntegerField(null=True)
    window_to_minute = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            unique("meeting_index", "is_series"),
            models.CheckConstraint(
                name="flexibility_window_both_or_neither",
                condition=models.Q(window_from_minute__isnull=True, window_to_minute__isnull=True)
                | models.Q(window_to_minute__gt=models.F("window_from_minute")),
            ),
        ]
