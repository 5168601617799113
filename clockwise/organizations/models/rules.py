"""What the organization has decided about its runs and about recognizing days off."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy.models import TenantModel


def workdays() -> list[int]:
    return [0, 1, 2, 3, 4]


@dataclass(frozen=True)
class Keywords:
    """Words and phrases of titles. A phrase of `not_away` wins over all others (H14)."""

    away: tuple[str, ...] = ("ooo", "out of office", "pto", "vacation", "annual leave", "sick leave", "parental leave")
    holiday: tuple[str, ...] = ("public holiday", "bank holiday", "company holiday")
    not_away: tuple[str, ...] = ("pto report", "ooo planning", "vacation planning", "holiday party")
    lunch: tuple[str, ...] = ("lunch", "team lunch")


class OrganizationRules(TenantModel):
    """At most one row an organization; without one the defaults of the fields hold.

    `run_minute` counts from local midnight in the organization's zone; `run_days` are weekdays, 0 is Monday.
    """

    run_enabled = models.BooleanField(default=True)
    run_minute = models.PositiveSmallIntegerField(default=16 * 60)
    run_days = models.JSONField(default=workdays)
    freeze_hours = models.PositiveSmallIntegerField(default=20)
    weeks_ahead = models.PositiveSmallIntegerField(default=2)
    keywords = SealedField(Keywords)
    changed_at = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_organization_rules"),
            models.CheckConstraint(
                name="organization_rules_in_range",
                condition=models.Q(run_minute__lt=24 * 60, freeze_hours__lte=72, weeks_ahead__in=(2, 3)),
            ),
        ]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)

    @property
    def freeze(self) -> timedelta:
        return timedelta(hours=self.freeze_hours)
