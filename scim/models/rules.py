"""An organization's choices: how its provider is dealt with, and what its groups become."""

from dataclasses import dataclass

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy.models import TenantModel

LEAST_REQUESTS_PER_SECOND = 25
REQUESTS_PER_SECOND = 100
OPENED_AT_MOST = 50_000


class ProvisioningSettings(TenantModel):
    """At most one row an organization; without one the defaults of the fields hold."""

    # Replace on a list's element that isn't there makes it, as some Entra tenants expect.
    entra_tolerant = models.BooleanField(default=False)
    # What the provider sends is stored and shown, and changes nothing yet.
    is_trial = models.BooleanField(default=False)
    # Only people whom the provider sent may sign in.
    blocks_unlisted = models.BooleanField(default=False)
    requests_per_second = models.PositiveIntegerField(default=REQUESTS_PER_SECOND)
    # The most documents that one filter may open.
    opened_at_most = models.PositiveIntegerField(default=OPENED_AT_MOST)

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_provisioning_settings"),
            models.CheckConstraint(
                condition=models.Q(requests_per_second__gte=LEAST_REQUESTS_PER_SECOND), name="scim_rate_not_below_25"
            ),
        ]


class Outcome(models.TextChoices):
    TEAM = "team", "a team"
    ROLE = "role", "a role"
    NOTHING = "nothing", "nothing"


@dataclass(frozen=True)
class RuleDetails:
    """`pattern`: a group's display name, with `*` for anything; case doesn't count."""

    pattern: str


class GroupRule(TenantModel):
    """What groups of a name become. A group without a rule becomes a team of its own name."""

    details = SealedField(RuleDetails)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    role = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)
