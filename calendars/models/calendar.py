"""A member's calendar, and how far it is synced."""

from dataclasses import dataclass

from django.db import models

from calendars.models.connection import GoogleConnection
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import TenantForeignKey, index, unique


@dataclass(frozen=True)
class CalendarDetails:
    """`google_id` is an address for most calendars. `working_hours`: weekday 0 (Monday) to minute ranges of the day."""

    google_id: str
    title: str
    sync_token: str = ""
    working_hours: dict[str, list[list[int]]] | None = None


class Calendar(MemberRow):
    connection = TenantForeignKey(GoogleConnection, on_delete=models.CASCADE, related_name="calendars")
    google_id_index = models.BinaryField(max_length=16)
    details = SealedField(CalendarDetails)
    is_primary = models.BooleanField(default=False)
    # Whether its events are read. The others are known by name alone, so that the member can choose them.
    is_read = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64)
    access_role = models.CharField(max_length=32)
    # The sync token is good for this window and request shape only (SYNC: finding 6, S3).
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)
    request_shape = models.CharField(max_length=64, blank=True)
    # When it was last listed in full, and when anything in it last changed.
    listed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)
    # When the sweep looks at it again at the latest; null: at once.
    next_sync_at = models.DateTimeField(null=True)
    # How often Google (or we) said that something changed, and up to which of these a sync has looked.
    wake_ups = models.PositiveIntegerField(default=0)
    wake_ups_answered = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    # Counts our own writes to it: a listing that began before one of them isn't stored over its answer.
    writes_settled = models.PositiveIntegerField(default=0)
    # A word that pages explain; empty while all is well.
    problem = models.CharField(max_length=32, blank=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("member", "google_id_index")]
        indexes = [index("next_sync_at", name="calendar_by_next_sync")]
