from scim.models.log import ProvisioningEntry
from scim.models.resource import IndexedValue, Membership, Resource
from scim.models.rules import GroupRule, ProvisioningSettings
from scim.models.token import ScimToken

__all__ = [
    "GroupRule",
    "IndexedValue",
    "Membership",
    "ProvisioningEntry",
    "ProvisioningSettings",
    "Resource",
    "ScimToken",
]
