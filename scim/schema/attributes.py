"""Attributes and schemas as RFC 7643, section 7 describes them, read from their own JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Attribute:
    """One attribute and its characteristics. `schema`: the URN of the extension it lies in, "" for the core."""

    name: str
    type: str
    description: str = ""
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    canonical_values: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()
    sub_attributes: tuple["Attribute", ...] = ()
    schema: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, "Attribute"]:
        return {sub.name.lower(): sub for sub in self.sub_attributes}

    def sub(self, name: str) -> "Attribute | None":
        """The sub-attribute of that name, in any case."""
        return self.by_name.get(name.lower())

    @property
    def is_complex(self) -> bool:
        return self.type == "complex"

    @property
    def is_text(self) -> bool:
        return self.type in {"string", "reference", "binary", "dateTime"}

    def fold(self, value: str) -> str:
        """A text as it is compared: folded unless case counts."""
        return value if self.case_exact else value.casefold()

    def as_json(self) -> Json:
        """The attribute as `/Schemas` shows it."""
        shown: Json = {
            "name": self.name,
            "type": self.type,
            "multiValued": self.multi_valued,
            "description": self.description,
            "required": self.required,
            "caseExact": self.case_exact,
            "mutability": self.mutability,
            "returned": self.returned,
            "uniqueness": self.uniqueness,
        }
        if self.canonical_values:
            shown["canonicalValues"] = list(self.canonical_values)
        if self.reference_types:
            shown["referenceTypes"] = list(self.reference_types)
        if self.sub_attributes:
            shown["subAttributes"] = [sub.as_json() for sub in self.sub_attributes]
        return shown


@dataclass(frozen=True)
class Schema:
    """A schema with its URN."""

    id: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Attribute]:
        return {attribute.name.lower(): attribute for attribute in self.attributes}


def schema_from_json(document: Json, *, is_extension: bool) -> Schema:
    """Read a schema as `/Schemas` shows it."""
    urn = document["id"]
    attributes = tuple(_attribute(entry, urn if is_extension else "") for entry in document["attributes"])
    return Schema(urn, document["name"], document.get("description", ""), attributes)


def _attribute(entry: Json, schema: str) -> Attribute:
    return Attribute(
        name=entry["name"],
        type=entry["type"],
        description=entry.get("description", ""),
        multi_valued=bool(entry.get("multiValued")),
        required=bool(entry.get("required")),
        # RFC 7643, sections 2.3.6 and 2.3.7: binary and reference values are case exact.
        case_exact=bool(entry.get("caseExact")) or entry["type"] in {"binary", "reference"},
        mutability=entry.get("mutability") or "readWrite",
        returned=entry.get("returned") or "default",
        uniqueness=entry.get("uniqueness") or "none",
        canonical_values=tuple(entry.get("canonicalValues") or ()),
        reference_types=tuple(entry.get("referenceTypes") or ()),
        sub_attributes=tuple(_attribute(sub, schema) for sub in entry.get("subAttributes", ())),
        schema=schema,
    )
