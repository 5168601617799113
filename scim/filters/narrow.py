"""From a bound filter to indexed SQL through the ORM: as far as columns and blind indexes reach.

The documents are sealed, so that the database answers equality of what is indexed and comparisons of columns. The rest
is left to the evaluator, which then opens what the query still lets through.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from scim.documents import parse_instant
from scim.filters.bound import All, Bound, Element, Negation, Nothing, Some, Test
from scim.indexes import value_index
from scim.models import IndexedValue, Membership
from scim.schema.registry import AttributePath, ResourceType

ALL = Q()
NONE = Q(pk__in=[])
_ORDER = {"gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}
_INSTANTS = {"meta.created": "created_at", "meta.lastModified": "modified_at"}
_MEMBERSHIPS = {"members": ("group", "member"), "groups": ("member", "group")}


@dataclass(frozen=True)
class Narrowed:
    """`query` lets through every match; `exact`: and nothing else, so that no document needs to be opened."""

    query: Q
    exact: bool


_UNKNOWN = Narrowed(ALL, exact=False)


def narrow(bound: Bound, kind: ResourceType) -> Narrowed:
    match bound:
        case All(parts):
            narrowed = [narrow(part, kind) for part in parts]
            query = ALL
            for part in narrowed:
                query &= part.query
            return Narrowed(query, all(part.exact for part in narrowed))
        case Some(parts):
            return _some([narrow(part, kind) for part in parts])
        case Negation(part):
            inner = narrow(part, kind)
            return Narrowed(_not(inner.query), exact=True) if inner.exact else _UNKNOWN
        case Nothing(holds):
            return _whether(holds)
        case Element():
            return _element(bound, kind)
        case Test():
            return _test(bound, kind)


def _some(narrowed: list[Narrowed]) -> Narrowed:
    exact = all(part.exact for part in narrowed)
    if any(part.query == ALL for part in narrowed):
        return Narrowed(ALL, exact)
    query = NONE
    for part in narrowed:
        query |= part.query
    return Narrowed(query, exact)


def _not(query: Q) -> Q:
    # Django takes ~Q() for Q().
    return NONE if query == ALL else ~query


def _whether(holds: bool) -> Narrowed:
    return Narrowed(ALL if holds else NONE, exact=True)


def _test(test: Test, kind: ResourceType) -> Narrowed:
    key = test.path.key
    if test.operator == "ne":
        inner = _test(Test(test.path, "eq", test.value), kind)
        return Narrowed(_not(inner.query), exact=True) if inner.exact else _UNKNOWN
    if key == "id":
        return _id(test)
    if key == "active":
        return _active(test)
    if key == "meta.resourceType" and test.operator == "eq":
        return _whether(test.value == kind.name)
    if key in _INSTANTS:
        return _instant(test, _INSTANTS[key])
    if key.removesuffix(".value") in _MEMBERSHIPS:
        return _membership(test, *_MEMBERSHIPS[key.removesuffix(".value")])
    if kind.is_indexed(test.path):
        return _indexed(test, kind)
    return _UNKNOWN


def _element(element: Element, kind: ResourceType) -> Narrowed:
    """`attribute[value eq "x" ...]` narrows by the index of `attribute.value`; alone it is exact."""
    value = element.attribute.sub("value")
    parts = element.inner.parts if isinstance(element.inner, All) else (element.inner,)
    for part in parts:
        if isinstance(part, Test) and value is not None and part.path.target is value and part.operator == "eq":
            found = _test(Test(AttributePath(element.attribute, value), "eq", part.value), kind)
            return Narrowed(found.query, found.exact and len(parts) == 1)
    return _UNKNOWN


def _id(test: Test) -> Narrowed:
    if test.operator == "pr":
        return _whether(True)
    if test.operator != "eq":
        return _UNKNOWN
    resource_id = as_id(test.value)
    return Narrowed(Q(pk=resource_id), exact=True) if resource_id else _whether(False)


def as_id(value: Any) -> UUID | None:
    """An id as we write them; every other spelling names nothing."""
    try:
        found = UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None
    return found if str(found) == value else None


def _active(test: Test) -> Narrowed:
    if test.operator == "pr":
        return Narrowed(Q(active__isnull=False), exact=True)
    if test.value is None:
        return Narrowed(Q(active=None), exact=True)
    return Narrowed(Q(active=test.value), exact=True)


def _instant(test: Test, column: str) -> Narrowed:
    if test.operator == "pr":
        return _whether(True)
    at = parse_instant(test.value) if isinstance(test.value, str) else None
    if test.operator == "eq":
        return Narrowed(Q(**{column: at}), exact=True) if at else _whether(False)
    if test.operator not in _ORDER or at is None:
        return _UNKNOWN
    return Narrowed(Q(**{f"{column}__{_ORDER[test.operator]}": at}), exact=True)


def _membership(test: Test, own: str, other: str) -> Narrowed:
    memberships = Membership.objects.all()
    if test.operator == "eq" and test.value is not None:
        other_id = as_id(test.value)
        if other_id is None:
            return _whether(False)
        memberships = memberships.filter(**{f"{other}_id": other_id})
    elif test.operator not in {"pr", "eq"}:
        return _UNKNOWN
    query = Q(pk__in=memberships.values(f"{own}_id"))
    return Narrowed(_not(query) if test.operator == "eq" and test.value is None else query, exact=True)


def _indexed(test: Test, kind: ResourceType) -> Narrowed:
    rows = IndexedValue.objects.filter(resource_type=kind.name, path=test.path.key)
    if test.operator == "pr":
        return Narrowed(Q(pk__in=rows.values("resource_id")), exact=True)
    if test.operator != "eq":
        return _UNKNOWN
    if test.value is None:
        return Narrowed(~Q(pk__in=rows.values("resource_id")), exact=True)
    index = value_index(kind, test.path, str(test.value))
    return Narrowed(Q(pk__in=rows.filter(value_index=index).values("resource_id")), exact=True)
