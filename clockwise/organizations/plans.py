"""The subscription tiers and the features that each has, in one table."""

from django.db import models


class Plan(models.TextChoices):
    FREE = "free"
    TEAMS = "teams"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"


class Feature(models.TextChoices):
    FLEXIBLE_MEETINGS = "flexible meetings"
    ORGANIZATION_RUN = "organization run"
    PROVISIONING = "provisioning"
    PROCESSING_SETTINGS = "configurable processing"


FEATURES: dict[Plan, frozenset[Feature]] = {
    Plan.FREE: frozenset({Feature.FLEXIBLE_MEETINGS}),
    Plan.TEAMS: frozenset({Feature.FLEXIBLE_MEETINGS, Feature.ORGANIZATION_RUN}),
    Plan.BUSINESS: frozenset({Feature.FLEXIBLE_MEETINGS, Feature.ORGANIZATION_RUN}),
    Plan.ENTERPRISE: frozenset(Feature),
}


def allows(plan: str, feature: Feature) -> bool:
    return feature in FEATURES[Plan(plan)]
