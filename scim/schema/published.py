"""The library's schema files, with their faults mended (docs/decisions/0030-scim-on-django-scim2.md)."""

import copy
from functools import cache

from django_scim.constants import SchemaURI
from django_scim.schemas import load_schemas

from scim.schema.attributes import Attribute, Json, Schema, schema_from_json

SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"
META_SCHEMAS = (SCHEMA_URN, SchemaURI.RESOURCE_TYPE, SchemaURI.SERVICE_PROVIDER_CONFIG)

COMMON = (
    Attribute("schemas", "reference", multi_valued=True, case_exact=True, returned="always", reference_types=("uri",)),
    Attribute("id", "string", case_exact=True, mutability="readOnly", returned="always", uniqueness="global"),
    Attribute("externalId", "string", case_exact=True),
    Attribute(
        "meta",
        "complex",
        mutability="readOnly",
        sub_attributes=(
            Attribute("resourceType", "string", case_exact=True, mutability="readOnly"),
            Attribute("created", "dateTime", mutability="readOnly"),
            Attribute("lastModified", "dateTime", mutability="readOnly"),
            Attribute("location", "reference", case_exact=True, mutability="readOnly"),
            Attribute("version", "string", case_exact=True, mutability="readOnly"),
        ),
    ),
)
"""Attributes of every resource (RFC 7643, section 3.1); no schema lists them."""


@cache
def library_documents() -> dict[str, Json]:
    """The schema files by URN, mended: what RFC 7643, section 8.7 says and the files don't."""
    documents = {document["id"]: copy.deepcopy(document) for document in load_schemas()}
    group = _attributes(documents[SchemaURI.GROUP])
    group["displayName"] |= {"required": True, "uniqueness": "server"}
    _attributes(group["members"], "subAttributes")["value"]["caseExact"] = True
    user = _attributes(documents[SchemaURI.USER])
    _attributes(user["groups"], "subAttributes")["value"]["caseExact"] = True
    # Providers mark a primary address; the files have no such sub-attribute.
    primary = _attributes(user["emails"], "subAttributes")["primary"]
    user["addresses"]["subAttributes"].append(copy.deepcopy(primary))
    # ServiceProviderConfig's own schema leaves out what the resource must say.
    return documents


def schema(urn: str, *, is_extension: bool = False) -> Schema:
    return schema_from_json(library_documents()[urn], is_extension=is_extension)


def _attributes(document: Json, key: str = "attributes") -> dict[str, Json]:
    return {entry["name"]: entry for entry in document[key]}
