"""Users, Groups and whatever else the registry knows: read, listed, searched, created, replaced, patched, deleted."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django_scim.constants import SchemaURI

from scim import bulk, documents, locations, projection, provisioning, representations, search
from scim.auth import ScimRequest
from scim.errors import ScimError, invalid_syntax, invalid_value
from scim.models import Resource
from scim.projection import Projection
from scim.schema import registry
from scim.schema.attributes import Json
from scim.schema.registry import ResourceType
from scim.search import MOST_RESULTS, RESULTS, Query
from scim.store import etag_matches
from scim.views.protocol import ScimView, scim_response

# A group of ten thousand, each with an address for display, in one PUT.
LARGEST_GROUP = 4 * 1_048_576
LARGEST_NUMBER = 10**9


class ResourcesView(ScimView):
    """`/Users`, `/Users/{id}` and the like."""

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if kwargs.get("endpoint") == "Groups":
            self.largest_body = LARGEST_GROUP

    @property
    def kind(self) -> ResourceType:
        kind = registry.by_endpoint(f"/{self.kwargs['endpoint']}")
        if kind is None:
            raise ScimError(404, "There is nothing at this address.")
        return kind

    @property
    def resource_id(self) -> str:
        return str(self.kwargs.get(self.lookup_url_kwarg) or "")

    def get(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        if not self.resource_id:
            query = query_of(request.GET.dict())
            return list_response([self.kind], query, self.grant.opened_at_most)
        resource = self.store.get(self.kind, self.resource_id)
        if (known := request.headers.get("If-None-Match")) and etag_matches(known, resource):
            return _with_headers(HttpResponse(status=304), self.kind, resource)
        return self._answer_with(resource)

    def post(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        self._refuse_unless(collection=True)
        return self._answer_with(self.store.create(self.kind, self.body()), status=201)

    def reserve(self) -> list[UUID]:
        if self.request.method != "POST" or self.resource_id or self.kind.name != "User" or self.grant.is_trial:
            return []
        reserved = provisioning.reserve(documents.from_client(self.kind, self.body()))
        return [reserved] if reserved else []

    def put(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        self._refuse_unless(collection=False)
        return self._answer_with(self.store.replace(self.kind, self.resource_id, self.body(), if_match=self._if_match))

    def patch(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        """Users are answered with, groups are not: theirs may be long, and nobody needs it."""
        self._refuse_unless(collection=False)
        resource = self.store.patch(self.kind, self.resource_id, self.body(), if_match=self._if_match)
        if self.kind.name == "Group" and "attributes" not in request.GET:
            return _with_headers(HttpResponse(status=204), self.kind, resource)
        return self._answer_with(resource)

    def delete(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        self._refuse_unless(collection=False)
        self.store.delete(self.kind, self.resource_id, if_match=self._if_match)
        return HttpResponse(status=204)

    @property
    def _if_match(self) -> str:
        return self.request.headers.get("If-Match", "")

    def _refuse_unless(self, *, collection: bool) -> None:
        kind = self.kind
        if collection == bool(self.resource_id):
            allowed = "GET, PUT, PATCH, DELETE" if self.resource_id else "GET, POST"
            raise ScimError(405, f"Only {allowed} can be used on {kind.endpoint} here.", headers={"Allow": allowed})

    def _answer_with(self, resource: Resource, status: int = 200) -> HttpResponse:
        shown = representations.of_one(resource, _projection(self.request.GET.dict()))
        return _with_headers(scim_response(shown, status), self.kind, resource)


class SearchView(ScimView):
    """`/.search` and `/Users/.search`, and a list of everything at the root."""

    http_method_names = ["get", "head", "post"]
    reads_by_post = True

    def get(self, request: ScimRequest, endpoint: str = "", **kwargs: Any) -> HttpResponse:
        if request.path.rstrip("/").endswith(".search"):
            return self.http_method_not_allowed(request)
        return list_response(self._kinds(endpoint), query_of(request.GET.dict()), self.grant.opened_at_most)

    def post(self, request: ScimRequest, endpoint: str = "", **kwargs: Any) -> HttpResponse:
        if not request.path.rstrip("/").endswith(".search"):
            return self.http_method_not_allowed(request)
        fields = {name.lower(): value for name, value in self.body().items()}
        schemas = fields.get("schemas")
        if not isinstance(schemas, list) or SchemaURI.SERACH_REQUEST not in schemas:
            raise invalid_syntax(f"schemas must be [{SchemaURI.SERACH_REQUEST}].")
        return list_response(self._kinds(endpoint), query_of(fields), self.grant.opened_at_most)

    def _kinds(self, endpoint: str) -> list[ResourceType]:
        if not endpoint:
            return list(registry.resource_types().values())
        kind = registry.by_endpoint(f"/{endpoint}")
        if kind is None:
            raise ScimError(404, "There is nothing at this address.")
        return [kind]


class BulkView(ScimView):
    http_method_names = ["post"]
    largest_body = bulk.LARGEST_BODY

    def reserve(self) -> list[UUID]:
        """For as many as will be made: one too many harms nobody, and one too few is made inside."""
        wanted = bulk.users_to_be_made(self.body())
        return [] if self.grant.is_trial else [found for each in wanted if (found := provisioning.reserve(each))]

    def post(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        return scim_response(bulk.run(self.store, self.body(), self.journal))


def list_response(kinds: Sequence[ResourceType], query: Query, opened_at_most: int) -> HttpResponse:
    page = search.search(kinds, query, opened_at_most=opened_at_most)
    return scim_response(
        {
            "schemas": [SchemaURI.LIST_RESPONSE],
            "totalResults": page.total,
            "itemsPerPage": len(page.resources),
            "startIndex": page.start,
            "Resources": page.resources,
        }
    )


def query_of(given: Mapping[str, Any]) -> Query:
    """From a URL's parameters or a search message. Raises ScimError: 400."""
    fields = {name.lower(): value for name, value in given.items()}
    order = _text(fields, "sortOrder").lower() or "ascending"
    if order not in {"ascending", "descending"}:
        raise invalid_value("sortOrder must be ascending or descending.")
    return Query(
        filter=_text(fields, "filter").strip(),
        sort_by=_text(fields, "sortBy").strip(),
        descending=order == "descending",
        start=max(1, _number(fields, "startIndex", 1)),
        count=min(MOST_RESULTS, max(0, _number(fields, "count", RESULTS))),
        projection=_projection(given),
    )


def _projection(given: Mapping[str, Any]) -> Projection:
    fields = {name.lower(): value for name, value in given.items()}
    return projection.of(fields.get("attributes"), fields.get("excludedattributes"))


def _text(fields: Json, name: str) -> str:
    value = fields.get(name.lower())
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid_value(f"{name} must be a text.")
    return value


def _number(fields: Json, name: str, default: int) -> int:
    value = fields.get(name.lower())
    if value is None or value == "":
        return default
    try:
        number = int(value) if isinstance(value, str) and len(value) < 20 else value
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int):
        raise invalid_value(f"{name} must be a whole number.")
    return max(-LARGEST_NUMBER, min(number, LARGEST_NUMBER))


def _with_headers(response: HttpResponse, kind: ResourceType, resource: Resource) -> HttpResponse:
    response["ETag"] = resource.etag
    response["Location"] = locations.of_resource(kind, resource.pk)
    return response
