"""The provisioning log: what the identity provider asked for, and what came of it."""

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy.models import TenantModel, index


class ProvisioningEntry(TenantModel):
    """One write, or one refused request. `body`: method, path and body with personal values masked, and `did`:
    sentences on what was done.
    """

    at = models.DateTimeField()
    # No foreign keys: an entry outlives what it tells of.
    token_id = models.UUIDField(null=True)
    resource_id = models.UUIDField(null=True)
    resource_type = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=32)
    status = models.PositiveSmallIntegerField()
    is_alert = models.BooleanField(default=False)
    body = SealedField(dict)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("at", name="scim_log_by_time"), index("resource_id", "at", name="scim_log_by_resource")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)
