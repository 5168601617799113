"""Bulk: RFC 7644, section 3.7."""

from typing import Any

import pytest

from tests.scim.idp import BULK, GROUP, PATCH_OP, USER, Answer, IdentityProvider, op
from tests.scim.test_protocol import assert_error


def post(path: str, bulk_id: str | None, **data: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"method": "POST", "path": path, "data": data}
    return made | ({"bulkId": bulk_id} if bulk_id else {})


def bulk(provider: IdentityProvider, *operations: dict[str, Any], **more: Any) -> Answer:
    return provider.post("/Bulk", {"schemas": [BULK], "Operations": list(operations), **more})


def statuses(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [each["status"] for each in answer["Operations"]]


def fetch(provider: IdentityProvider, result: dict[str, Any]) -> Any:
    return provider.get(result["location"].split("/scim/v2")[1])


def test_each_operation_is_answered_in_order(provider: IdentityProvider) -> None:
    dora = provider.user("dora")
    nick = {"schemas": [PATCH_OP], "Operations": [op("add", "nickName", "D")]}
    answer = bulk(
        provider,
        post("/Users", "c", schemas=[USER], userName="carl"),
        {"method": "PUT", "path": f"/Users/{dora.id}", "data": {"userName": "dora", "title": "T"}},
        {"method": "patch", "path": f"/Users/{dora.id}", "data": nick},
        {"method": "DELETE", "path": f"/Users/{dora.id}"},
    )  # fmt: skip
    assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]
    assert statuses(answer) == ["201", "200", "200", "204"]
    first = answer["Operations"][0]
    assert (first["bulkId"], first["method"]) == ("c", "POST")
    assert fetch(provider, first)["meta"]["version"] == first["version"]
    assert provider.get(f"/Users/{dora.id}").status == 404


def test_failures_do_not_stop_the_others_until_they_are_too_many(provider: IdentityProvider) -> None:
    operations = [post("/Users", f"u{at}", userName="twin" if at % 2 else f"u{at}") for at in range(6)]
    answer = bulk(provider, *operations)
    assert statuses(answer) == ["201", "201", "201", "409", "201", "409"]
    failed = answer["Operations"][3]
    assert failed["response"]["scimType"] == "uniqueness"
    assert "location" not in failed
    again = bulk(provider, *[post("/Users", f"v{at}", userName="twin") for at in range(5)], failOnErrors=2)
    assert statuses(again) == ["409", "409"]


def test_references_work_forwards_backwards_and_in_circles(provider: IdentityProvider) -> None:
    answer = bulk(
        provider,
        post("/Groups", "a", schemas=[GROUP], displayName="A", members=[{"value": "bulkId:b", "type": "Group"}]),
        post("/Groups", "b", schemas=[GROUP], displayName="B", members=[{"value": "bulkId:a"}, {"value": "bulkId:u"}]),
        post("/Users", "u", schemas=[USER], userName="carl"),
        {"method": "PATCH", "path": "/Users/bulkId:u", "data": {"Operations": [op("add", "title", "T")]}},
    )  # fmt: skip
    assert statuses(answer) == ["201", "201", "201", "200"]
    a, b, user, _ = (fetch(provider, each) for each in answer["Operations"])
    assert {each["value"] for each in a["members"]} == {b.id}
    assert {each["value"] for each in b["members"]} == {a.id, user.id}
    assert user["title"] == "T"
    assert [group["value"] for group in user["groups"]] == [b.id]


def test_a_group_may_hold_itself(provider: IdentityProvider) -> None:
    answer = bulk(provider, post("/Groups", "a", displayName="A", members=[{"value": "bulkId:a"}]))
    group = fetch(provider, answer["Operations"][0])
    assert [each["value"] for each in group["members"]] == [group.id]


@pytest.mark.parametrize(
    "operation",
    [
        post("/Groups", "x", displayName="X", members=[{"value": "bulkId:nobody"}]),
        post("/Robots", "x", displayName="X"),
        post("/Users/7", "x", userName="x"),
        {"method": "POST", "path": "/Users", "data": "text"},
        {"method": "POST", "path": 7, "data": {}},
        {"method": "GET", "path": "/Users"},
        {"method": "PUT", "path": "/Users", "data": {}},
        {"method": "DELETE", "path": "/Users/bulkId:nobody"},
        {"path": "/Users"},
        {},
    ],
)
def test_an_operation_that_makes_no_sense_fails_alone(provider: IdentityProvider, operation: dict[str, Any]) -> None:
    answer = bulk(provider, operation, post("/Users", "y", userName="y"))
    first, second = statuses(answer)
    assert first.startswith("4")
    assert second == "201"


def test_what_refers_to_a_failed_operation_fails_too(provider: IdentityProvider) -> None:
    answer = bulk(
        provider,
        post("/Users", "u", userName=""),
        post("/Groups", "g", displayName="G", members=[{"value": "bulkId:u"}]),
    )
    assert statuses(answer) == ["400", "400"]


def test_a_version_is_honoured(provider: IdentityProvider) -> None:
    carl = provider.user("carl")
    stale = {"method": "DELETE", "path": f"/Users/{carl.id}", "version": 'W/"9"'}
    assert statuses(bulk(provider, stale)) == ["412"]


def test_more_than_a_hundred_operations_are_too_many(provider: IdentityProvider) -> None:
    operations = [post("/Users", f"u{at}", userName=f"u{at}") for at in range(101)]
    assert_error(bulk(provider, *operations), 413)
    assert provider.get("/Users")["totalResults"] == 0


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ({}, "invalidSyntax"),
        ({"schemas": [BULK]}, "invalidSyntax"),
        ({"schemas": [BULK], "Operations": []}, "invalidSyntax"),
        ({"Operations": [post("/Users", "u", userName="u")]}, "invalidSyntax"),
        ({"schemas": [BULK], "Operations": ["text"]}, "invalidSyntax"),
        ({"schemas": [BULK], "Operations": [post("/Users", "u", userName="u")], "failOnErrors": 0}, "invalidValue"),
    ],
)
def test_a_message_that_is_no_bulk_request_is_refused(provider: IdentityProvider, body: Any, scim_type: str) -> None:
    assert_error(provider.post("/Bulk", body), 400, scim_type)


def test_a_deactivation_in_bulk_ends_access_too(provider: IdentityProvider) -> None:
    from clockwise.organizations.models import Member
    from clockwise.tenancy import current

    ben = provider.user("ben@company.example").id
    off = {"method": "PATCH", "path": f"/Users/{ben}", "data": {"Operations": [op("replace", "active", value=False)]}}
    assert statuses(bulk(provider, off)) == ["200"]
    with current.organization(provider.organization_id):
        assert Member.objects.filter(is_active=False).count() == 1


def test_foreign_resources_are_out_of_reach(provider: IdentityProvider, mallory: IdentityProvider) -> None:
    carl = provider.user("carl")
    operations: list[dict[str, Any]] = [
        {"method": "DELETE", "path": f"/Users/{carl.id}"},
        {"method": "PUT", "path": f"/Users/{carl.id}", "data": {"userName": "x"}},
        {"method": "PATCH", "path": f"/Users/{carl.id}", "data": {"Operations": [op("add", "title", "x")]}},
    ]
    answer = bulk(mallory, *operations)
    assert statuses(answer) == ["404"] * 3
    assert provider.get(f"/Users/{carl.id}").body == carl.body
