"""What this server can do: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7644, section 4).

Filters and pages are passed over here, as some clients send them along everywhere.
"""

from typing import Any

from django.http import HttpResponse
from django_scim.constants import SchemaURI
from django_scim.models import SCIMServiceProviderConfig

from scim import bulk, locations
from scim.auth import ScimRequest
from scim.errors import ScimError
from scim.schema import published, registry
from scim.schema.attributes import Json, Schema
from scim.schema.registry import ResourceType
from scim.search import MOST_RESULTS
from scim.views.protocol import ScimView, scim_response

DOCUMENTATION = "https://www.rfc-editor.org/rfc/rfc7644"


class ServiceProviderConfig(SCIMServiceProviderConfig):  # type: ignore[misc]
    """The library's, with what this server can do, and absolute locations."""

    @property
    def location(self) -> str:
        return f"{locations.base_url()}/ServiceProviderConfig"

    def to_dict(self) -> Json:
        return {
            **super().to_dict(),
            "documentationUri": DOCUMENTATION,
            "bulk": {
                "supported": True,
                "maxOperations": bulk.MOST_OPERATIONS,
                "maxPayloadSize": bulk.LARGEST_BODY,
            },
            "filter": {"supported": True, "maxResults": MOST_RESULTS},
            "changePassword": {"supported": False},
            "sort": {"supported": True},
            "etag": {"supported": True},
        }


class DiscoveryView(ScimView):
    http_method_names = ["get", "head"]


class ServiceProviderConfigView(DiscoveryView):
    def get(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        return scim_response(ServiceProviderConfig(request).to_dict())


class ResourceTypesView(DiscoveryView):
    def get(self, request: ScimRequest, uuid: str = "", **kwargs: Any) -> HttpResponse:
        shown = {name: _type_shown(kind) for name, kind in registry.resource_types().items()}
        return _one_or_all(shown, uuid)


class SchemasView(DiscoveryView):
    """All three of ours in the list; the schemas of discovery itself by their URN alone."""

    def get(self, request: ScimRequest, uuid: str = "", **kwargs: Any) -> HttpResponse:
        listed: dict[str, Json] = {}
        for kind in registry.resource_types().values():
            for schema in (kind.schema, *(extension.schema for extension in kind.extensions)):
                listed[schema.id] = _schema_shown(schema)
        named = listed | {urn: _schema_shown(published.schema(urn)) for urn in published.META_SCHEMAS}
        return _one_or_all(named if uuid else listed, uuid)


def _one_or_all(shown: dict[str, Json], name: str) -> HttpResponse:
    if not name:
        return scim_response(
            {
                "schemas": [SchemaURI.LIST_RESPONSE],
                "totalResults": len(shown),
                "itemsPerPage": len(shown),
                "startIndex": 1,
                "Resources": list(shown.values()),
            }
        )
    found = {key.lower(): document for key, document in shown.items()}.get(name.lower())
    if found is None:
        raise ScimError(404, "There is no such resource.")
    return scim_response(found)


def _type_shown(kind: ResourceType) -> Json:
    return {
        "schemas": [SchemaURI.RESOURCE_TYPE],
        "id": kind.name,
        "name": kind.name,
        "endpoint": kind.endpoint,
        "description": kind.description,
        "schema": kind.schema.id,
        "schemaExtensions": [{"schema": each.schema.id, "required": each.required} for each in kind.extensions],
        "meta": {"resourceType": "ResourceType", "location": f"{locations.base_url()}/ResourceTypes/{kind.name}"},
    }


def _schema_shown(schema: Schema) -> Json:
    return {
        "schemas": [published.SCHEMA_URN],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description or schema.name,
        "attributes": [attribute.as_json() for attribute in schema.attributes],
        "meta": {"resourceType": "Schema", "location": f"{locations.base_url()}/Schemas/{schema.id}"},
    }
