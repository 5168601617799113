"""The one evaluator: a bound filter as a function of a document, for searches and value paths alike."""

import operator as operators
from collections.abc import Callable
from typing import Any

from scim.documents import parse_instant
from scim.filters.bound import All, Bound, Element, Negation, Nothing, Some, Test
from scim.schema.attributes import Attribute, Json
from scim.schema.registry import AttributePath

Predicate = Callable[[Json], bool]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operators.eq,
    "gt": operators.gt,
    "ge": operators.ge,
    "lt": operators.lt,
    "le": operators.le,
    "co": lambda text, part: part in text,
    "sw": str.startswith,
    "ew": str.endswith,
}


def predicate(bound: Bound) -> Predicate:
    """Whether a document (or, for what stands in brackets, an element) meets the filter."""
    match bound:
        case All(parts):
            every = [predicate(part) for part in parts]
            return lambda document: all(holds(document) for holds in every)
        case Some(parts):
            some = [predicate(part) for part in parts]
            return lambda document: any(holds(document) for holds in some)
        case Negation(part):
            inner = predicate(part)
            return lambda document: not inner(document)
        case Element(attribute, part):
            inner = predicate(part)
            return lambda document: any(inner(element) for element in elements(document, attribute))
        case Nothing(holds):
            return lambda document: holds
        case Test():
            return _test(bound)


def elements(document: Json, attribute: Attribute) -> list[Json]:
    """The attribute's objects; one, in a list, where it has but one."""
    container = document.get(attribute.schema) or {} if attribute.schema else document
    value = container.get(attribute.name)
    if value is None:
        return []
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def values(document: Json, path: AttributePath) -> list[Any]:
    """The simple values that the path leads to, without unassigned ones."""
    if path.sub is None:
        container = document.get(path.attribute.schema) or {} if path.attribute.schema else document
        value = container.get(path.attribute.name)
        return [] if value is None else value if isinstance(value, list) else [value]
    found = [element.get(path.sub.name) for element in elements(document, path.attribute)]
    return [value for value in found if value is not None]


def comparable(attribute: Attribute, value: Any) -> Any:
    """A value as it is compared and sorted: texts folded, instants as instants."""
    if attribute.type == "dateTime" and isinstance(value, str):
        return parse_instant(value)
    return attribute.fold(value) if isinstance(value, str) else value


def _test(test: Test) -> Predicate:
    path, target = test.path, test.path.target
    if test.operator == "pr" or (test.operator == "ne" and test.value is None):
        return lambda document: any(value not in ("", [], {}) for value in values(document, path))
    if test.value is None:
        return lambda document: not values(document, path)
    if test.operator == "ne":
        equal = _test(Test(path, "eq", test.value))
        return lambda document: not equal(document)
    compare = _COMPARISONS[test.operator]
    if test.operator in {"co", "sw", "ew"}:
        wanted = target.fold(str(test.value))
        return lambda document: any(compare(target.fold(value), wanted) for value in values(document, path))
    wanted_value = comparable(target, test.value)
    return lambda document: any(compare(comparable(target, value), wanted_value) for value in values(document, path))
