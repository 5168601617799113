"""A resource type of every kind of attribute, registered in test settings alone: much of RFC 7643 can't be seen on
users and groups.
"""

from typing import Any

from scim.schema.attributes import Attribute, Schema
from scim.schema.registry import Extension, ResourceType

CORE = "urn:ietf:params:scim:schemas:test:2.0:TestResource"
EXTENSION = "urn:ietf:params:scim:schemas:extension:test:2.0:TestResource"


def _extra(name: str, kind: str, **more: Any) -> Attribute:
    return Attribute(name, kind, description=name, schema=EXTENSION, **more)


def _core(name: str, kind: str = "string", **more: Any) -> Attribute:
    return Attribute(name, kind, description=name, **more)


TYPE = ResourceType(
    name="TestResource",
    endpoint="/TestResources",
    description="One attribute of every kind",
    schema=Schema(
        CORE,
        "TestResource",
        "One attribute of every kind",
        (
            _core("identifier", required=True, uniqueness="server"),
            _core("caseExactString", case_exact=True),
            _core("caseInsensitiveString"),
            _core("integerAttr", "integer"),
            _core("decimalAttr", "decimal"),
            _core("booleanAttr", "boolean"),
            _core("dateTimeAttr", "dateTime"),
            _core("binaryAttr", "binary", case_exact=True),
            _core("referenceAttr", "reference", case_exact=True, reference_types=("uri",)),
            _core("readOnlyAttr", mutability="readOnly"),
            _core("immutableAttr", mutability="immutable"),
            _core("writeOnlyAttr", mutability="writeOnly", returned="never"),
            _core("requestOnlyAttr", returned="request"),
            _core("alwaysReturnedAttr", returned="always"),
            _core("multiStrings", multi_valued=True),
            _core(
                "complexAttr",
                "complex",
                sub_attributes=(_core("sub1"), _core("sub2", "integer"), _core("sub3", "boolean")),
            ),
            _core(
                "multiComplex",
                "complex",
                multi_valued=True,
                sub_attributes=(_core("value"), _core("type"), _core("primary", "boolean")),
            ),
            _core("uniqueString", uniqueness="server"),
        ),
    ),
    extensions=(
        Extension(
            Schema(
                EXTENSION,
                "TestExtension",
                "An extension with a required attribute",
                (
                    _extra("extString", "string"),
                    _extra("extRequired", "string", required=True),
                    _extra("extInteger", "integer"),
                ),
            ),
            required=True,
        ),
    ),
    indexed=frozenset({"caseExactString"}),
)
