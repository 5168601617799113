"""Bearer tokens of identity providers. Only their hashes are kept."""

from dataclasses import dataclass

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import Member
from clockwise.tenancy.models import TenantForeignKey, TenantModel


@dataclass(frozen=True)
class TokenDetails:
    name: str


class ScimToken(TenantModel):
    # SHA-256 of a random token, looked up before the organization is known.
    token_hash = models.BinaryField(max_length=32, unique=True)
    # The first characters, by which people tell tokens apart.
    prefix = models.CharField(max_length=16)
    details = SealedField(TokenDetails)
    scopes = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    created_by = TenantForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)
