"""How an organization wants its identity provider dealt with."""

from dataclasses import dataclass

from clockwise.audit.record import record
from clockwise.organizations.models import Member
from scim import provisioning
from scim.models import ProvisioningSettings


@dataclass(frozen=True)
class Choices:
    """What an admin may change (see `ProvisioningSettings`)."""

    is_trial: bool = False
    blocks_unlisted: bool = False
    entra_tolerant: bool = False


def current_choices() -> Choices:
    saved = ProvisioningSettings.objects.first() or ProvisioningSettings()
    return Choices(saved.is_trial, saved.blocks_unlisted, saved.entra_tolerant)


def change(wanted: Choices, *, by: Member) -> list[str]:
    """Save the choices, and say what followed. At the end of a trial all that was sent so far takes effect."""
    saved = ProvisioningSettings.objects.select_for_update().first() or ProvisioningSettings()
    before = current_choices()
    if wanted == before:
        return ["Nothing was different."]
    saved.is_trial, saved.blocks_unlisted = wanted.is_trial, wanted.blocks_unlisted
    saved.entra_tolerant = wanted.entra_tolerant
    saved.save()
    record("scim.settings_changed", by=by.pk, target=saved, before=vars(before), after=vars(wanted))
    if before.is_trial and not wanted.is_trial:
        provisioning.settle_everybody()
        return ["The trial is over: what the identity provider sent has taken effect."]
    return ["Saved."]
