"""What an identity provider sent: sealed documents, blind indexes to find them by, and who is in which group."""

from uuid import UUID, uuid4

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import Member, Team
from clockwise.tenancy.models import TenantForeignKey, TenantModel, index, unique


class Resource(TenantModel):
    """A user or a group of the identity provider. `document` leaves out what has a column or a table of its own:
    id, meta, active, members and groups.
    """

    # Identity providers see it, so it must not tell when somebody was added.
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    resource_type = models.CharField(max_length=64)
    document = SealedField(dict)
    # None: taken away by the provider, which changes nobody's access.
    active = models.BooleanField(null=True, default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    # A user's place in the organization, a group's team; None where it has none.
    member = TenantForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    team = TenantForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="+")
    # The role that group rules gave the member; "" where they gave none.
    granted_role = models.CharField(max_length=16, blank=True)

    # The groups that it is in, where they are known (`representations.in_groups`).
    group_ids: list[UUID]

    class Meta:
        base_manager_name = "objects"
        indexes = [index("resource_type", "created_at", "id", name="scim_resource_in_order")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)

    @property
    def etag(self) -> str:
        return f'W/"{self.version}"'


class IndexedValue(TenantModel):
    """One value of a resource, findable without being readable."""

    resource = TenantForeignKey(Resource, on_delete=models.CASCADE, related_name="indexed_values")
    resource_type = models.CharField(max_length=64)
    path = models.CharField(max_length=120)
    value_index = models.BinaryField(max_length=16)
    is_unique = models.BooleanField(default=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("resource_type", "path", "value_index", condition=models.Q(is_unique=True))]
        indexes = [index("resource_type", "path", "value_index", "resource", name="scim_value")]


class Membership(TenantModel):
    """A user or a group in a group."""

    group = TenantForeignKey(Resource, on_delete=models.CASCADE, related_name="members")
    member = TenantForeignKey(Resource, on_delete=models.CASCADE, related_name="groups")

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("group", "member")]
