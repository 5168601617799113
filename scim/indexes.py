"""Blind indexes of what filters ask for most: who has this userName, externalId, address or name."""

from collections.abc import Iterator

from clockwise.encryption.blind_index import organization_index
from clockwise.tenancy.current import require_organization_id
from scim.filters.evaluate import values
from scim.models import IndexedValue, Resource
from scim.schema.attributes import Json
from scim.schema.registry import AttributePath, ResourceType, of


def value_index(kind: ResourceType, path: AttributePath, value: str) -> bytes:
    """16 bytes; equal for values that the attribute holds for equal, in the current organization alone."""
    return organization_index(require_organization_id(), f"scim:{kind.name}:{path.key}", path.target.fold(value))


def write(resource: Resource, document: Json, *, before: Json | None = None) -> None:
    """Bring the resource's indexes in line with its document. Raises IntegrityError for a taken unique value."""
    wanted = set(entries(resource, document))
    present = set(entries(resource, before)) if before is not None else set()
    for path, index in present - wanted:
        IndexedValue.objects.filter(resource=resource, path=path, value_index=index).delete()
    unique = of(resource.resource_type).unique_paths
    IndexedValue.objects.bulk_create(
        IndexedValue(
            resource=resource,
            resource_type=resource.resource_type,
            path=path,
            value_index=index,
            is_unique=path in unique,
        )
        for path, index in sorted(wanted - present)
    )


def entries(resource: Resource, document: Json) -> Iterator[tuple[str, bytes]]:
    """Path and index of each value of the document that has one."""
    kind = of(resource.resource_type)
    for path in kind.indexed_paths:
        for value in values(document, path):
            yield path.key, value_index(kind, path, value)
