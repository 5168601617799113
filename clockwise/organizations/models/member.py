"""Members: the people of an organization, and Django's user model."""

from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils.crypto import salted_hmac

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.roles import ADMINISTRATORS, Role
from clockwise.tenancy.models import TenantForeignKey, TenantModel, index, unique


@dataclass(frozen=True)
class MemberDetails:
    """`subject`: Google's `sub`, the identity; empty until the first sign-in. Addresses may change, it can't."""

    address: str
    name: str
    subject: str = ""


class Member(AbstractBaseUser, TenantModel):
    """A person in one organization. There is no password column: people sign in with Google alone."""

    password = None  # type: ignore[assignment]
    last_login = None

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)
    details = SealedField(MemberDetails)
    # Both are looked up before the organization is known, by an index under the installation's key.
    subject_index = models.BinaryField(max_length=16, null=True, unique=True)
    address_index = models.BinaryField(max_length=16)
    is_active = models.BooleanField(default=True)
    # Sessions carry it: one UPDATE ends them all, with no cache to invalidate.
    epoch = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    signed_in_at = models.DateTimeField(null=True)
    # Who began to sign in before doesn't get in. The reason (`reasons.py`) stays until they connect again.
    access_ended_at = models.DateTimeField(null=True)
    access_ended_reason = models.CharField(max_length=32, blank=True)

    USERNAME_FIELD = "id"
    REQUIRED_FIELDS = []

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("address_index")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, self.id)

    @property
    def is_administrator(self) -> bool:
        return self.role in ADMINISTRATORS

    def get_session_auth_hash(self) -> str:
        return salted_hmac("clockwise.session", f"{self.pk}:{self.epoch}", algorithm="sha256").hexdigest()

    def __str__(self) -> str:
        return f"member {self.pk}"


class MemberRow(TenantModel):
    """Base of rows that are one member's: sealed under that member's key, so that it can be shredded with them."""

    member = TenantForeignKey(Member, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, self.member_id)


class Team(TenantModel):
    """A set of members. A team that an identity provider sent is its group."""

    @dataclass(frozen=True)
    class Details:
        name: str

    details = SealedField(Details)

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)


class TeamMembership(TenantModel):
    team = TenantForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    member = TenantForeignKey(Member, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("team", "member")]
        indexes = [index("member", name="membership_by_member")]
