"""The operator's people and their papers, in the operator's organization; and what they may see of another one.

`StaffAccess` lies in the organization that was asked, so that it, its consent and its log entries are that one's own.
"""

from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from clockwise import clock
from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import TenantModel, index, unique


class StaffMember(MemberRow):
    """A member of the operator's organization who works for the operator. Dates are null until they are known."""

    background_checked_on = models.DateField(null=True)
    trained_on = models.DateField(null=True)
    registered_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("member")]


class PolicySignature(MemberRow):
    """That somebody acknowledged a policy; `sha256` is the text's that they read."""

    policy = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"
        indexes = [index("member", "policy", "signed_at", name="signature_by_member")]


@dataclass(frozen=True)
class ErrandDetails:
    domain: str


class StaffErrand(MemberRow):
    """A staff member's way back to what they asked for: the other organization's `StaffAccess` has this row's id."""

    organization_asked = models.UUIDField()
    details = SealedField(ErrandDetails)
    asked_at = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"
        indexes = [index("member", "asked_at", name="errand_by_member")]


@dataclass(frozen=True)
class StaffAccessDetails:
    """Who asks, and why, for the organization to read."""

    name: str
    address: str
    reason: str


class StaffAccess(TenantModel):
    """One look by the operator's staff: asked for, consented to or refused, and over by `expires_at`.

    Without `words_allowed` sealed values are seen as the ciphertext that they are stored as.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        LAPSED = "lapsed"
        REFUSED = "refused"
        GRANTED = "granted"
        EXPIRED = "expired"
        ENDED = "ended"

    # No foreign keys: staff are another organization's members, and the record outlives whoever decided.
    staff_id = models.UUIDField()
    details = SealedField(StaffAccessDetails)
    wants_words = models.BooleanField()
    minutes = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField()
    # Until then it can be granted.
    lapses_at = models.DateTimeField()
    owners_told_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    words_allowed = models.BooleanField(default=False)
    # Null where it was refused.
    expires_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("asked_at", name="staff_access_by_time")]
        constraints = [
            models.CheckConstraint(
                name="staff_access_only_by_consent",
                condition=Q(expires_at=None, words_allowed=False, opened_at=None)
                | Q(decided_at__isnull=False, decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="staff_access_words_were_asked_for", condition=Q(words_allowed=False) | Q(wants_words=True)
            ),
        ]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)

    @property
    def state(self) -> State:
        at = clock.now()
        if self.decided_at is None:
            return self.State.ASKED if at < self.lapses_at else self.State.LAPSED
        if self.expires_at is None:
            return self.State.REFUSED
        if self.ended_at is not None:
            return self.State.ENDED
        return self.State.GRANTED if at < self.expires_at else self.State.EXPIRED
