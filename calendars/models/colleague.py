"""People of the organization, as Google's free/busy and its Workspace directory tell of them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import DirectoryWatch, Member
from clockwise.tenancy.models import TenantForeignKey, TenantModel, index, unique


@dataclass(frozen=True)
class ColleagueDetails:
    address: str


class Colleague(TenantModel):
    """Somebody whom a member meets, of the organization's domains and without a connected calendar.

    Known by free/busy alone: when they are busy inside [known_from, known_until), and nothing of why.
    """

    address_index = models.BinaryField(max_length=16)
    details = SealedField(ColleagueDetails)
    # [start, end] in ISO 8601, in order, none touching another.
    busy = models.JSONField(default=list)
    known_from = models.DateTimeField(null=True)
    known_until = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    # Google's word for why it doesn't tell, such as notFound; empty while it does.
    problem = models.CharField(max_length=32, blank=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("address_index")]
        indexes = [index("asked_at", name="colleague_by_asked_at")]

    @property
    def busy_intervals(self) -> list[tuple[datetime, datetime]]:
        return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in self.busy]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)


@dataclass(frozen=True)
class DirectoryDetails:
    address: str
    name: str


@dataclass(frozen=True)
class Photo:
    """`content`: the image in Base64."""

    content_type: str
    content: str


class DirectoryPerson(TenantModel):
    """Name and photo of somebody whom a member meets, from the Workspace directory.

    Goes with the consent (`watch`) by which it was read. `member`: where they are one; the row is then theirs.
    """

    watch = TenantForeignKey(DirectoryWatch, on_delete=models.CASCADE, related_name="+")
    member = TenantForeignKey(Member, null=True, on_delete=models.CASCADE, related_name="+")
    address_index = models.BinaryField(max_length=16)
    details = SealedField(DirectoryDetails)
    photo = SealedField(Photo, null=True)
    # Google's word for the photo that was last asked for, whether or not it could be used; empty for none.
    photo_etag = models.CharField(max_length=128, blank=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("address_index")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, self.member_id)
