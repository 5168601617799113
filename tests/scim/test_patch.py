"""PATCH: RFC 7644, section 3.5.2, sentence by sentence, and what providers make of it."""

from typing import Any

import pytest

from clockwise.tenancy import current
from scim.models import ProvisioningSettings
from tests.scim.idp import ENTERPRISE, GROUP, PATCH_OP, IdentityProvider, op
from tests.scim.test_protocol import assert_error, without

EMAILS: list[dict[str, Any]] = [
    {"value": "w@x.example", "type": "work", "primary": True},
    {"value": "h@x.example", "type": "home"},
]

HOME = {"value": "n@x.example", "type": "home"}


@pytest.fixture
def carl(provider: IdentityProvider) -> str:
    return provider.user(
        "carl",
        title="Guide",
        emails=EMAILS,
        name={"givenName": "Carl", "familyName": "C"},
        **{ENTERPRISE: {"division": "D"}},
    ).id


def patched(provider: IdentityProvider, carl: str, *operations: dict[str, Any]) -> dict[str, Any]:
    answer = provider.patch(f"/Users/{carl}", *operations)
    assert answer.status == 200, answer.body
    assert provider.get(f"/Users/{carl}").body == answer.body
    body: dict[str, Any] = answer.body
    return body


GOOD: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([op("add", "displayName", "C")], {"displayName": "C"}),
    ([op("Add", "DISPLAYNAME", "C")], {"displayName": "C"}),
    ([op("add", None, {"displayName": "C", "nickName": "N"})], {"displayName": "C", "nickName": "N"}),
    ([op("add", "urn:ietf:params:scim:schemas:core:2.0:User:nickName", "N")], {"nickName": "N"}),
    ([op("replace", "nickName", "N")], {"nickName": "N"}),
    ([op("replace", "title", "T")], {"title": "T"}),
    ([op("replace", None, {"title": None})], {"title": None}),
    ([{"op": "replace", "path": "title", "value": None}], {"title": None}),
    ([op("remove", "title")], {"title": None}),
    ([op("remove", "nickName")], {"nickName": None}),
    ([op("add", "name", {"givenName": "K"})], {"name": {"givenName": "K", "familyName": "C"}}),
    ([op("replace", "name", {"givenName": "K"})], {"name": {"givenName": "K", "familyName": "C"}}),
    ([op("replace", "name.givenName", "K")], {"name": {"givenName": "K", "familyName": "C"}}),
    ([op("replace", None, {"name.givenName": "K"})], {"name": {"givenName": "K", "familyName": "C"}}),
    ([op("remove", "name.givenName")], {"name": {"familyName": "C"}}),
    ([op("remove", "name")], {"name": None}),
    ([op("replace", None, {"name": {"givenName": None}})], {"name": {"familyName": "C"}}),
    ([op("add", "emails", [{"value": "n@x.example"}])], {"emails": [*EMAILS, {"value": "n@x.example"}]}),
    ([op("add", "emails", {"value": "n@x.example"})], {"emails": [*EMAILS, {"value": "n@x.example"}]}),
    ([op("add", "emails", [EMAILS[0]])], {"emails": EMAILS}),
    ([op("replace", "emails", [{"value": "n@x.example"}])], {"emails": [{"value": "n@x.example"}]}),
    ([op("replace", "emails", [])], {"emails": None}),
    ([op("remove", "emails")], {"emails": None}),
    ([op("remove", 'emails[type eq "home"]')], {"emails": [EMAILS[0]]}),
    ([op("remove", "emails", [{"value": "h@x.example"}])], {"emails": [EMAILS[0]]}),
    ([op("remove", 'emails[type eq "work"]'), op("remove", 'emails[type eq "home"]')], {"emails": None}),
    ([op("replace", 'emails[type eq "home"].value', "n@x.example")], {"emails": [EMAILS[0], HOME]}),
    ([op("replace", 'emails[type eq "home"]', {"value": "n@x.example"})], {"emails": [EMAILS[0], HOME]}),
    ([op("remove", 'emails[type eq "home"].type')], {"emails": [EMAILS[0], {"value": "h@x.example"}]}),
    ([op("add", 'emails[type eq "home"].display', "Home")], {"emails": [EMAILS[0], {**EMAILS[1], "display": "Home"}]}),
    ([op("add", 'phoneNumbers[type eq "mobile"].value', "1")], {"phoneNumbers": [{"type": "mobile", "value": "1"}]}),
    ([op("add", f"{ENTERPRISE}:department", "Sales")], {ENTERPRISE: {"division": "D", "department": "Sales"}}),
    ([op("add", None, {f"{ENTERPRISE}:department": "Sales"})], {ENTERPRISE: {"division": "D", "department": "Sales"}}),
    ([op("add", None, {ENTERPRISE: {"department": "Sales"}})], {ENTERPRISE: {"division": "D", "department": "Sales"}}),
    ([op("add", ENTERPRISE, {"department": "Sales"})], {ENTERPRISE: {"division": "D", "department": "Sales"}}),
    ([op("add", f"{ENTERPRISE}:manager", "m")], {ENTERPRISE: {"division": "D", "manager": {"value": "m"}}}),
    ([op("add", f"{ENTERPRISE}:manager.value", "m")], {ENTERPRISE: {"division": "D", "manager": {"value": "m"}}}),
    ([op("remove", f"{ENTERPRISE}:division")], {ENTERPRISE: None}),
    ([op("remove", ENTERPRISE)], {ENTERPRISE: None}),
    ([op("replace", "active", "False")], {"active": False}),
    ([op("replace", None, {"active": False})], {"active": False}),
    ([op("replace", None, {"id": "other", "meta": {}, "title": "T", "shoeSize": 43, "schemas": []})], {"title": "T"}),
    ([op("replace", "userName", "Karl")], {"userName": "Karl"}),
    ([op("add", 'roles[primary eq "True"].value', "boss")], {"roles": [{"primary": True, "value": "boss"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("operations", "changes"), GOOD, ids=[str(case[0]) for case in GOOD])
def test_operations_change_what_they_name_and_nothing_else(
    provider: IdentityProvider, carl: str, operations: list[dict[str, Any]], changes: dict[str, Any]
) -> None:
    before = provider.get(f"/Users/{carl}").body
    after = patched(provider, carl, *operations)
    wanted: dict[str, Any] = {**before, **changes}
    shown = {name: value for name, value in wanted.items() if value is not None}
    assert without(after, "meta", "schemas") == without(shown, "meta", "schemas")


BAD: list[tuple[dict[str, Any], str]] = [
    (op("replace", "id", "x"), "mutability"),
    (op("add", "meta.version", "x"), "mutability"),
    (op("replace", "groups", []), "mutability"),
    (op("remove", "userName"), "mutability"),
    (op("replace", "userName", ""), "invalidValue"),
    (op("replace", "shoeSize", 43), "invalidPath"),
    (op("replace", "emails[", "x"), "invalidPath"),
    (op("replace", "emails[type eq]", "x"), "invalidPath"),
    (op("replace", 'emails[type eq "work"].shoeSize', "x"), "invalidPath"),
    (op("replace", 'title[value eq "x"]', "x"), "invalidPath"),
    (op("replace", 'emails[type eq "none"].value', "x@x.example"), "noTarget"),
    (op("remove", 'emails[type eq "none"]'), "noTarget"),
    (op("remove"), "noTarget"),
    (op("add", 'emails[value co "none"].display', "x"), "noTarget"),
    (op("add", None, "text"), "invalidValue"),
    (op("add", "active", "perhaps"), "invalidValue"),
    (op("add", "emails", [7]), "invalidValue"),
    (op("add", "name", "Carl"), "invalidValue"),
    ({"op": "add", "path": "title"}, "invalidValue"),
    ({"op": "move", "path": "title"}, "invalidSyntax"),
    ({"path": "title", "value": "x"}, "invalidSyntax"),
    ({"op": 7}, "invalidSyntax"),
    ({"op": "add", "path": 7, "value": 1}, "invalidPath"),
    ({"op": "add", "path": "title", "value": {"a": 1}}, "invalidValue"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "scim_type"), BAD, ids=[str(case[0]) for case in BAD])
def test_a_bad_operation_undoes_the_good_one_before_it(
    provider: IdentityProvider, carl: str, operation: dict[str, Any], scim_type: str
) -> None:
    before = provider.get(f"/Users/{carl}").body
    assert_error(provider.patch(f"/Users/{carl}", op("replace", "title", "Lost"), operation), 400, scim_type)
    assert provider.get(f"/Users/{carl}").body == before


@pytest.mark.parametrize(
    "body",
    [
        {}, {"schemas": [PATCH_OP]}, {"schemas": [PATCH_OP], "Operations": []},
        {"schemas": [GROUP], "Operations": [op("add", "title", "x")]},
        {"schemas": [PATCH_OP], "Operations": {"op": "add"}}, {"schemas": [PATCH_OP], "Operations": ["add"]},
    ],
)  # fmt: skip
def test_a_message_that_is_no_patch_is_refused(provider: IdentityProvider, carl: str, body: dict[str, Any]) -> None:
    assert_error(provider.send("PATCH", f"/Users/{carl}", body), 400, "invalidSyntax")


@pytest.mark.parametrize("operations_name", ["Operations", "operations", "OPERATIONS"])
def test_a_patch_without_schemas_is_accepted(provider: IdentityProvider, carl: str, operations_name: str) -> None:
    assert provider.send("PATCH", f"/Users/{carl}", {operations_name: [op("add", "title", "x")]}).status == 200


@pytest.mark.parametrize(
    "operation",
    [
        op("add", "title", "Guide"), op("replace", "emails", EMAILS), op("replace", None, {"active": True}),
        op("remove", "nickName"), op("add", "emails", [EMAILS[1]]), op("replace", "userName", "carl"),
    ],
)  # fmt: skip
def test_what_changes_nothing_moves_neither_time_nor_version(
    provider: IdentityProvider, carl: str, operation: dict[str, Any]
) -> None:
    before = provider.get(f"/Users/{carl}").body
    assert patched(provider, carl, operation) == before


def test_the_newest_primary_value_is_the_only_one(provider: IdentityProvider, carl: str) -> None:
    after = patched(provider, carl, op("add", "emails", [{"value": "n@x.example", "primary": True}]))
    assert [email.get("primary") for email in after["emails"]] == [False, None, True]
    after = patched(provider, carl, op("replace", 'emails[type eq "home"].primary', value=True))
    assert [email.get("primary") for email in after["emails"]] == [False, True, False]


def test_where_entra_is_tolerated_a_replace_makes_what_it_misses(provider: IdentityProvider, carl: str) -> None:
    operation = op("Replace", 'phoneNumbers[type eq "mobile"].value', "+1 555")
    assert_error(provider.patch(f"/Users/{carl}", operation), 400, "noTarget")
    with current.organization(provider.organization_id):
        ProvisioningSettings.objects.create(entra_tolerant=True)
    assert patched(provider, carl, operation)["phoneNumbers"] == [{"type": "mobile", "value": "+1 555"}]


# Groups


def member_ids(provider: IdentityProvider, group: str) -> set[str]:
    return {member["value"] for member in provider.get(f"/Groups/{group}").body.get("members", [])}


@pytest.fixture
def four(provider: IdentityProvider) -> list[str]:
    return [provider.user(f"user{at}").id for at in range(4)]


def test_members_come_and_go_by_every_shape(provider: IdentityProvider, four: list[str]) -> None:
    group = provider.group("Guides").id
    a, b, c, d = four

    def change(*operations: dict[str, Any]) -> set[str]:
        answer = provider.patch(f"/Groups/{group}", *operations)
        assert (answer.status, answer.content) == (204, b"")
        return member_ids(provider, group)

    assert change(op("add", "members", [{"value": a, "display": "A"}, {"value": b}])) == {a, b}
    assert change(op("Add", "members", {"value": c})) == {a, b, c}
    assert change(op("add", None, {"members": [{"value": d}]})) == {a, b, c, d}
    assert change(op("remove", f'members[value eq "{a}"]')) == {b, c, d}
    assert change(op("Remove", "members", [{"value": b}])) == {c, d}
    assert change(op("remove", f'members[value eq "{a}" or value eq "{c}"]')) == {d}
    assert change(op("replace", "members", [{"value": a}])) == {a}
    assert change(op("replace", None, {"id": group, "displayName": "Guides 2"}), op("add", "members", [b])) == {a, b}
    assert change(op("remove", "members")) == set()
    assert change(op("add", "members", [{"value": a}]), op("remove", f'members[value eq "{a}"]')) == set()


def test_unknown_foreign_and_impossible_members_are_dropped(
    provider: IdentityProvider, mallory: IdentityProvider, four: list[str]
) -> None:
    foreign = mallory.user("foreign").id
    strange = [foreign, "00u1", "9a9c2b53-7aa9-4b2c-8d22-3b7a0c3ad0bd", four[0]]
    group = provider.group("Guides", *strange)
    assert [member["value"] for member in group["members"]] == [four[0]]
    answer = provider.patch(f"/Groups/{group.id}", op("add", "members", [{"value": foreign}]))
    assert (answer.status, answer.content) == (204, b"")
    assert member_ids(provider, group.id) == {four[0]}
    assert mallory.get(f"/Users/{foreign}").body.get("groups") is None


def test_members_say_who_and_where_they_are(provider: IdentityProvider, four: list[str]) -> None:
    inner = provider.group("Inner").id
    group = provider.group("Outer", four[0], inner)
    group_entry, user_entry = sorted(group["members"], key=lambda entry: str(entry["type"]))
    assert (user_entry["type"], group_entry["type"]) == ("User", "Group")
    assert provider.get(user_entry["$ref"].split("/scim/v2")[1]).id == four[0]
    assert provider.get(group_entry["$ref"].split("/scim/v2")[1]).id == inner
    groups = provider.get(f"/Users/{four[0]}")["groups"]
    assert [(each["value"], each["display"], each["type"]) for each in groups] == [(group.id, "Outer", "direct")]


def test_removing_who_is_not_there_changes_nothing(provider: IdentityProvider, four: list[str]) -> None:
    group = provider.group("Guides", four[0])
    before = provider.get(f"/Groups/{group.id}").body
    for each in (four[1], "nonsense"):
        assert provider.patch(f"/Groups/{group.id}", op("remove", f'members[value eq "{each}"]')).status == 204
    assert provider.patch(f"/Groups/{group.id}", op("add", "members", [{"value": four[0]}])).status == 204
    assert provider.get(f"/Groups/{group.id}").body == before


def test_a_member_can_not_be_altered_in_place(provider: IdentityProvider, four: list[str]) -> None:
    group = provider.group("Guides", four[0]).id
    assert_error(provider.patch(f"/Groups/{group}", op("replace", "members.value", four[1])), 400, "mutability")
    strange = op("add", "members", [{"value": 7}])
    assert_error(provider.patch(f"/Groups/{group}", strange), 400, "invalidValue")


def test_put_replaces_members_only_where_it_names_them(provider: IdentityProvider, four: list[str]) -> None:
    group = provider.group("Guides", *four[:2]).id
    assert provider.put(f"/Groups/{group}", {"schemas": [GROUP], "displayName": "G"}).status == 200
    assert member_ids(provider, group) == set(four[:2])
    changed = {"schemas": [GROUP], "displayName": "G", "members": [{"value": four[3]}]}
    assert provider.put(f"/Groups/{group}", changed)["members"][0]["value"] == four[3]
    assert provider.put(f"/Groups/{group}", {**changed, "members": []}).status == 200
    assert member_ids(provider, group) == set()


def test_a_patched_group_is_answered_where_attributes_are_asked_for(provider: IdentityProvider) -> None:
    group = provider.group("Guides").id
    answer = provider.send(
        "PATCH", f"/Groups/{group}?attributes=displayName", {"Operations": [op("replace", "displayName", "G")]}
    )
    assert (answer.status, answer["displayName"]) == (200, "G")
