"""A parsed filter tied to the attributes of one resource type, its operators checked against their types."""

from dataclasses import dataclass
from typing import Union

from scim.documents import parse_instant
from scim.errors import ScimError, invalid_filter
from scim.filters.parser import Compare, Either, Elements, Every, Filter, Literal, Not
from scim.schema.attributes import Attribute
from scim.schema.registry import AttributePath, ResourceType

_ORDER = {"gt", "ge", "lt", "le"}
_TEXT_ONLY = {"co", "sw", "ew"}
_UNORDERED = {"boolean", "binary"}


@dataclass(frozen=True)
class Test:
    """`path.target` is a simple attribute, or a complex one with the operator `pr`."""

    path: AttributePath
    operator: str
    value: Literal


@dataclass(frozen=True)
class All:
    parts: tuple["Bound", ...]


@dataclass(frozen=True)
class Some:
    parts: tuple["Bound", ...]


@dataclass(frozen=True)
class Negation:
    part: "Bound"


@dataclass(frozen=True)
class Element:
    """Some element of the attribute meets `inner`, whose paths are its sub-attributes."""

    attribute: Attribute
    inner: "Bound"


@dataclass(frozen=True)
class Nothing:
    """A comparison with an attribute that this type doesn't have; only where several types are searched."""

    holds: bool


Bound = Union[Test, All, Some, Negation, Element, Nothing]  # noqa: UP007 - the names are forward references


def bind(parsed: Filter, kind: ResourceType, *, lenient: bool = False) -> Bound:
    """Raises ScimError: 400 `invalidFilter` for an unknown attribute (unless lenient) or a senseless comparison."""
    match parsed:
        case Every(parts):
            return All(tuple(bind(part, kind, lenient=lenient) for part in parts))
        case Either(parts):
            return Some(tuple(bind(part, kind, lenient=lenient) for part in parts))
        case Not(part):
            return Negation(bind(part, kind, lenient=lenient))
        case Elements(path, inner, compare):
            found = kind.path(path)
            if found is None and lenient:
                return Nothing(holds=False)
            attribute = found.attribute if found and found.sub is None else None
            return bind_elements(attribute, inner, compare)
        case Compare(path, operator, value):
            found = kind.path(path)
            if found is None and lenient:
                return Nothing(holds=operator == "ne")
            return _test(found, operator, value)


def bind_elements(attribute: Attribute | None, inner: Filter, compare: Compare | None = None) -> Element:
    """`attribute[inner]`; a comparison of a sub-attribute after it must hold for the same element."""
    if attribute is None or not attribute.is_complex:
        raise invalid_filter("Only an attribute that has sub-attributes takes a filter in brackets.")
    bound = _bind_inner(inner, attribute)
    if compare is not None:
        bound = All((bound, _bind_inner(compare, attribute)))
    return Element(attribute, bound)


def _bind_inner(parsed: Filter, attribute: Attribute) -> Bound:
    match parsed:
        case Every(parts):
            return All(tuple(_bind_inner(part, attribute) for part in parts))
        case Either(parts):
            return Some(tuple(_bind_inner(part, attribute) for part in parts))
        case Not(part):
            return Negation(_bind_inner(part, attribute))
        case Elements():
            raise invalid_filter("Brackets can't be nested.")
        case Compare(path, operator, value):
            sub = attribute.sub(path)
            return _test(AttributePath(sub) if sub else None, operator, value)


def _test(path: AttributePath | None, operator: str, value: Literal) -> Test:
    if path is None:
        raise invalid_filter("It names an attribute that this resource doesn't have.")
    if path.target.returned == "never":
        raise invalid_filter("It names an attribute that can't be searched.")
    if path.target.is_complex and operator != "pr":
        path = _value_of(path)
    return Test(path, operator, _checked(path.target, operator, value))


def _value_of(path: AttributePath) -> AttributePath:
    """`emails co "x"` means its default sub-attribute (RFC 7643, section 2.4)."""
    value = path.attribute.sub("value")
    if value is None:
        raise invalid_filter("It compares an attribute that has sub-attributes: name one of them.")
    return AttributePath(path.attribute, value)


def _checked(target: Attribute, operator: str, value: Literal) -> Literal:
    if operator == "pr" or (value is None and operator in {"eq", "ne"}):
        return None
    if operator in _ORDER and target.type in _UNORDERED:
        raise invalid_filter(f"{operator} can't compare {target.type} values.")
    if operator in _TEXT_ONLY and not target.is_text:
        raise invalid_filter(f"{operator} can't compare {target.type} values.")
    if target.type == "boolean":
        return _boolean(target, value)
    if target.type in {"integer", "decimal"}:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(target)
        return value
    if not isinstance(value, str):
        raise _wrong(target)
    if target.type == "dateTime" and operator not in _TEXT_ONLY and parse_instant(value) is None:
        raise _wrong(target)
    return value


def _boolean(target: Attribute, value: Literal) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _wrong(target)


def _wrong(target: Attribute) -> ScimError:
    return invalid_filter(f"{target.name} is compared with a value of another type; it is a {target.type}.")
