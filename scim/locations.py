"""Where resources are: absolute, since identity providers keep them."""

from uuid import UUID

from django.conf import settings

from scim.schema.registry import ResourceType

BASE_PATH = "/scim/v2"


def base_url() -> str:
    return f"{settings.CLOCKWISE_BASE_URL}{BASE_PATH}"


def of_resource(kind: ResourceType, resource_id: UUID) -> str:
    return f"{base_url()}{kind.endpoint}/{resource_id}"
