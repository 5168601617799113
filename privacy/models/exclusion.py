"""Which calendars are left out."""

from dataclasses import dataclass

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import Member
from clockwise.tenancy.models import TenantForeignKey, TenantModel, index


@dataclass(frozen=True)
class ExclusionPattern:
    """`text`: an address, or a pattern with * and ?. `name`: of a picked calendar, for the page where it was picked."""

    text: str
    name: str = ""


class CalendarExclusion(TenantModel):
    """A rule. `member` is set on a member's own, which concerns that member's calendars alone."""

    class Kind(models.TextChoices):
        CALENDAR = "calendar"  # the calendar with this address
        OWNER = "owner"  # all calendars of the person with this address
        ADDRESS_PATTERN = "address pattern"
        NAME_PATTERN = "name pattern"

    member = TenantForeignKey(Member, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    pattern = SealedField(ExclusionPattern)
    created_at = models.DateTimeField()
    # No foreign key: the rule stays when the admin leaves.
    created_by = models.UUIDField()

    class Meta:
        base_manager_name = "objects"
        indexes = [index("member", name="exclusion_by_member")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, self.member_id)
