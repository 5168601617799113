"""Keeps out who isn't listed, where the organization wants that."""

from clockwise.organizations import admission
from scim.models import ProvisioningSettings


@admission.rule
def admits_unlisted() -> bool:
    return not ProvisioningSettings.objects.filter(blocks_unlisted=True).exists()
