"""What SCIM's tables hold of people, and for how long the provisioning log is kept."""

from privacy.register import UNTIL_ORGANIZATION_ENDS, Basis, Purpose, table
from privacy.retention import Retention, retention
from scim.models import (
    GroupRule,
    IndexedValue,
    Membership,
    ProvisioningEntry,
    ProvisioningSettings,
    Resource,
    ScimToken,
)

UNTIL_DELETED = "until the organization's identity provider deletes the user"

table(
    Resource,
    "What your organization's identity provider sent",
    purpose=Purpose.PROVISIONING,
    basis=Basis.CONTRACT,
    retention=UNTIL_DELETED,
    person=["member_id"],
    personal={
        "member": "whose account it is",
        "document": "names, addresses and whatever else the identity provider sent",
        "active": "whether it says that you are there",
        "granted_role": "the role that its groups gave you",
        "created_at": "when it was first sent",
        "modified_at": "when it was last changed",
    },
    technical="resource_type version team",
)
table(
    IndexedValue,
    "Keyed indexes of what the identity provider sent",
    purpose=Purpose.PROVISIONING,
    basis=Basis.CONTRACT,
    retention=UNTIL_DELETED,
    person=["resource__member_id"],
    secret={"value_index": "keyed index of one value"},
    technical="resource resource_type path is_unique",
)
table(
    Membership,
    "Groups of the identity provider that you are in",
    purpose=Purpose.PROVISIONING,
    basis=Basis.CONTRACT,
    retention=UNTIL_DELETED,
    person=["member__member_id"],
    personal={"member": "who", "group": "in which group"},
)
table(
    ScimToken,
    "Tokens of the identity provider",
    purpose=Purpose.SECURITY,
    basis=Basis.CONTRACT,
    retention=UNTIL_ORGANIZATION_ENDS,
    person=["created_by_id"],
    personal={"created_by": "who made it"},
    secret={"token_hash": "hash of the token"},
    technical="prefix details scopes created_at expires_at last_used_at revoked_at",
    kept_because="it is the organization's; who made it is forgotten with the member",
)
table(
    ProvisioningSettings,
    "How the identity provider is dealt with",
    purpose=Purpose.PROVISIONING,
    basis=Basis.NONE,
    retention=UNTIL_ORGANIZATION_ENDS,
    technical="entra_tolerant is_trial blocks_unlisted requests_per_second opened_at_most",
)
table(
    GroupRule,
    "What groups become",
    purpose=Purpose.PROVISIONING,
    basis=Basis.NONE,
    retention=UNTIL_ORGANIZATION_ENDS,
    technical="details outcome role created_at",
)
table(
    ProvisioningEntry,
    "Provisioning log",
    purpose=Purpose.SECURITY,
    basis=Basis.LEGITIMATE_INTEREST,
    retention="90 days, or as the organization chooses; personal values are masked in it",
    technical="at token_id resource_id resource_type action status is_alert body",
)


retention(
    Retention(
        name="provisioning_log",
        label="Provisioning log",
        why="To see what the identity provider asked for, and what came of it.",
        days=90,
        least=7,
        most=730,
        too_old=lambda before: [ProvisioningEntry.objects.filter(at__lt=before)],
    )
)
