"""The audit log. The application's role reads these tables and writes them through four functions only (migration
`0002_tamper_evident`); docs/security/audit.md says how leaf, chain and head are made.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy.models import TenantModel, index, unique


@dataclass(frozen=True)
class EntryBody:
    """What an entry tells beyond its columns. `salt` (hex) keeps the commitment from being guessed."""

    facts: dict[str, Any] = field(default_factory=dict)
    address: str = ""
    agent: str = ""
    salt: str = ""


class AuditEntry(TenantModel):
    at = models.DateTimeField()
    action = models.CharField(max_length=64)
    # No foreign keys: an entry outlives what it tells of.
    actor_id = models.UUIDField(null=True)
    target_type = models.CharField(max_length=64, blank=True)
    target_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=16, blank=True)
    via = models.CharField(max_length=128, blank=True)
    body = SealedField(EntryBody)
    # SHA-256 of the opened body, so that an export proves words whose key its reader doesn't have.
    commitment = models.BinaryField(max_length=32)
    leaf = models.BinaryField(max_length=32)
    # Given when the entry is chained, moments after its transaction.
    position = models.BigIntegerField(null=True)
    chain = models.BinaryField(max_length=32, null=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("position")]
        indexes = [
            index("at", name="audit_by_time"),
            index("actor_id", "at", name="audit_by_actor"),
            index("action", "at", name="audit_by_action"),
        ]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)


class AuditLeaf(TenantModel):
    """How far an organization's chain had come at a head. `place`: its fixed place in the tree of all organizations."""

    head = models.BigIntegerField()
    place = models.PositiveIntegerField()
    position = models.BigIntegerField()
    chain = models.BinaryField(max_length=32)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("head")]


class AuditHead(models.Model):
    """The signed root over all organizations' chains at one minute. Holds no organization and is readable to all."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    size = models.PositiveIntegerField()
    root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)
    anchored_at = models.DateTimeField(null=True)
