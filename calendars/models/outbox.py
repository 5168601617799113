"""A change to Google that has been decided and must happen exactly once."""

from dataclasses import dataclass

from django.db import models

from calendars.models.calendar import Calendar
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import TenantForeignKey, index


@dataclass(frozen=True)
class WriteBody:
    """The event resource to insert, or the changed fields to patch, as Google's API takes them."""

    body: dict[str, object]


class OutboxWrite(MemberRow):
    """`member`: through whose connection it is written. A claimed write is leased: a crashed worker's comes back."""

    class Kind(models.TextChoices):
        INSERT = "insert"
        PATCH = "patch"
        DELETE = "delete"

    class Notices(models.TextChoices):
        """Whom Google mails about it (its parameter `sendUpdates`)."""

        ALL = "all"
        EXTERNAL_ONLY = "externalOnly"
        NONE = "none"

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        STALE = "stale"  # somebody changed the event since: theirs stands
        FAILED = "failed"
        DROPPED = "dropped"  # access ended before it was sent

    calendar = TenantForeignKey(Calendar, on_delete=models.CASCADE, related_name="writes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    google_id = models.CharField(max_length=1024)
    # The version that was decided on: If-Match, so that nobody's edit is overwritten.
    etag = models.CharField(max_length=64, blank=True)
    body = SealedField(WriteBody)
    notices = models.CharField(max_length=12, choices=Notices.choices, default=Notices.NONE)
    # What the write is for (a move, a hold): its owner is told how it ended.
    purpose = models.CharField(max_length=16)
    purpose_id = models.UUIDField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    decided_at = models.DateTimeField()
    not_before = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)
    # A word from `clockwise.google.errors`, never Google's text.
    problem = models.CharField(max_length=64, blank=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [
            index("state", "not_before", name="outbox_by_state"),
            index("purpose", "purpose_id", name="outbox_by_purpose"),
        ]
