"""From what a client sends to the document that is stored: the registry's spelling, checked types, nothing unknown.

Providers are not exact (docs/identity/): attribute names come in any case, booleans as text, one object where a list
is due, a bare text for a manager. All that is understood; what has no meaning is refused with 400.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scim.errors import ScimError, invalid_syntax, invalid_value, mutability
from scim.schema.attributes import Attribute, Json
from scim.schema.registry import Extension, ResourceType

DEEPEST = 32
_INSTANT = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


class Unassigned:
    """Null, an empty text, list or object: the attribute has no value (RFC 7643, section 2.5)."""


UNASSIGNED = Unassigned()


def refuse_unreadable(value: Any) -> None:
    """Raises ScimError for JSON that is nested too deeply or holds characters that no text may have."""
    level = [value]
    for _ in range(DEEPEST):
        level = [part for each in level for part in _parts(each)]
        if not level:
            return
    raise invalid_syntax(f"The body is nested deeper than {DEEPEST} levels.")


def from_client(kind: ResourceType, body: Json) -> Json:
    """The document that a POST or PUT body means, without read-only and unknown attributes.

    Raises ScimError: 400 `invalidSyntax` (wrong schemas), `invalidValue`.
    """
    refuse_foreign_schemas(kind, body.get("schemas"))
    document: Json = {}
    for key, value in body.items():
        extension = kind.extension(key)
        if extension is not None:
            _take_extension(document, extension, value)
        else:
            _take_attribute(document, kind, key, value)
    ensure_valid(kind, document)
    return document


def refuse_foreign_schemas(kind: ResourceType, schemas: Any) -> None:
    """Missing `schemas` are accepted, unknown ones passed over; another type's alone are an error."""
    if schemas is None or schemas == []:
        return
    if not isinstance(schemas, list) or not all(isinstance(urn, str) for urn in schemas):
        raise invalid_syntax("schemas must be a list of URNs.")
    if kind.schema.id.lower() not in {urn.lower() for urn in schemas}:
        raise invalid_syntax(f"schemas must name {kind.schema.id}. (This is SCIM 2.0.)")


def ensure_valid(kind: ResourceType, document: Json) -> None:
    """Raises ScimError for a missing required value, or two primary ones in a list."""
    _ensure_required(kind.schema.attributes, document)
    for extension in kind.extensions:
        part = document.get(extension.schema.id)
        if part is None and extension.required:
            raise invalid_value(f"{extension.schema.id} is required.")
        if part is not None:
            _ensure_required(extension.schema.attributes, part)
    for attribute, value in assigned(kind, document):
        if attribute.multi_valued and attribute.is_complex and len(primary_elements(value)) > 1:
            raise invalid_value(f"{attribute.name}: only one value may be primary.")


def ensure_immutables_kept(kind: ResourceType, before: Json, after: Json) -> None:
    """Immutable values stay: a missing one is kept, another one refused (RFC 7644, section 3.5.1)."""
    for attribute in kind.all_attributes():
        if attribute.mutability != "immutable":
            continue
        old = container_of(before, attribute).get(attribute.name)
        if old is None:
            continue
        if container_of(after, attribute, make=True).setdefault(attribute.name, old) != old:
            raise mutability(f"{attribute.name} can't be changed once it is set.")


def assigned(kind: ResourceType, document: Json) -> Iterator[tuple[Attribute, Any]]:
    """Attributes that have a value in the document, with it."""
    for attribute in kind.all_attributes():
        value = container_of(document, attribute).get(attribute.name)
        if value is not None:
            yield attribute, value


def container_of(document: Json, attribute: Attribute, *, make: bool = False) -> Json:
    """The object that holds the attribute: the document, or its extension's part of it."""
    if not attribute.schema:
        return document
    if make:
        part: Json = document.setdefault(attribute.schema, {})
        return part
    return document.get(attribute.schema) or {}


def primary_elements(elements: list[Any]) -> list[Json]:
    return [element for element in elements if isinstance(element, dict) and element.get("primary") is True]


def coerce(attribute: Attribute, value: Any) -> Any:
    """A client's value as it is stored, or UNASSIGNED. Raises ScimError: 400 `invalidValue`."""
    if not attribute.multi_valued:
        return coerce_single(attribute, value)
    elements = value if isinstance(value, list) else [value]
    taken = [coerce_single(attribute, element) for element in elements]
    return without_repeats([element for element in taken if element is not UNASSIGNED]) or UNASSIGNED


def coerce_single(attribute: Attribute, value: Any) -> Any:
    """One value of the attribute: an element of its list where it has many."""
    if value is None or value == "" or value == {} or value == []:
        return UNASSIGNED
    if attribute.is_complex:
        return _complex(attribute, value)
    return _SIMPLE[attribute.type](attribute, value)


def without_repeats(elements: list[Any]) -> list[Any]:
    """The same type and value appears once (RFC 7643, section 2.4)."""
    kept: list[Any] = []
    seen: list[Any] = []
    for element in elements:
        identity = (element.get("type"), element["value"]) if _has_value(element) else element
        if identity not in seen:
            seen.append(identity)
            kept.append(element)
    return kept


def _has_value(element: Any) -> bool:
    return isinstance(element, dict) and element.get("value") is not None


def _take_extension(document: Json, extension: Extension, value: Any) -> None:
    if value is None or value == {}:
        return
    if not isinstance(value, dict):
        raise invalid_value(f"{extension.schema.id} must be an object.")
    for name, inner in value.items():
        attribute = extension.schema.by_name.get(name.lower())
        if attribute is not None:
            store(document, attribute, inner)


def _take_attribute(document: Json, kind: ResourceType, key: str, value: Any) -> None:
    path = kind.path(key)
    if path is None or path.attribute.name == "schemas":
        return
    if path.sub is None:
        store(document, path.attribute, value)
    elif not path.attribute.multi_valued:
        part = container_of(document, path.attribute).get(path.attribute.name) or {}
        store(document, path.attribute, {**part, path.sub.name: value})


def store(document: Json, attribute: Attribute, value: Any) -> None:
    """Set a value from a client, unless the attribute is read-only. Never returned means never stored."""
    if attribute.mutability == "readOnly":
        return
    taken = coerce(attribute, value)
    if attribute.returned == "never":
        return
    put(document, attribute, taken)


def put(document: Json, attribute: Attribute, taken: Any) -> None:
    """Set a coerced value, or take the attribute away; an empty extension goes with its last attribute."""
    if taken is UNASSIGNED:
        container_of(document, attribute).pop(attribute.name, None)
        if attribute.schema and not document.get(attribute.schema):
            document.pop(attribute.schema, None)
    else:
        container_of(document, attribute, make=True)[attribute.name] = taken


def _ensure_required(attributes: tuple[Attribute, ...], container: Json) -> None:
    for attribute in attributes:
        value = container.get(attribute.name)
        if attribute.required and (value is None or (isinstance(value, str) and not value.strip())):
            raise invalid_value(f"{attribute.name} is required.")


def _complex(attribute: Attribute, value: Any) -> Any:
    if not isinstance(value, dict):
        if isinstance(value, str) and attribute.sub("value"):
            return {"value": value}
        raise _wrong(attribute, "an object")
    taken: Json = {}
    for name, inner in value.items():
        sub = attribute.sub(name)
        if sub is None or sub.mutability == "readOnly":
            continue
        coerced = coerce(sub, inner)
        if coerced is not UNASSIGNED:
            taken[sub.name] = coerced
    return taken or UNASSIGNED


def _text(attribute: Attribute, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(attribute, "a text")
    return value


def _boolean(attribute: Attribute, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise _wrong(attribute, "true or false")


def _integer(attribute: Attribute, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(attribute, "a whole number")
    return value


def _decimal(attribute: Attribute, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(attribute, "a number")
    return value


def _instant(attribute: Attribute, value: Any) -> str:
    text = _text(attribute, value)
    if parse_instant(text) is None:
        raise _wrong(attribute, "a date and time such as 2027-03-01T10:30:00Z")
    return text


def parse_instant(text: str) -> datetime | None:
    """An xsd:dateTime, in UTC where it names no zone."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return found if found.tzinfo else datetime.fromisoformat(f"{text}+00:00")
    except ValueError:
        return None


def _binary(attribute: Attribute, value: Any) -> str:
    text = _text(attribute, value)
    try:
        base64.b64decode(text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _wrong(attribute, "base64") from None
    return text


_SIMPLE = {
    "string": _text,
    "reference": _text,
    "boolean": _boolean,
    "integer": _integer,
    "decimal": _decimal,
    "dateTime": _instant,
    "binary": _binary,
}


def _wrong(attribute: Attribute, wanted: str) -> ScimError:
    return invalid_value(f"{attribute.name} must be {wanted}.")


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise invalid_value("A text has a character that no text may have.")
        return []
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []
