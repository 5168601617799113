"""Bulk (RFC 7644, section 3.7): many operations in one request, each whole or not at all.

A resource's id is chosen before anything is done, so that `bulkId:x` can stand for it in an earlier operation, and
groups can hold each other.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError

from clockwise.audit.record import together
from clockwise.tenancy import current
from scim import documents, locations
from scim.documents import refuse_unreadable
from scim.errors import ScimError, invalid_syntax, invalid_value, not_found, too_large
from scim.journal import Journal
from scim.models import Resource
from scim.schema import registry
from scim.schema.attributes import Json
from scim.store import Store, as_scim_error

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
MOST_OPERATIONS = 100
LARGEST_BODY = 1_048_576
_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REFERENCE = re.compile(r"bulkId:(.+)", re.DOTALL)


def run(store: Store, body: Json, journal: Journal) -> Json:
    """The BulkResponse. Raises ScimError for a message that is none, and 413 for too many operations."""
    fields = {name.lower(): value for name, value in body.items()}
    schemas, operations, fail_on = fields.get("schemas"), fields.get("operations"), fields.get("failonerrors")
    if not isinstance(schemas, list) or REQUEST not in schemas:
        raise invalid_syntax(f"schemas must be [{REQUEST}].")
    if not isinstance(operations, list) or not operations or not all(isinstance(each, dict) for each in operations):
        raise invalid_syntax("Operations must be a list of at least one operation.")
    if fail_on is not None and (isinstance(fail_on, bool) or not isinstance(fail_on, int) or fail_on < 1):
        raise invalid_value("failOnErrors must be a whole number from 1 on.")
    if len(operations) > MOST_OPERATIONS:
        raise too_large(f"{MOST_OPERATIONS} operations")
    results = _Run(store, operations, journal).results(fail_on)
    return {"schemas": [RESPONSE], "Operations": results}


def users_to_be_made(body: Json) -> Iterator[Json]:
    """Data of the operations that look as if they made a user; whether they do is seen when they are carried out."""
    operations = body.get("Operations")
    for each in operations[:MOST_OPERATIONS] if isinstance(operations, list) else ():
        if isinstance(each, dict) and str(each.get("method")).upper() == "POST" and each.get("path") == "/Users":
            with suppress(ScimError):
                refuse_unreadable(each.get("data"))
                if isinstance(data := each.get("data"), dict):
                    yield documents.from_client(registry.of("User"), data)


class _Run:
    def __init__(self, store: Store, operations: list[Json], journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._operations = [{name.lower(): value for name, value in each.items()} for each in operations]
        self._makers: dict[str, int] = {}
        self._ids: dict[int, UUID] = {}
        for at, operation in enumerate(self._operations):
            bulk_id = operation.get("bulkid")
            if isinstance(bulk_id, str) and _method(operation) == "POST" and bulk_id not in self._makers:
                self._makers[bulk_id] = at
                self._ids[at] = uuid4()
        self._results: dict[int, Json] = {}
        self._begun: set[int] = set()
        self._errors = 0
        self._most_errors: int | None = None
        self._later: list[tuple[UUID, set[UUID]]] = []

    def results(self, fail_on: int | None) -> list[Json]:
        """Results of the operations that were carried out, in the request's order."""
        self._most_errors = fail_on
        for at in range(len(self._operations)):
            self._carry_out(at)
        for group_id, ids in self._later:
            self._store.add_members(group_id, ids)
        self._journal.about("bulk", "", None)
        return [self._results[at] for at in sorted(self._results)]

    def _carry_out(self, at: int) -> None:
        """One operation, after those that make what it refers to; of a circle, the first comes first."""
        if at in self._begun:
            return
        self._begun.add(at)
        operation = self._operations[at]
        for bulk_id in _references(operation):
            if bulk_id in self._makers:
                self._carry_out(self._makers[bulk_id])
        if self._most_errors is not None and self._errors >= self._most_errors:
            return
        result: Json = {"method": _method(operation)}
        if isinstance(operation.get("bulkid"), str):
            result["bulkId"] = operation["bulkid"]
        said, alerted = len(self._journal.did), self._journal.is_alert
        try:
            with current.transaction(), together():
                result |= self._do(at, operation)
        except ScimError as error:
            self._errors += 1
            del self._journal.did[said:]
            self._journal.is_alert = alerted
            self._journal.say(f"Operation {at + 1} was refused: {error.detail}")
            result |= {"status": str(error.status), "response": error.to_dict()}
        self._results[at] = result

    def _do(self, at: int, operation: Json) -> Json:
        method, data = _method(operation), operation.get("data")
        if method not in _METHODS:
            raise invalid_syntax("method must be POST, PUT, PATCH or DELETE.")
        if method == "POST" and self._makers.get(operation.get("bulkid", "")) not in {at, None}:
            raise invalid_value("bulkId is given twice.")
        endpoint, resource_id = self._target(operation.get("path"))
        kind = registry.by_endpoint(endpoint)
        if kind is None:
            raise not_found()
        if (method == "POST") == bool(resource_id):
            raise invalid_value("path must be an endpoint for POST, else a resource.")
        if method != "DELETE" and not isinstance(data, dict):
            raise invalid_syntax("data must be an object.")
        refuse_unreadable(data)
        pending: set[UUID] = set()
        data = self._resolved(data, pending)
        if_match = operation.get("version")
        if_match = if_match if isinstance(if_match, str) else ""
        try:
            if method == "POST":
                resource = self._store.create(kind, data, resource_id=self._ids.get(at))
            elif method == "PUT":
                resource = self._store.replace(kind, resource_id, data, if_match=if_match)
            elif method == "PATCH":
                resource = self._store.patch(kind, resource_id, data, if_match=if_match)
            else:
                self._store.delete(kind, resource_id, if_match=if_match)
                return {"status": "204", "location": f"{locations.base_url()}{kind.endpoint}/{resource_id}"}
        except IntegrityError as error:
            raise as_scim_error(error) or error from None
        if pending and kind.name == "Group":
            self._later.append((resource.pk, pending))
        return _done(method, resource)

    def _target(self, path: Any) -> tuple[str, str]:
        if not isinstance(path, str):
            raise invalid_syntax("path must be a text.")
        path = path.removeprefix(locations.base_url()).removeprefix(locations.BASE_PATH)
        _, _, rest = path.partition("/")
        endpoint, _, resource_id = rest.partition("/")
        return f"/{endpoint}", str(self._resolved(resource_id, set()))

    def _resolved(self, value: Any, pending: set[UUID]) -> Any:
        """The value with ids in place of `bulkId:` references. `pending` gathers those that aren't made yet."""
        if isinstance(value, dict):
            return {name: self._resolved(inner, pending) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._resolved(inner, pending) for inner in value]
        if not isinstance(value, str) or not (reference := _REFERENCE.fullmatch(value)):
            return value
        maker = self._makers.get(reference[1])
        if maker is None:
            raise invalid_value("It refers to a bulkId that no operation has.")
        done = self._results.get(maker)
        if done is None:
            pending.add(self._ids[maker])
        elif "response" in done:
            raise invalid_value("It refers to an operation that failed.")
        return str(self._ids[maker])


def _done(method: str, resource: Resource) -> Json:
    kind = registry.of(resource.resource_type)
    return {
        "status": "201" if method == "POST" else "200",
        "location": locations.of_resource(kind, resource.pk),
        "version": resource.etag,
    }


def _method(operation: Json) -> str:
    method = operation.get("method")
    return method.upper() if isinstance(method, str) else ""


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    elif isinstance(value, str) and "bulkId:" in value:
        yield value.partition("bulkId:")[2]
