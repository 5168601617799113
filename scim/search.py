"""Lists and searches: by indexes where they reach; else the remaining documents are opened, in batches, in memory."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Q

from clockwise.encryption.blind_index import INDEX_BYTES
from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy.current import require_organization_id
from clockwise.tenancy.prepared import Prepared
from scim import representations
from scim.errors import invalid_value, too_many
from scim.filters.bound import All, Bound, Element, Negation, Some, Test, bind
from scim.filters.evaluate import Predicate, comparable, predicate, values
from scim.filters.narrow import NONE, narrow
from scim.filters.parser import parse_filter
from scim.indexes import value_index
from scim.models import IndexedValue, Resource
from scim.projection import Projection
from scim.schema.attributes import Json
from scim.schema.registry import AttributePath, ResourceType

MOST_RESULTS = 200
RESULTS = 100
BATCH = 2000
_SORTED_BY_COLUMN = {"meta.created": "created_at", "meta.lastModified": "modified_at", "id": "id"}
_IN_COLUMNS = frozenset({"schemas", "id", "active", "meta"})


@dataclass(frozen=True)
class Query:
    """`start` counts from 1. `filter` and `sort_by` are as the client wrote them, "" for none."""

    filter: str = ""
    sort_by: str = ""
    descending: bool = False
    start: int = 1
    count: int = RESULTS
    projection: Projection = field(default_factory=Projection)


@dataclass(frozen=True)
class Page:
    total: int
    start: int
    resources: list[Json]


def search(kinds: Sequence[ResourceType], query: Query, *, opened_at_most: int) -> Page:
    """Raises ScimError: 400 `invalidFilter`, `invalidValue` (an unknown sortBy), `tooMany`."""
    parsed = parse_filter(query.filter) if query.filter else None
    bound = {kind.name: bind(parsed, kind, lenient=len(kinds) > 1) if parsed else None for kind in kinds}
    sort = {kind.name: _sort_path(kind, query.sort_by, lenient=len(kinds) > 1) for kind in kinds}
    if (page := _from_index(kinds, bound, query)) is not None:
        return page
    condition, exact = NONE, True
    for kind in kinds:
        filter_of_kind = bound[kind.name]
        narrowed = narrow(filter_of_kind, kind) if filter_of_kind else None
        condition |= Q(resource_type=kind.name) & (narrowed.query if narrowed else Q())
        exact = exact and (narrowed is None or narrowed.exact)
    column = _column(sort[kinds[0].name]) if query.sort_by else "created_at"
    if exact and column:
        return _from_columns(condition, column, query)
    return _from_documents(kinds, condition, bound, sort, query, opened_at_most)


def _from_index(kinds: Sequence[ResourceType], bound: dict[str, Bound | None], query: Query) -> Page | None:
    """The answer to `userName eq "x"` and its like, which providers ask before all else; None for any other search."""
    kind, *others = kinds
    test = bound[kind.name]
    if others or query.sort_by or query.start != 1 or not query.count:
        return None
    if not isinstance(test, Test) or test.operator != "eq" or test.value is None or not kind.is_indexed(test.path):
        return None
    found = _with_value(kind.name, test.path.key).rows(value_index(kind, test.path, str(test.value)))
    if len(found) > MOST_RESULTS:
        return None
    return Page(len(found), 1, representations.of_many(found[: query.count], query.projection))


@cache
def _with_value(kind_name: str, path: str) -> Prepared[Resource]:
    stand_in = secrets.token_bytes(INDEX_BYTES)
    values = IndexedValue.objects.filter(resource_type=kind_name, path=path, value_index=stand_in)
    found = Resource.objects.filter(resource_type=kind_name, pk__in=values.values("resource_id"))
    in_order = representations.in_groups(found).order_by("created_at", "id")
    return Prepared(in_order[: MOST_RESULTS + 1], [stand_in])


def _from_columns(condition: Q, column: str, query: Query) -> Page:
    rows = Resource.objects.filter(condition)
    order = [f"-{column}", "-id"] if query.descending else [column, "id"]
    # The page is found by ids, which the index in order has: no document is read for what comes before it.
    ids = rows.order_by(*order).values("id")[query.start - 1 : query.start - 1 + query.count]
    page = list(Resource.objects.filter(id__in=ids).order_by(*order)) if query.count else []
    # A page that isn't full is the last one, and says by itself how many there are.
    is_last = len(page) < query.count and (page or query.start == 1)
    total = query.start - 1 + len(page) if is_last else rows.count()
    return Page(total, query.start, representations.of_many(page, query.projection))


def _from_documents(
    kinds: Sequence[ResourceType],
    condition: Q,
    bound: dict[str, Bound | None],
    sort: dict[str, AttributePath | None],
    query: Query,
    opened_at_most: int,
) -> Page:
    rows = Resource.objects.filter(condition)
    if rows.count() > opened_at_most:
        raise too_many(f"The search would open more than {opened_at_most} resources. Ask for an equality as well.")
    holds: dict[str, Predicate | None] = {name: predicate(each) if each else None for name, each in bound.items()}
    complete = _Completion(kinds, bound, sort)
    found: list[tuple[Any, UUID]] = []
    for kind_name, document, resource_id in complete.documents(rows):
        test = holds[kind_name]
        if test is None or test(document):
            found.append((_sort_key(sort[kind_name], document, descending=query.descending), resource_id))
    if query.sort_by:
        found.sort(key=lambda pair: pair[0], reverse=query.descending)
    ids = [resource_id for _, resource_id in found[query.start - 1 : query.start - 1 + query.count]]
    resources = representations.in_groups(Resource.objects.all()).in_bulk(ids)
    return Page(len(found), query.start, representations.of_many([resources[each] for each in ids], query.projection))


class _Completion:
    """Opens documents, and adds what lies in columns and other tables only where the filter or the order needs it."""

    def __init__(
        self,
        kinds: Sequence[ResourceType],
        bound: dict[str, Bound | None],
        sort: dict[str, AttributePath | None],
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        names = {name for each in bound.values() if each for name in _names(each)}
        names |= {path.attribute.name for path in sort.values() if path}
        self._columns = bool(names & _IN_COLUMNS)
        self._members = "members" in names
        self._groups = "groups" in names

    def documents(self, rows: Any) -> Iterator[tuple[str, Json, UUID]]:
        """Kind, document and id of each row, in the order in which they were made."""
        sealed: SealedField[Json] = Resource._meta.get_field("document")
        opened = sealed.opener(KeyOwner(require_organization_id(), None))
        columns_wanted = ("active", "version", "created_at", "modified_at") if self._columns else ()
        ordered = rows.order_by("created_at", "id").values_list("id", "resource_type", "document", *columns_wanted)
        for batch in _batches(ordered.iterator(chunk_size=BATCH)):
            links = self._links([row[0] for row in batch])
            for resource_id, kind_name, blob, *columns in batch:
                document = opened(resource_id, blob)
                if columns:
                    document = representations.with_columns(document, self._kinds[kind_name], resource_id, *columns)
                if linked := links.get(resource_id):
                    document |= {"members" if kind_name == "Group" else "groups": linked}
                yield kind_name, document, resource_id

    def _links(self, ids: list[UUID]) -> dict[UUID, list[Json]]:
        links: dict[UUID, list[Json]] = {}
        if self._members:
            links |= representations.members_of(ids)
        if self._groups:
            links |= representations.groups_of_users(ids)
        return links


def _batches(rows: Iterator[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _names(bound: Bound) -> Iterator[str]:
    match bound:
        case All(parts) | Some(parts):
            for part in parts:
                yield from _names(part)
        case Negation(part):
            yield from _names(part)
        case Element(attribute, _):
            yield attribute.name
        case Test(path, _, _):
            yield path.attribute.name


def _sort_path(kind: ResourceType, text: str, *, lenient: bool) -> AttributePath | None:
    if not text:
        return None
    path = kind.path(text)
    if path is None:
        if lenient:
            return None
        raise invalid_value("sortBy names an attribute that this resource doesn't have.")
    if path.target.is_complex:
        value = path.attribute.sub("value")
        if value is None:
            raise invalid_value("sortBy names an attribute that has sub-attributes: name one of them.")
        return AttributePath(path.attribute, value)
    return path


def _column(path: AttributePath | None) -> str:
    return _SORTED_BY_COLUMN.get(path.key, "") if path else ""


def _sort_key(path: AttributePath | None, document: Json, *, descending: bool) -> Any:
    """The primary value or else the first; what has none comes last in ascending order, first in descending."""
    if path is None:
        return (1, "")
    found = values(_primary_alone(path, document), path) or values(document, path)
    if not found:
        return (1, "")
    value = comparable(path.target, found[0])
    return (0, value.isoformat() if hasattr(value, "isoformat") else value)


def _primary_alone(path: AttributePath, document: Json) -> Json:
    container = document.get(path.attribute.schema) or {} if path.attribute.schema else document
    elements = container.get(path.attribute.name)
    if path.sub is None or not isinstance(elements, list):
        return {}
    primary = [each for each in elements if isinstance(each, dict) and each.get("primary") is True]
    alone = {path.attribute.name: primary}
    return {path.attribute.schema: alone} if path.attribute.schema else alone
