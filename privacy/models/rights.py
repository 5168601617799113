"""What people ask for and decide about their data: exports, erasures, choices, requests; and retention."""

from dataclasses import dataclass

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import TenantModel, index, unique


class DataExport(MemberRow):
    """Everything about `member`, as a sealed archive that is kept for a day."""

    requested_by = models.UUIDField()
    requested_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    downloaded_at = models.DateTimeField(null=True)
    # Sealed under the member's key by `privacy.export`; too large for a SealedField's JSON.
    bundle = models.BinaryField(null=True)
    bytes = models.PositiveIntegerField(default=0)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("member", "requested_at", name="export_by_member")]


class Erasure(TenantModel):
    """That a member was erased: work to do while `finished_at` is null, a tombstone afterwards. No foreign key."""

    member_id = models.UUIDField()
    requested_by = models.UUIDField(null=True)
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # Rows erased, by table.
    counts = models.JSONField(default=dict)
    told_google = models.BooleanField(default=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("member_id")]


class PrivacyChoice(MemberRow):
    """A member's yes or no to one use of their data. The newest row of a use counts; older ones are the record."""

    class Use(models.TextChoices):
        COLLEAGUES = "colleagues"
        TEAM_FIGURES = "team figures"
        SUGGESTIONS = "suggestions"
        PRODUCT_NEWS = "product news"

    use = models.CharField(max_length=20, choices=Use.choices)
    objects_to_it = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"
        indexes = [index("use", "member", "at", name="choice_by_use")]


@dataclass(frozen=True)
class RequestDetails:
    """`subject`: who asks, in the words of who wrote it down; `note`: what about, and what was answered."""

    subject: str
    note: str = ""


class PrivacyRequest(TenantModel):
    """Something that the law wants answered in time: a person's request, or a breach to be told of."""

    class Kind(models.TextChoices):
        ACCESS = "access"
        ERASURE = "erasure"
        RECTIFICATION = "rectification"
        RESTRICTION = "restriction"
        OBJECTION = "objection"
        CCPA = "request under CCPA"
        BREACH = "breach"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    member_id = models.UUIDField(null=True)
    details = SealedField(RequestDetails)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("due_at", name="privacy_request_by_due")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)


class RetentionSettings(TenantModel):
    """At most one row an organization. `days`: by name of `privacy.retention`, where it isn't the default."""

    days = models.JSONField(default=dict)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["organization"], name="one_retention_settings")]
