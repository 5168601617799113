"""The audit log's entries. The application's role may insert and read them, never change or delete one."""

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy.models import TenantModel, index


class AuditEntry(TenantModel):
    at = models.DateTimeField()
    action = models.CharField(max_length=64)
    # No foreign keys: an entry outlives what it tells of.
    actor_id = models.UUIDField(null=True)
    target_type = models.CharField(max_length=64, blank=True)
    target_id = models.UUIDField(null=True)
    body = SealedField(dict)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("at", name="audit_by_time")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)
