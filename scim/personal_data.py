"""What provisioning's tables hold of people."""

from privacy.register import UNTIL_LEAVING, UNTIL_ORGANIZATION_ENDS, Basis, Purpose, table
from scim.models import (
    GroupRule,
    IndexedValue,
    Membership,
    ProvisioningEntry,
    ProvisioningSettings,
    Resource,
    ScimToken,
)

table(
    Resource,
    "What your identity provider sent of you",
    purpose=Purpose.PROVISIONING,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={
        "member": "whose record",
        "document": "name, addresses and other attributes as sent",
        "active": "whether you may sign in",
        "created_at": "when it was made",
        "modified_at": "when it was changed",
        "granted_role": "role by a group rule",
    },
    technical="resource_type version team",
)
table(
    IndexedValue,
    "Indexes of what your identity provider sent",
    purpose=Purpose.PROVISIONING,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["resource__member_id"],
    secret={"value_index": "keyed index of a value"},
    technical="resource resource_type path is_unique",
)
table(
    Membership,
    "Groups of your identity provider that you are in",
    purpose=Purpose.PROVISIONING,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["member__member_id"],
    personal={"member": "who", "group": "in which group"},
)
table(
    ProvisioningEntry,
    "Log of your identity provider's requests",
    purpose=Purpose.SECURITY,
    basis=Basis.LEGITIMATE_INTEREST,
    retention="30 days, unless an admin chose otherwise",
    personal={"body": "what was asked and answered", "resource_id": "about which record", "at": "when"},
    technical="token_id resource_type action status is_alert",
)
table(
    ScimToken,
    "Tokens of identity providers",
    purpose=Purpose.PROVISIONING,
    basis=Basis.CONTRACT,
    retention=UNTIL_ORGANIZATION_ENDS,
    person=["created_by_id"],
    personal={"created_by": "who made it", "created_at": "when"},
    secret={"token_hash": "hash of the token"},
    technical="prefix details scopes expires_at last_used_at revoked_at",
    kept_because="The organization's provider goes on using it. The link to the person is cut.",
)
for _model, _label, _columns in (
    (
        ProvisioningSettings,
        "Settings of provisioning",
        "entra_tolerant is_trial blocks_unlisted requests_per_second opened_at_most log_days",
    ),
    (GroupRule, "Rules for groups", "details outcome role created_at"),
):
    table(
        _model,
        _label,
        purpose=Purpose.PROVISIONING,
        basis=Basis.NONE,
        retention=UNTIL_ORGANIZATION_ENDS,
        technical=_columns,
    )
