"""Personal calendars, and the neutral blocks that stand for their events on the work calendar."""

from dataclasses import dataclass

from django.db import models

from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import TenantForeignKey, index, unique


@dataclass(frozen=True)
class PersonalSource:
    """`address`: of an ICS file, a secret like a password. etag, last_modified: what its server said of it last."""

    address: str
    etag: str = ""
    last_modified: str = ""


class PersonalCalendar(MemberRow):
    """Read by a member's wish, so that private appointments keep colleagues from meeting them then.

    Nothing of its events is stored but when they are.
    """

    class Shows(models.TextChoices):
        """All that colleagues see of an event: the member's choice."""

        BUSY = "Busy"
        PERSONAL = "Personal commitment"
        AWAY = "Away"

    source = SealedField(PersonalSource)
    shows = models.CharField(max_length=24, choices=Shows.choices, default=Shows.BUSY)
    linked_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    next_read_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    # A word that the page explains; empty while all is well.
    problem = models.CharField(max_length=32, blank=True)
    # How many of its events couldn't be understood at the last reading; the others are there.
    set_aside = models.PositiveIntegerField(default=0)
    # Its blocks are being removed; then the row goes.
    unlinked_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("next_read_at", name="personal_by_next_read")]


class PersonalBlock(MemberRow):
    """One event's stand-in. `source_index`: blind, of the event's UID and, in a series, its original start."""

    class State(models.TextChoices):
        DECIDED = "decided"  # on its way to Google
        PLACED = "placed"
        MOVED = "moved"  # by the member, in Google: theirs
        RELEASED = "released"  # deleted by the member, in Google: stays deleted
        LEAVING = "leaving"  # its deletion is on the way

    personal_calendar = TenantForeignKey(PersonalCalendar, on_delete=models.CASCADE, related_name="blocks")
    source_index = models.BinaryField(max_length=16)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DECIDED)
    start = models.DateTimeField()
    end = models.DateTimeField()
    google_id = models.CharField(max_length=1024)
    generation = models.PositiveIntegerField(default=1)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("personal_calendar", "source_index")]
        indexes = [index("google_id", name="personal_block_by_google_id")]
