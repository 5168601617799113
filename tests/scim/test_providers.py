"""What identity providers really send, request by request."""

from typing import Any
from uuid import uuid4

import pytest

from tests.scim.idp import ENTERPRISE, ERROR, GROUP, LIST, PATCH_OP, USER, IdentityProvider, op
from tests.scim.test_patch import member_ids
from tests.scim.test_protocol import assert_error

# Okta


def okta(provider: IdentityProvider) -> IdentityProvider:
    provider.agent = "Okta SCIM Client 1.0.0"
    provider.content_type = "application/scim+json; charset=utf-8"
    return provider


def okta_user(name: str, **more: Any) -> dict[str, Any]:
    return {
        "schemas": [USER],
        "userName": name,
        "name": {"givenName": "Isaac", "familyName": "Brock"},
        "emails": [{"primary": True, "value": name, "type": "work"}],
        "password": "xK7#random",
        "displayName": "Isaac Brock",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "active": True,
        **more,
    }


def test_okta_spec_suite(provider: IdentityProvider) -> None:
    """The twelve requests of Okta's own test of a SCIM server, in order."""
    okta(provider)
    provider.post("/Users", okta_user("seeded@company.example"))

    first = provider.get("/Users", count=1, startIndex=1)
    assert (first.status, first["schemas"]) == (200, [LIST])
    for number in ("itemsPerPage", "startIndex", "totalResults"):
        assert isinstance(first[number], int)
    seeded = first["Resources"][0]
    assert seeded["id"]
    assert seeded["name"]["familyName"]
    assert seeded["name"]["givenName"]
    assert seeded["userName"]
    assert seeded["active"] is True
    assert seeded["emails"][0]["value"]

    assert provider.get(f"/Users/{seeded['id']}").body == seeded

    unknown = provider.get("/Users", filter='userName eq "abcdefgh@atko.com"')
    assert (unknown.status, unknown["totalResults"], unknown["Resources"]) == (200, 0, [])

    missing = provider.get("/Users/010101001010101011001010101011")
    assert_error(missing, 404)

    new = f"random{uuid4().hex}@company.example"
    assert provider.get("/Users", filter=f'userName eq "{new}"')["totalResults"] == 0

    provider.content_type = "application/json"
    made = provider.post("/Users", okta_user(new))
    assert (made.status, made["active"], made["userName"]) == (201, True, new)
    assert made["name"] == {"givenName": "Isaac", "familyName": "Brock"}
    assert USER in made["schemas"]
    assert provider.get(f"/Users/{made.id}").body == made.body

    assert_error(provider.post("/Users", okta_user(new)), 409, "uniqueness")

    assert provider.get("/Users", filter=f'userName eq "{new.upper()}"')["totalResults"] == 1
    assert provider.get("/Groups").status == 200

    provider.token = "non-token"
    refused = provider.get("/Users", count=1, startIndex=1)
    assert (refused.status, refused["status"], refused["schemas"]) == (401, "401", [ERROR])
    assert refused["detail"]


def test_okta_numeric_id_is_a_404_with_text_status(provider: IdentityProvider) -> None:
    answer = okta(provider).get("/Users/00919288221112222")
    assert (answer.status, answer["status"], answer["schemas"]) == (404, "404", [ERROR])


def test_okta_crud_suite(provider: IdentityProvider) -> None:
    """Found, renamed, deactivated, reactivated, unassigned."""
    okta(provider)
    made = provider.post("/Users", okta_user("isaac@company.example"))
    found = provider.get("/Users", filter='userName eq "isaac@company.example"', startIndex=1, count=100)
    assert found["Resources"][0]["name"]["givenName"] == "Isaac"
    assert found["Resources"][0]["emails"][0]["value"] == "isaac@company.example"
    fetched = provider.get(f"/Users/{made.id}").body
    renamed = provider.put(f"/Users/{made.id}", {**fetched, "name": {"givenName": "Ike", "familyName": "Brock"}})
    assert renamed["name"]["givenName"] == "Ike"
    for active in (False, True, False):
        patch = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": {"active": active}}]}
        answer = provider.send("PATCH", f"/Users/{made.id}", patch)
        assert (answer.status, answer["active"]) == (200, active)
    assert provider.get(f"/Users/{made.id}")["active"] is False


def test_okta_custom_app_updates_by_put_of_what_it_fetched(provider: IdentityProvider) -> None:
    okta(provider)
    made = provider.post("/Users", okta_user("isaac@company.example"))
    body = {**provider.get(f"/Users/{made.id}").body, "active": False, "groups": [{"value": "x", "display": "y"}]}
    assert provider.put(f"/Users/{made.id}", body)["active"] is False
    group = provider.group("Engineering", made.id)
    renamed = provider.put(f"/Groups/{group.id}", {**group.body, "displayName": "Eng"})
    assert (renamed.status, renamed["displayName"]) == (200, "Eng")
    assert member_ids(provider, group.id) == {made.id}


def test_okta_password_sync_is_accepted(provider: IdentityProvider) -> None:
    made = okta(provider).post("/Users", okta_user("isaac@company.example"))
    change = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": {"password": "new#Password1"}}]}
    answer = provider.send("PATCH", f"/Users/{made.id}", change)
    assert answer.status == 200
    assert "password" not in answer.body


def test_okta_group_push(provider: IdentityProvider) -> None:
    okta(provider)
    a, b, c = (provider.post("/Users", okta_user(f"{name}@company.example", externalId=name)).id for name in "abc")
    pushed = provider.post("/Groups", {"schemas": [GROUP], "displayName": "Pushed", "members": []})
    assert pushed.status == 201
    place = f"/Groups/{pushed.id}"
    rename = {"op": "replace", "value": {"id": pushed.id, "displayName": "Pushed too"}}
    added = {"op": "add", "path": "members", "value": [{"value": a, "display": "a@company.example"}]}
    assert provider.patch(place, rename, added).status == 204
    assert (
        provider.patch(
            place,
            rename,
            {"op": "remove", "path": f'members[value eq "{a}"]'},
            {
                "op": "add",
                "path": "members",
                "value": [{"value": b, "display": "b"}, {"value": "00u-long-gone", "display": "x"}],
            },
        ).status
        == 204
    )
    assert member_ids(provider, pushed.id) == {b}
    full = {"op": "replace", "path": "members", "value": [{"value": b}, {"value": c}]}
    assert provider.patch(place, full).status == 204
    assert member_ids(provider, pushed.id) == {b, c}
    assert provider.get(place)["displayName"] == "Pushed too"
    assert provider.delete(place).status == 204


def test_okta_import_pages_until_the_total(provider: IdentityProvider) -> None:
    okta(provider)
    names = [f"user{at}@company.example" for at in range(7)]
    for at, name in enumerate(names):
        provider.post("/Users", okta_user(name, externalId=str(at)))
    seen: list[str] = []
    while len(seen) < (page := provider.get("/Users", startIndex=len(seen) + 1, count=3))["totalResults"]:
        seen += [user["userName"] for user in page["Resources"]]
    assert seen == names


# Microsoft Entra ID


def entra(provider: IdentityProvider) -> IdentityProvider:
    provider.agent = ""
    return provider


def entra_user(name: str) -> dict[str, Any]:
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": name,
        "active": "True",
        "emails": [{"primary": True, "type": "work", "value": f"{name}@company.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
        "roles": [],
    }


def test_entra_test_connection(provider: IdentityProvider) -> None:
    answer = entra(provider).get("/Users", filter=f'userName eq "{uuid4()}"')
    assert (answer.status, answer["totalResults"], answer["schemas"]) == (200, 0, [LIST])


def test_entra_validator_users(provider: IdentityProvider) -> None:
    entra(provider)
    made = provider.post("/Users", entra_user("UserName123"))
    assert (made.status, made["active"]) == (201, True)
    place = f"/Users/{made.id}"
    assert_error(provider.post("/Users", entra_user("username123")), 409, "uniqueness")
    assert provider.names('userName eq "UserName123"') == provider.names('userName eq "USERNAME123"') == {"UserName123"}
    assert provider.names('userName eq "nobody"') == set()
    assert provider.names('externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"') == {"UserName123"}
    assert provider.names('emails[type eq "work"].value eq "UserName123@company.example"') == {"UserName123"}

    verbose = provider.patch(
        place,
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "updated@company.example"},
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+1 (555) 010-999 "},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Sales"},
        {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "DE"},
    )
    assert verbose.status == 200
    assert verbose["emails"][0]["value"] == "updated@company.example"
    assert verbose["name"]["familyName"] == "updatedFamilyName"
    assert verbose["phoneNumbers"] == [{"type": "mobile", "value": "+1 (555) 010-999 "}]
    assert verbose[ENTERPRISE]["department"] == "Sales"

    assert provider.patch(place, {"op": "Replace", "value": {"userName": "New"}})["userName"] == "New"

    for verb, value in (("Add", "boss1"), ("Replace", "boss2")):
        changed = provider.patch(place, {"op": verb, "path": f"{ENTERPRISE}:manager", "value": value})
        assert changed[ENTERPRISE]["manager"]["value"] == value
    removed = provider.patch(place, {"op": "Remove", "path": f"{ENTERPRISE}:manager"})
    assert "manager" not in removed[ENTERPRISE]

    assert provider.patch(place, {"op": "Replace", "path": "active", "value": "False"})["active"] is False
    assert provider.get(place)["active"] is False
    assert provider.names("active eq false") == {"New"}

    assert provider.delete(place).status == 204
    assert_error(provider.get(place), 404)
    assert_error(provider.delete(place), 404)


def test_entra_validator_groups(provider: IdentityProvider) -> None:
    entra(provider)
    extra = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    body = {
        "schemas": [GROUP, extra],
        "externalId": "8aa1a0c0",
        "displayName": "GroupName",
        "meta": {"resourceType": "Group"},
    }
    made = provider.post("/Groups", body)
    assert made.status == 201
    place = f"/Groups/{made.id}"
    assert_error(provider.post("/Groups", {**body, "displayName": "GROUPNAME"}), 409, "uniqueness")
    a, b = provider.user("a").id, provider.user("b").id

    assert "members" not in provider.get(place, excludedAttributes="members").body
    for name, found in (("GroupName", 1), ("groupname", 1), ("nobody", 0)):
        answer = provider.get("/Groups", excludedAttributes="members", filter=f'displayName eq "{name}"')
        assert answer["totalResults"] == found

    assert provider.patch(place, {"op": "Replace", "value": {"externalId": "new"}}).status == 204
    assert provider.patch(place, {"op": "Replace", "path": "displayName", "value": "Renamed"}).status == 204
    assert provider.get(place, excludedAttributes="members")["displayName"] == "Renamed"

    add = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": a}, {"value": b}]}
    assert provider.patch(place, add).status == 204
    question = f'id eq "{made.id}" and members eq "{a}"'
    assert len(provider.find(question, "/Groups", excludedAttributes="members")) == 1
    # Without the flag aadOptscim062020 a member leaves by a list of values; the others stay.
    assert (
        provider.patch(place, {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": a}]}).status == 204
    )
    assert provider.find(question, "/Groups", excludedAttributes="members") == []
    assert member_ids(provider, made.id) == {b}
    # With it, by a filter.
    assert provider.patch(place, {"op": "remove", "path": f'members[value eq "{b}"]'}).status == 204
    assert member_ids(provider, made.id) == set()
    assert provider.delete(place).status == 204
    assert_error(provider.delete(place), 404)


def test_entra_validator_preview_of_several_operations_at_once(provider: IdentityProvider) -> None:
    place = f"/Users/{entra(provider).post('/Users', entra_user('many')).id}"
    different = provider.patch(
        place,
        {
            "op": "add",
            "value": {
                "title": "T",
                "name.givenName": "G",
                f"{ENTERPRISE}:department": "D",
                f"{ENTERPRISE}:employeeNumber": "7",
            },
        },
        {"op": "replace", "path": "displayName", "value": "D"},
    )
    assert (different["title"], different["name"]["givenName"], different["displayName"]) == ("T", "G", "D")
    assert different[ENTERPRISE] == {"department": "D", "employeeNumber": "7"}
    same = provider.patch(
        place,
        {"op": "replace", "path": "displayName", "value": "1"},
        {"op": "remove", "path": "displayName"},
        {"op": "add", "path": "displayName", "value": "2"},
    )
    assert same["displayName"] == "2"
    assert provider.delete(f"/Users/{uuid4()}").status == 404
    assert provider.delete(f"/Groups/{uuid4()}").status == 404


def test_entra_role_assignments_go_out_as_booleans(provider: IdentityProvider) -> None:
    place = f"/Users/{entra(provider).post('/Users', entra_user('roles')).id}"
    role = {
        "op": "Add",
        "path": "roles",
        "value": [{"primary": "True", "type": "WindowsAzureActiveDirectoryRole", "value": "Admin"}],
    }
    assert provider.patch(place, role)["roles"][0]["primary"] is True


# OneLogin


ONELOGIN = {
    "schemas": [USER, ENTERPRISE],
    "externalId": None,
    "userName": "olive@company.example",
    "name": {"familyName": "O", "givenName": "Olive", "formatted": "Olive O"},
    "displayName": "Olive O",
    "emails": {"value": "olive@company.example", "primary": True},
    "photos": [{"type": "photo", "value": "/photos/olive.png"}],
    "timezone": "(UTC+01:00) Amsterdam, Berlin, Bern",
    "title": "",
    ENTERPRISE: {"department": None},
}


def test_onelogin_posts_and_puts_its_template(provider: IdentityProvider) -> None:
    provider.content_type = "application/json"
    assert provider.get("/Users", filter='userName eq "olive@company.example"')["totalResults"] == 0
    made = provider.post("/Users", ONELOGIN)
    assert made.status == 201
    assert made["emails"] == [{"value": "olive@company.example", "primary": True}]
    assert made["timezone"] == ONELOGIN["timezone"]
    assert {"externalId", "title", ENTERPRISE}.isdisjoint(made.body)
    suspended = provider.put(f"/Users/{made.id}", {**ONELOGIN, "active": False})
    assert suspended["active"] is False
    group = provider.group("Olives")
    change = {"op": "add", "path": "members", "value": [{"value": made.id}]}
    assert provider.patch(f"/Groups/{group.id}", change).status == 204
    assert provider.delete(f"/Users/{made.id}").status == 204


# JumpCloud


def test_jumpcloud_tries_with_a_test_user_and_removes_members_by_value(provider: IdentityProvider) -> None:
    provider.content_type = "application/json"
    assert provider.get("/Users", count=1, startIndex=1).status == 200
    trial = provider.user("jumpcloud-test@company.example", active=True)
    assert provider.delete(f"/Users/{trial.id}").status == 204
    jan = provider.user("jan@company.example")
    for path, value in (("name.givenName", "Jan"), ("active", False), ("active", True)):
        assert provider.patch(f"/Users/{jan.id}", op("replace", path, value)).status == 200
    group = provider.group("Jumpers")
    add = {"op": "add", "path": "members", "value": [{"value": jan.id}]}
    assert provider.patch(f"/Groups/{group.id}", add).status == 204
    remove = {"op": "remove", "path": "members", "value": [{"value": jan.id}]}
    assert provider.patch(f"/Groups/{group.id}", remove).status == 204
    assert member_ids(provider, group.id) == set()


# Google, Ping, scripts: generic clients


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/scim+json", "text/html"])
def test_generic_client_may_accept_anything(provider: IdentityProvider, accept: str) -> None:
    answer = provider.send("GET", "/Users", Accept=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/scim+json")


def test_google_style_client_lives_without_put(provider: IdentityProvider) -> None:
    user = provider.user("gus@company.example")
    for change in ({"title": "T"}, {"active": False}, {"name": {"givenName": "Gus"}}):
        assert provider.patch(f"/Users/{user.id}", op("replace", None, change)).status == 200
    assert provider.get(f"/Users/{user.id}")["name"] == {"givenName": "Gus"}


def test_ping_style_client_asks_in_turn_and_puts(provider: IdentityProvider) -> None:
    assert provider.get("/ServiceProviderConfig").status == provider.get("/Schemas").status == 200
    user = provider.user("pia@company.example", externalId="p1")
    found = provider.find('externalId eq "p1" and userName eq "pia@company.example"')
    assert [each["id"] for each in found] == [user.id]
    assert provider.put(f"/Users/{user.id}", {**user.body, "title": "T"})["title"] == "T"
