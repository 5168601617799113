"""Organizations, the tenants, and the domains whose Workspace accounts belong to them."""

from dataclasses import dataclass
from uuid import UUID

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.plans import Plan, in_force
from clockwise.tenancy.models import TenantModel, time_ordered_id


@dataclass(frozen=True)
class OrganizationDetails:
    name: str


class Organization(models.Model):
    """One company. Its id and plan are readable to all, so that periodic jobs can loop over the tenants;
    it is written only inside its own transactions, and its name is sealed.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_id, editable=False)
    plan = models.CharField(max_length=16, choices=Plan.choices)
    # When the plan runs out (it wasn't renewed, or a payment failed); null: it doesn't.
    plan_ends_at = models.DateTimeField(null=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    details = SealedField(OrganizationDetails)
    created_at = models.DateTimeField()

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.id, None)

    @property
    def plan_in_force(self) -> Plan:
        return in_force(self.plan, self.plan_ends_at)

    @property
    def organization_id(self) -> UUID:
        """A sealed field is bound to its organization; here that is the row itself."""
        return self.id


@dataclass(frozen=True)
class DomainDetails:
    domain: str


class Domain(TenantModel):
    """A Workspace domain of an organization. One domain belongs to one organization only."""

    # Looked up before the organization is known, hence unique over all of them.
    domain_index = models.BinaryField(max_length=16, unique=True)
    details = SealedField(DomainDetails)

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)
