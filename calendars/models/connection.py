"""A member's OAuth grant."""

from dataclasses import dataclass
from datetime import datetime

from django.db import models

from clockwise.encryption.sealed import SealedField
from clockwise.google import oauth
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import unique


@dataclass(frozen=True)
class Credentials:
    refresh_token: str
    access_token: str = ""
    access_token_expires_at: datetime | None = None


@dataclass(frozen=True)
class Lists:
    """How far the calendar list and the settings are read. `settings`: Google's names and values."""

    calendars_token: str = ""
    settings_token: str = ""
    settings: dict[str, str] | None = None


class GoogleConnection(MemberRow):
    """The grant by which a member's calendars are read and written. One for each member."""

    class State(models.TextChoices):
        ACTIVE = "active"
        REVOKED = "revoked"  # Google no longer honours the grant; the member may connect again
        DISCONNECTED = "disconnected"  # the member or the gate ended it

    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    scopes = models.TextField()
    # Null as soon as the connection isn't active: no token outlives its use.
    credentials = SealedField(Credentials, null=True)
    # What Google is still to be told to forget; used for nothing else.
    to_revoke = SealedField(Credentials, null=True)
    # Google has had enough of this person's changes until then (SYNC W5).
    writes_parked_until = models.DateTimeField(null=True)
    # A word for pages while the token can't be renewed for a reason that isn't the member's; empty while all is well.
    problem = models.CharField(max_length=32, blank=True)
    lists = SealedField(Lists, null=True)
    # When its calendar list is read again at the latest; null: at once.
    next_list_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # When Google last showed that the grant lives; who uses Clockwise right now is asked about each minute.
    alive_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            unique("member"),
            models.CheckConstraint(
                name="only_active_connections_hold_credentials",
                condition=models.Q(state="active", credentials__isnull=False)
                | ~models.Q(state="active") & models.Q(credentials__isnull=True),
            ),
        ]

    @property
    def may_write(self) -> bool:
        """Off where the person connected for reading alone, or unticked writing."""
        return oauth.may_write(self.scopes.split())
