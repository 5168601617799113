"""The six reproduced defects of django-scim2 0.23 (docs/decisions/0030), each as a check that any server can be put to.

A check answers whether the defect shows. `one` and `two` are identity providers of two tenants.
"""

import json
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlencode

Answer = tuple[int, Any]


class Tenant(Protocol):
    def ask(self, method: str, path: str, body: Any = None) -> Answer: ...

    def make_user(self, name: str) -> str: ...

    def make_group(self, name: str) -> str: ...


def names(tenant: Tenant, asked: str) -> set[str]:
    status, body = tenant.ask("GET", f"/Users?{urlencode({'filter': asked})}")
    return {user["userName"] for user in body.get("Resources", [])} if status == 200 else set()


def or_escapes_the_tenant(one: Tenant, two: Tenant) -> bool:
    two.make_user("victim@two.example")
    return names(one, 'userName eq "victim@two.example" or userName eq "nobody"') != set()


def delete_hits_another_row(one: Tenant, two: Tenant) -> bool:
    """What is deleted must be gone, and nothing of anybody else's."""
    victims = [two.make_user(f"kept{at}@two.example") for at in range(3)]
    mine = one.make_user("gone@one.example")
    status, _ = one.ask("DELETE", f"/Users/{mine}")
    still_there = one.ask("GET", f"/Users/{mine}")[0] == 200
    return status != 204 or still_there or any(two.ask("GET", f"/Users/{each}")[0] != 200 for each in victims)


def group_takes_a_foreign_member(one: Tenant, two: Tenant) -> bool:
    foreign, group = two.make_user("foreign@two.example"), one.make_group("Group")
    add = {"op": "add", "path": "members", "value": [{"value": foreign}]}
    status, body = one.ask("PATCH", f"/Groups/{group}", patch(add))
    _, shown = one.ask("GET", f"/Groups/{group}")
    members = [member["value"] for member in (shown or {}).get("members", [])]
    return foreign in members or "foreign" in json.dumps([status, body])


def unknown_clause_widens_the_answer(one: Tenant, two: Tenant) -> bool:
    one.make_user("anybody@one.example")
    return "anybody@one.example" in names(one, 'userName sw "any" and externalId eq "nope"') | names(
        one, 'userName co "%"'
    )


def conflict_tells_and_nonsense_breaks(one: Tenant, two: Tenant) -> bool:
    one.make_user("twin@one.example")
    status, body = one.ask("POST", "/Users", user("twin@one.example"))
    told = any(word in json.dumps(body).lower() for word in ("twin", "unique constraint", "duplicate key", "bare_user"))
    broken = [
        one.ask("POST", "/Users", user("nul\0@one.example"))[0],
        one.ask("POST", "/Users", 7)[0],
        one.ask("POST", "/Users", {"userName": "x", "emails": [7]})[0],
        one.ask("GET", "/Users/%00")[0],
    ]
    return told or status != 409 or any(each >= 500 for each in broken)


def user_without_a_name_or_two_of_one(one: Tenant, two: Tenant) -> bool:
    put_id = one.make_user("named@one.example")
    emptied, _ = one.ask("PUT", f"/Users/{put_id}", {"emails": [{"value": "a@one.example", "primary": True}]})
    nameless, _ = one.ask("POST", "/Users", {"emails": [{"value": "b@one.example", "primary": True}]})
    one.make_user("case@one.example")
    twice, _ = one.ask("POST", "/Users", user("CASE@one.example"))
    return emptied < 400 or nameless < 400 or twice < 400


def user(name: str) -> dict[str, Any]:
    emails = [{"value": name.replace("\0", ""), "primary": True}]
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "name": {"givenName": "G", "familyName": "F"},
        "emails": emails,
        "active": True,
    }


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}


CHECKS: dict[str, Callable[[Tenant, Tenant], bool]] = {
    check.__name__: check
    for check in (
        or_escapes_the_tenant,
        delete_hits_another_row,
        group_takes_a_foreign_member,
        unknown_clause_widens_the_answer,
        conflict_tells_and_nonsense_breaks,
        user_without_a_name_or_two_of_one,
    )
}
