"""The subscription tiers and the features that each has, in one table.

A plan decides what may be *used and changed*. What an admin has shut out stays shut out whatever the plan becomes:
nothing in `privacy/` asks for the plan when it reads a setting, only when somebody edits one.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import models

from clockwise import clock
from clockwise.tenancy import current

if TYPE_CHECKING:
    from clockwise.organizations.models import Organization


class Plan(models.TextChoices):
    FREE = "free"
    TEAMS = "teams"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"


class Feature(models.TextChoices):
    FLEXIBLE_MEETINGS = "flexible meetings"
    ORGANIZATION_RUN = "organization run"
    TEAMS = "teams"
    ANALYTICS = "analytics"
    PROVISIONING = "provisioning"
    CALENDAR_EXCLUSIONS = "calendar exclusions"
    PROCESSING_SETTINGS = "configurable processing"
    RETENTION_SETTINGS = "retention settings"
    AUDIT_EXPORT = "audit log export"


_EVERYWHERE = frozenset({Feature.FLEXIBLE_MEETINGS})
_TEAMS = _EVERYWHERE | {Feature.ORGANIZATION_RUN, Feature.TEAMS}
_BUSINESS = _TEAMS | {Feature.ANALYTICS}
FEATURES: dict[Plan, frozenset[Feature]] = {
    Plan.FREE: _EVERYWHERE,
    Plan.TEAMS: _TEAMS,
    Plan.BUSINESS: _BUSINESS,
    Plan.ENTERPRISE: frozenset(Feature),
}

Answer = TypeVar("Answer")


class FeatureLocked(PermissionDenied):
    """The organization's plan doesn't have this feature. `feature` names it, `plan` is the least one that has it."""

    def __init__(self, feature: Feature) -> None:
        self.feature, self.plan = feature, least_plan(feature)
        super().__init__(f"{feature.label} needs the plan {self.plan.label}.")


def allows(plan: str, feature: Feature) -> bool:
    return feature in FEATURES[Plan(plan)]


def least_plan(feature: Feature) -> Plan:
    return next(plan for plan in Plan if allows(plan, feature))


def in_force(plan: str, ends_at: datetime | None) -> Plan:
    """The plan that counts now: one that has run out is free."""
    return Plan(plan) if ends_at is None or clock.now() < ends_at else Plan.FREE


def has(feature: Feature) -> bool:
    """Whether the current organization's plan has the feature now. For pages, the API, SCIM and tasks alike."""
    return allows(_organization().plan_in_force, feature)


def ensure(feature: Feature, *, plan: Plan | None = None) -> None:
    """Raises FeatureLocked: 403 on a page, in the API and in SCIM.

    `plan`: the one in force, where the caller knows it already; else the current organization's is looked up.
    """
    if not (has(feature) if plan is None else allows(plan, feature)):
        raise FeatureLocked(feature)


def feature_required(feature: Feature) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """For a view or task that is of no use without the feature."""

    def decorate(function: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Answer:
            ensure(feature)
            return function(*args, **kwargs)

        return guarded

    return decorate


def _organization() -> "Organization":
    from clockwise.organizations.models import Organization

    return Organization.objects.get(pk=current.require_organization_id())
