"""A member's calendar, and how far it is synced."""

from dataclasses import dataclass

from django.db import models

from calendars.models.connection import GoogleConnection
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import TenantForeignKey, unique


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
    time_zone = models.CharField(max_length=64)
    access_role = models.CharField(max_length=32)
    # The sync token is good for this window and request shape only (SYNC: finding 6, S3).
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)
    request_shape = models.CharField(max_length=64, blank=True)
    synced_at = models.DateTimeField(null=True)
    # Counts our own writes to it: a listing that began before one of them isn't stored over its answer.
    writes_settled = models.PositiveIntegerField(default=0)
    # A word that pages explain; empty while all is well.
    problem = models.CharField(max_length=32, blank=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("member", "google_id_index")]
