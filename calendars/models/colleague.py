"""People of the organization whose calendars aren't connected."""

from dataclasses import dataclass
from datetime import datetime

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy.models import TenantModel, index, unique


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
