"""An identity provider of the tests' own: a bearer token, and requests as one sends them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.test import Client

from clockwise.tenancy import current
from scim import tokens
from scim.schema import registry

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

Json = dict[str, Any]


class Answer:
    """A response: `status`, `body` (parsed), `headers`."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers = response.headers
        self.content: bytes = response.content
        self.body: Any = json.loads(response.content) if response.content else None

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def scim_type(self) -> str | None:
        return self.body.get("scimType")


@dataclass
class IdentityProvider:
    organization_id: UUID
    token: str
    agent: str = "tests"
    content_type: str = "application/scim+json"

    def __post_init__(self) -> None:
        self.client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        content = body if isinstance(body, bytes | str) else b"" if body is None else json.dumps(body)
        return Answer(
            self.client.generic(
                method,
                f"/scim/v2{path}",
                content,
                content_type=self.content_type,
                headers={"Authorization": f"Bearer {self.token}", "User-Agent": self.agent, **headers},
            )
        )

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any) -> Answer:
        return self.send("POST", path, body)

    def put(self, path: str, body: Any, **headers: str) -> Answer:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.send("DELETE", path, **headers)

    def patch(self, path: str, *operations: Json, **headers: str) -> Answer:
        return self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, **headers)

    def find(self, filter: str, path: str = "/Users", **query: Any) -> list[Json]:  # noqa: A002 - SCIM's own word
        answer = self.get(path, filter=filter, **query)
        assert answer.status == 200, answer.body
        assert answer["totalResults"] >= len(answer["Resources"])
        return answer["Resources"]

    def names(self, filter: str) -> set[str]:  # noqa: A002 - SCIM's own word
        return {user["userName"] for user in self.find(filter, count=200)}

    def user(self, user_name: str, /, **more: Any) -> Answer:
        answer = self.post("/Users", {"schemas": [USER], "userName": user_name, **more})
        assert answer.status == 201, answer.body
        return answer

    def group(self, display_name: str, /, *member_ids: str, **more: Any) -> Answer:
        members = [{"value": each} for each in member_ids]
        answer = self.post("/Groups", {"schemas": [GROUP], "displayName": display_name, "members": members, **more})
        assert answer.status == 201, answer.body
        return answer


def provider(organization_id: UUID) -> IdentityProvider:
    with current.organization(organization_id):
        return IdentityProvider(organization_id, tokens.create("Tests"))


def op(verb: str, path: str | None = None, value: Any = None) -> Json:
    made: Json = {"op": verb}
    if path is not None:
        made["path"] = path
    if value is not None:
        made["value"] = value
    return made


def with_test_resource(settings: Any) -> Iterator[None]:
    settings.SCIM_EXTRA_RESOURCE_TYPES = ["tests.scim.synthetic.TYPE"]
    registry.resource_types.cache_clear()
    yield
    registry.resource_types.cache_clear()
