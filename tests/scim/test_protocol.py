"""What RFC 7643 and RFC 7644 say that a service provider must do; `docs/identity/conformance.md` lists each."""

import json
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from clockwise import clock
from clockwise.encryption import keys
from clockwise.organizations.models import Organization
from clockwise.tenancy import current
from scim import rates, tokens
from scim.models import IndexedValue, ProvisioningSettings, Resource
from tests.company import SUNDAY_NOON
from tests.scim.idp import BULK, ENTERPRISE, ERROR, GROUP, LIST, SEARCH, USER, IdentityProvider, op
from tests.scim.synthetic import CORE, EXTENSION

FULL = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "00u1",
    "userName": "Barbara@Company.example",
    "name": {
        "formatted": "Ms. Barbara J Jensen, III",
        "familyName": "Jensen",
        "givenName": "Barbara",
        "middleName": "Jane",
        "honorificPrefix": "Ms.",
        "honorificSuffix": "III",
    },
    "displayName": "Babs Jensen",
    "nickName": "Babs",
    "profileUrl": "people/babs",
    "emails": [
        {"value": "barbara@company.example", "type": "work", "primary": True, "display": "Work"},
        {"value": "babs@home.example", "type": "home"},
    ],
    "addresses": [{"streetAddress": "100 Universal City Plaza", "country": "US", "type": "work", "primary": True}],
    "phoneNumbers": [{"value": "555-555-8377", "type": "work"}],
    "ims": [{"value": "babs", "type": "xmpp"}],
    "photos": [{"value": "https://photos.example/babs/F", "type": "photo"}],
    "userType": "Employee",
    "title": "Tour Guide",
    "preferredLanguage": "en-US",
    "locale": "en-US",
    "timezone": "W. Europe Standard Time",
    "active": True,
    "entitlements": [{"value": "seat"}],
    "roles": [{"value": "guide", "primary": True}],
    "x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw"}],
    ENTERPRISE: {
        "employeeNumber": "701984",
        "costCenter": "4130",
        "organization": "Universal Studios",
        "division": "Theme Park",
        "department": "Tour Operations",
        "manager": {"value": "26118915", "$ref": "../Users/26118915"},
    },
}


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def assert_error(answer: Any, status: int, scim_type: str | None = None) -> None:
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/scim+json"
    assert answer["schemas"] == [ERROR]
    assert answer["status"] == str(status)
    assert answer["detail"]
    assert answer.scim_type == scim_type


# Resources (RFC 7643, sections 2, 3, 4)


def test_a_full_user_is_stored_and_returned_as_it_was_sent(provider: IdentityProvider) -> None:
    made = provider.post("/Users", FULL)
    assert made.status == 201
    assert without(made.body, "id", "meta") == FULL
    assert provider.get(f"/Users/{made.id}").body == made.body


def test_id_and_meta_are_the_servers_alone(provider: IdentityProvider) -> None:
    made = provider.user(
        "carl@company.example", id="mine", meta={"resourceType": "Robot", "created": "1999-01-01T00:00:00Z"}
    )
    assert str(UUID(made.id)) == made.id
    assert UUID(made.id).version == 4
    meta = made["meta"]
    assert meta["resourceType"] == "User"
    assert meta["created"] == meta["lastModified"]
    assert datetime.fromisoformat(meta["created"]).tzinfo is not None
    assert meta["location"] == made.headers["Location"]
    assert meta["location"].endswith(f"/scim/v2/Users/{made.id}")
    assert meta["version"] == made.headers["ETag"]
    assert meta["version"].startswith('W/"')


def test_attribute_names_count_in_any_case_and_order(provider: IdentityProvider) -> None:
    made = provider.post("/Users", {"DISPLAYNAME": "Carl", "USERname": "carl", "schemas": [USER]})
    assert (made["displayName"], made["userName"]) == ("Carl", "carl")


def test_a_created_resource_comes_back_with_201_and_its_location(provider: IdentityProvider) -> None:
    made = provider.post("/Users", {"schemas": [USER], "userName": "carl"})
    assert made.status == 201
    assert made.headers["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize("nothing", [None, [], "", {}])
def test_null_an_empty_text_and_an_empty_list_mean_unassigned(provider: IdentityProvider, nothing: Any) -> None:
    unassigned = dict.fromkeys(("displayName", "emails", "name", "externalId"), nothing)
    made = provider.post("/Users", {"schemas": [USER], "userName": "carl", **unassigned})
    assert made.status == 201
    assert {"displayName", "emails", "name", "externalId"}.isdisjoint(made.body)


def test_external_id_is_never_the_servers_invention(provider: IdentityProvider) -> None:
    assert "externalId" not in provider.user("carl").body


def test_the_same_type_and_value_is_returned_once(provider: IdentityProvider) -> None:
    twice = [{"value": "a@company.example", "type": "work"}] * 2
    assert len(provider.user("carl", emails=twice)["emails"]) == 1


def test_two_primary_values_are_refused(provider: IdentityProvider) -> None:
    emails = [{"value": "a@x.example", "primary": True}, {"value": "b@x.example", "primary": True}]
    assert_error(provider.post("/Users", {"userName": "carl", "emails": emails}), 400, "invalidValue")


def test_a_password_is_accepted_and_never_seen_again(provider: IdentityProvider) -> None:
    made = provider.user("carl", password="s3cret-canary")
    patched = provider.patch(f"/Users/{made.id}", op("replace", "password", "s3cret-canary-2"))
    assert patched.status == 200
    listed = provider.get("/Users", attributes="password,userName")
    for answer in (made, patched, listed):
        assert b"canary" not in answer.content
        assert b'"password"' not in answer.content
    assert_error(provider.get("/Users", filter='password eq "s3cret-canary"'), 400, "invalidFilter")


def test_a_password_is_not_in_the_database(provider: IdentityProvider) -> None:
    provider.user("carl", password="s3cret-canary")
    with current.organization(provider.organization_id):
        assert "password" not in Resource.objects.get().document


def test_booleans_as_text_are_understood_and_go_out_as_booleans(provider: IdentityProvider) -> None:
    made = provider.user("carl", active="True", roles=[{"value": "x", "primary": "True"}])
    assert made["active"] is True
    assert made["roles"][0]["primary"] is True


def test_one_object_where_a_list_is_due_and_a_bare_manager(provider: IdentityProvider) -> None:
    made = provider.user("carl", emails={"value": "c@x.example"}, **{ENTERPRISE: {"manager": "boss"}})
    assert made["emails"] == [{"value": "c@x.example"}]
    assert made[ENTERPRISE]["manager"] == {"value": "boss"}


def test_unknown_attributes_and_schemas_are_passed_over(provider: IdentityProvider) -> None:
    extra = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/Group"
    made = provider.post("/Groups", {"schemas": [GROUP, extra], "displayName": "G", "shoeSize": 43, extra: {"a": 1}})
    assert made.status == 201
    assert {"shoeSize", extra}.isdisjoint(made.body)
    assert made["schemas"] == [GROUP]


@pytest.mark.parametrize(
    "body",
    [
        {"schemas": [USER]},
        {"schemas": [USER], "userName": ""},
        {"schemas": [USER], "userName": "  "},
        {"schemas": [USER], "userName": None},
        {"schemas": [USER], "userName": 7},
        {"schemas": [USER], "userName": ["a"]},
        {"schemas": [USER], "userName": "a", "active": "perhaps"},
        {"schemas": [USER], "userName": "a", "name": "Ann"},
        {"schemas": [USER], "userName": "a", "emails": [7]},
        {"schemas": [USER], "userName": "a", "x509Certificates": [{"value": "not base64!"}]},
        {"schemas": [USER], "userName": "nul\0"},
        {"schemas": [USER], "userName": "\ud800"},
    ],
)
def test_values_that_make_no_sense_are_refused(provider: IdentityProvider, body: Any) -> None:
    assert_error(provider.post("/Users", body), 400, "invalidValue")


@pytest.mark.parametrize("schemas", [[GROUP], ["urn:scim:schemas:core:1.0"], "text", [1]])
def test_another_types_schema_is_refused(provider: IdentityProvider, schemas: Any) -> None:
    assert_error(provider.post("/Users", {"schemas": schemas, "userName": "a"}), 400, "invalidSyntax")


@pytest.mark.parametrize("schemas", [None, []])
def test_missing_schemas_are_accepted(provider: IdentityProvider, schemas: Any) -> None:
    assert provider.post("/Users", {"schemas": schemas, "userName": "a"}).status == 201


@pytest.mark.parametrize("body", ["", "{", "[]", "7", '"a"', "null", b"\xff\xfe", '{"userName": NaN}', "[" * 5000])
def test_a_body_that_is_no_object_is_refused(provider: IdentityProvider, body: Any) -> None:
    assert_error(provider.send("POST", "/Users", body), 400, "invalidSyntax")


def test_a_body_nested_too_deeply_is_refused(provider: IdentityProvider) -> None:
    assert_error(provider.send("POST", "/Users", '{"a":' * 100 + "1" + "}" * 100), 400, "invalidSyntax")


@pytest.mark.parametrize("content_type", ["application/json", "application/scim+json; charset=utf-8", "text/plain"])
def test_plain_json_is_taken_for_scim(provider: IdentityProvider, content_type: str) -> None:
    provider.content_type = content_type
    assert provider.user("carl").headers["Content-Type"] == "application/scim+json"


# Uniqueness


@pytest.mark.parametrize("again", ["carl@company.example", "CARL@Company.example"])
def test_a_user_name_is_unique_whatever_its_case(provider: IdentityProvider, again: str) -> None:
    provider.user("carl@company.example")
    assert_error(provider.post("/Users", {"schemas": [USER], "userName": again}), 409, "uniqueness")


def test_a_conflict_tells_nothing_of_the_other_resource(provider: IdentityProvider) -> None:
    provider.user("carl@company.example", displayName="Canary")
    refused = provider.post("/Users", {"schemas": [USER], "userName": "carl@company.example"})
    assert b"carl" not in refused.content.lower()
    assert b"scim_" not in refused.content


def test_a_rename_onto_a_taken_name_is_refused_whole(provider: IdentityProvider) -> None:
    provider.user("carl")
    dora = provider.user("dora", title="Boss")
    answer = provider.patch(f"/Users/{dora.id}", op("replace", "title", "X"), op("replace", "userName", "CARL"))
    assert_error(answer, 409, "uniqueness")
    assert provider.get(f"/Users/{dora.id}").body == dora.body


def test_a_group_name_is_required_and_unique(provider: IdentityProvider) -> None:
    provider.group("Tour Guides")
    assert_error(provider.post("/Groups", {"schemas": [GROUP], "displayName": "tour guides"}), 409, "uniqueness")
    assert_error(provider.post("/Groups", {"schemas": [GROUP]}), 400, "invalidValue")


def test_what_is_deleted_answers_to_no_verb(provider: IdentityProvider) -> None:
    carl = provider.user("carl")
    place = f"/Users/{carl.id}"
    assert provider.delete(place).status == 204
    assert_error(provider.get(place), 404)
    assert_error(provider.put(place, {"schemas": [USER], "userName": "carl"}), 404)
    assert_error(provider.patch(place, op("replace", "title", "Guide")), 404)
    assert_error(provider.delete(place), 404)


def test_a_change_moves_time_and_version(provider: IdentityProvider) -> None:
    with clock.stopped(SUNDAY_NOON):
        carl = provider.user("carl")
    with clock.stopped(SUNDAY_NOON + timedelta(hours=1)):
        changed = provider.patch(f"/Users/{carl.id}", op("replace", "title", "Guide"))
    was, now = carl["meta"], changed["meta"]
    assert now["created"] == was["created"]
    assert datetime.fromisoformat(now["lastModified"]) - datetime.fromisoformat(was["lastModified"]) == timedelta(
        hours=1
    )
    assert now["version"] != was["version"]


def test_a_name_may_carry_its_schemas_urn(provider: IdentityProvider) -> None:
    """RFC 7644, section 3.10, for the core schema as for extensions."""
    carl = provider.post("/Users", FULL)
    named = f"{USER}:userName"
    assert provider.names(f'{named} eq "{carl["userName"]}"') == {carl["userName"]}
    assert set(provider.get(f"/Users/{carl.id}", attributes=named).body) == {"schemas", "id", "userName"}
    assert "emails" not in provider.get(f"/Users/{carl.id}", excludedAttributes=f"{USER}:emails").body
    assert provider.get("/Users", sortBy=f"{USER.upper()}:userName")["totalResults"] == 1
    patched = provider.patch(
        f"/Users/{carl.id}",
        op("replace", f"{USER}:name.familyName", "Core"),
        op("replace", f"{ENTERPRISE}:department", "Extension"),
    )
    assert (patched["name"]["familyName"], patched[ENTERPRISE]["department"]) == ("Core", "Extension")


def test_what_is_deleted_is_gone_at_once_and_can_be_made_again(provider: IdentityProvider) -> None:
    carl = provider.user("carl@company.example")
    gone = provider.delete(f"/Users/{carl.id}")
    assert (gone.status, gone.content) == (204, b"")
    assert_error(provider.get(f"/Users/{carl.id}"), 404)
    assert_error(provider.delete(f"/Users/{carl.id}"), 404)
    assert provider.find('userName eq "carl@company.example"') == []
    assert provider.user("carl@company.example").id != carl.id


# PUT


def test_put_replaces_what_is_sent_and_clears_what_is_not(provider: IdentityProvider) -> None:
    carl = provider.user("carl", title="Guide", displayName="Carl")
    put = provider.put(f"/Users/{carl.id}", {"schemas": [USER], "userName": "carl", "displayName": "C", "id": "other"})
    assert put.status == 200
    assert (put.id, put["displayName"]) == (carl.id, "C")
    assert "title" not in put.body
    assert put["meta"]["created"] == carl["meta"]["created"]
    assert put["meta"]["version"] != carl["meta"]["version"]


def test_put_makes_nothing_new_and_wants_what_is_required(provider: IdentityProvider) -> None:
    assert_error(provider.put(f"/Users/{uuid4()}", {"schemas": [USER], "userName": "x"}), 404)
    carl = provider.user("carl")
    assert_error(provider.put(f"/Users/{carl.id}", {"schemas": [USER], "title": "x"}), 400, "invalidValue")
    assert provider.get(f"/Users/{carl.id}").body == carl.body


def test_put_of_what_was_fetched_changes_nothing(provider: IdentityProvider) -> None:
    made = provider.post("/Users", FULL)
    assert provider.put(f"/Users/{made.id}", made.body).body == made.body


# ETags


def test_if_match_decides_who_comes_too_late(provider: IdentityProvider) -> None:
    carl = provider.user("carl")
    place, version = f"/Users/{carl.id}", carl["meta"]["version"]
    first = provider.patch(place, op("replace", "title", "A"), **{"If-Match": version})
    assert first.status == 200
    late = [
        provider.patch(place, op("replace", "title", "B"), **{"If-Match": version}),
        provider.put(place, {"userName": "carl"}, **{"If-Match": version}),
        provider.delete(place, **{"If-Match": version}),
    ]
    for answer in late:
        assert_error(answer, 412)
    assert provider.get(place)["title"] == "A"
    assert provider.patch(place, op("replace", "title", "C"), **{"If-Match": "*"}).status == 200


def test_if_none_match_spares_the_answer(provider: IdentityProvider) -> None:
    carl = provider.user("carl")
    known = provider.send("GET", f"/Users/{carl.id}", **{"If-None-Match": carl["meta"]["version"]})
    assert (known.status, known.content) == (304, b"")
    assert provider.send("GET", f"/Users/{carl.id}", **{"If-None-Match": 'W/"99"'}).status == 200


# Lists, sorting, paging, projection


@pytest.fixture
def crowd(provider: IdentityProvider) -> list[str]:
    names = ["delta", "Alpha", "charlie", "bravo", "Echo"]
    for at, name in enumerate(names):
        provider.user(name, title=f"T{at}", emails=[{"value": f"{name}@x.example", "primary": True, "type": "work"}])
    return names


def test_a_list_has_the_messages_form_and_a_stable_order(provider: IdentityProvider, crowd: list[str]) -> None:
    whole = provider.get("/Users")
    assert whole["schemas"] == [LIST]
    assert (whole["totalResults"], whole["startIndex"], whole["itemsPerPage"]) == (5, 1, 5)
    assert [user["userName"] for user in whole["Resources"]] == crowd
    pages = [provider.get("/Users", startIndex=start, count=2) for start in (1, 3, 5)]
    assert [user["userName"] for page in pages for user in page["Resources"]] == crowd
    assert {page["totalResults"] for page in pages} == {5}


@pytest.mark.parametrize(
    ("asked", "start", "found"),
    [
        ({"startIndex": 0}, 1, 5),
        ({"startIndex": -7}, 1, 5),
        ({"count": 0}, 1, 0),
        ({"count": -1}, 1, 0),
        ({"startIndex": 6}, 6, 0),
        ({"startIndex": 10**30}, None, 0),
        ({"count": 10**6}, 1, 5),
        ({"startIndex": "1", "count": "3"}, 1, 3),
    ],
)
def test_pages_count_from_one_and_forgive(
    provider: IdentityProvider, crowd: list[str], asked: dict[str, Any], start: int | None, found: int
) -> None:
    answer = provider.get("/Users", **asked)
    if start is None:
        assert_error(answer, 400, "invalidValue")
    else:
        assert (answer["startIndex"], len(answer["Resources"]), answer["totalResults"]) == (start, found, 5)


@pytest.mark.parametrize("asked", [{"startIndex": "one"}, {"count": "1.5"}, {"sortOrder": "sideways", "sortBy": "id"}])
def test_a_page_that_makes_no_sense_is_refused(provider: IdentityProvider, asked: dict[str, str]) -> None:
    assert_error(provider.get("/Users", **asked), 400, "invalidValue")


def test_no_more_than_two_hundred_come_at_once(provider: IdentityProvider) -> None:
    config = provider.get("/ServiceProviderConfig")
    assert config["filter"] == {"supported": True, "maxResults": 200}
    provider.post(
        "/Bulk",
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [
                {"method": "POST", "path": "/Groups", "bulkId": str(at), "data": {"displayName": f"G{at}"}}
                for at in range(100)
            ],
        },
    )
    with current.organization(provider.organization_id):
        template = Resource.objects.first()
        assert template is not None
        Resource.objects.bulk_create(
            Resource(
                resource_type="Group",
                document={"displayName": f"H{at}"},
                created_at=template.created_at,
                modified_at=template.modified_at,
            )
            for at in range(110)
        )
    answer = provider.get("/Groups", count=1000)
    assert (answer["totalResults"], answer["itemsPerPage"], len(answer["Resources"])) == (210, 200, 200)


def test_sorting_follows_the_attributes_type(provider: IdentityProvider, crowd: list[str]) -> None:
    def order(**asked: str) -> list[str]:
        return [user["userName"] for user in provider.get("/Users", **asked)["Resources"]]

    folded = sorted(crowd, key=str.casefold)
    assert order(sortBy="userName") == folded
    assert order(sortBy="USERNAME", sortOrder="descending") == folded[::-1]
    assert order(sortBy="emails.value") == folded
    assert order(sortBy="emails", sortOrder="Descending") == folded[::-1]
    assert order(sortBy="meta.created", sortOrder="descending") == crowd[::-1]
    assert_error(provider.get("/Users", sortBy="shoeSize"), 400, "invalidValue")
    assert_error(provider.get("/Users", sortBy="name"), 400, "invalidValue")


def test_what_has_no_value_comes_last_when_ascending(provider: IdentityProvider) -> None:
    provider.user("none")
    provider.user("some", title="A")
    ascending = provider.get("/Users", sortBy="title")["Resources"]
    descending = provider.get("/Users", sortBy="title", sortOrder="descending")["Resources"]
    assert [user["userName"] for user in ascending] == ["some", "none"]
    assert [user["userName"] for user in descending] == ["none", "some"]


def test_attributes_choose_what_comes_beside_the_least(provider: IdentityProvider) -> None:
    made = provider.post("/Users", FULL)
    chosen = provider.get(
        f"/Users/{made.id}", attributes=f"userName,name.givenName,emails.value,{ENTERPRISE}:department"
    )
    assert chosen.body == {
        "schemas": [USER, ENTERPRISE],
        "id": made.id,
        "userName": FULL["userName"],
        "name": {"givenName": "Barbara"},
        "emails": [{"value": "barbara@company.example"}, {"value": "babs@home.example"}],
        ENTERPRISE: {"department": "Tour Operations"},
    }
    assert set(provider.get("/Users", attributes="nonsense")["Resources"][0]) == {"schemas", "id"}
    assert set(provider.get("/Users", attributes=ENTERPRISE)["Resources"][0]) == {"schemas", "id", ENTERPRISE}


def test_excluded_attributes_leave_out_all_but_the_least(provider: IdentityProvider) -> None:
    made = provider.post("/Users", FULL)
    kept = provider.get(f"/Users/{made.id}", excludedAttributes=f"id,schemas,emails,name.familyName,{ENTERPRISE}")
    assert kept.id == made.id
    assert {"emails", ENTERPRISE}.isdisjoint(kept.body)
    assert "familyName" not in kept["name"]
    assert kept["name"]["givenName"] == "Barbara"


def test_writes_answer_with_the_attributes_that_were_asked_for(provider: IdentityProvider) -> None:
    made = provider.post("/Users?attributes=userName", FULL)
    assert set(made.body) == {"schemas", "id", "userName"}


def test_a_search_is_a_list_by_another_verb(provider: IdentityProvider, crowd: list[str]) -> None:
    message = {
        "schemas": [SEARCH],
        "filter": 'userName sw "a" or userName sw "b"',
        "attributes": ["userName"],
        "sortBy": "userName",
        "sortOrder": "descending",
        "startIndex": 1,
        "count": 1,
    }
    answer = provider.post("/Users/.search", message)
    assert (answer.status, answer["totalResults"], answer["itemsPerPage"]) == (200, 2, 1)
    assert answer["Resources"][0]["userName"] == "bravo"
    assert set(answer["Resources"][0]) == {"schemas", "id", "userName"}


@pytest.mark.parametrize("path", ["/.search", "/Users/.search"])
@pytest.mark.parametrize("schemas", [None, [], [LIST]])
def test_a_search_without_its_schema_is_refused(provider: IdentityProvider, path: str, schemas: Any) -> None:
    assert_error(provider.post(path, {"schemas": schemas, "filter": "id pr"}), 400, "invalidSyntax")


def test_the_root_answers_for_all_types(provider: IdentityProvider, crowd: list[str]) -> None:
    provider.group("Guides")
    asked = 'displayName eq "Guides" or userName eq "delta"'
    by_get = provider.get("", filter=asked)
    by_search = provider.post("/.search", {"schemas": [SEARCH], "filter": asked})
    assert by_get.body == by_search.body
    assert {each["meta"]["resourceType"] for each in by_get["Resources"]} == {"User", "Group"}
    assert provider.get("/", filter='meta.resourceType eq "Group"')["totalResults"] == 1


# Errors and addresses


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", "Bearer cws_wrong", "non-token", "Basic YTpi", "Bearer cwk_x"]
)
@pytest.mark.parametrize("path", ["Users", "Groups", "Schemas", "ResourceTypes", "Bulk", "Me", "nowhere", ""])
def test_without_a_good_token_there_is_a_challenge_and_nothing_else(database: None, path: str, header: str) -> None:
    answer = Client().get(f"/scim/v2/{path}", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/scim+json"
    body = json.loads(answer.content)
    assert (body["schemas"], body["status"]) == ([ERROR], "401")


def test_how_to_authenticate_may_be_asked_by_anybody(database: None) -> None:
    answer = Client().get("/scim/v2/ServiceProviderConfig")
    assert answer.status_code == 200
    assert json.loads(answer.content)["authenticationSchemes"][0]["type"] == "oauthbearertoken"
    assert Client().get("/scim/v2/ServiceProviderConfig", headers={"Authorization": "Bearer cws_x"}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/Users/0198f5a1-7c3e-7bb4-9e55-3b1f0f3c9a10",
        "/Users/7",
        "/Users/%00",
        "/Users/a/b",
        "/Robots",
        "/Groups/0198f5a1-7c3e-7bb4-9e55-3b1f0f3c9a11",
        "/Users/" + "9" * 3000,
    ],
)
def test_every_address_that_is_none_gets_the_same_kind_of_404(provider: IdentityProvider, path: str) -> None:
    assert_error(provider.get(path), 404)


def test_an_id_counts_in_one_spelling_only(provider: IdentityProvider) -> None:
    carl = provider.user("carl")
    for spelling in (carl.id.upper(), carl.id.replace("-", ""), f"{{{carl.id}}}", f"urn:uuid:{carl.id}"):
        assert_error(provider.get(f"/Users/{spelling}"), 404)
    group = provider.group("Guides")
    assert_error(provider.get(f"/Users/{group.id}"), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/Users"), ("PATCH", "/Users"), ("DELETE", "/Users"), ("POST", "/Users/somebody"),
        ("POST", "/ServiceProviderConfig"), ("DELETE", "/Schemas"), ("PATCH", "/ResourceTypes"), ("GET", "/Bulk"),
        ("PUT", "/.search"), ("GET", "/Users/.search"), ("OPTIONS", "/Users"), ("PURGE", "/Users"),
    ],
)  # fmt: skip
def test_a_method_that_an_address_does_not_know_is_named_so(provider: IdentityProvider, method: str, path: str) -> None:
    answer = provider.send(method, path, {})
    assert_error(answer, 405)
    assert "GET" in answer.headers["Allow"] or "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_there_is_no_me(provider: IdentityProvider, method: str) -> None:
    assert_error(provider.send(method, "/Me", {}), 501)


def test_a_body_beyond_a_mebibyte_is_refused(provider: IdentityProvider) -> None:
    assert_error(provider.send("POST", "/Users", b'{"a": "' + b"x" * 1_048_576 + b'"}'), 413)
    assert_error(provider.send("POST", "/Bulk", b'{"a": "' + b"x" * 1_048_576 + b'"}'), 413)


def test_a_failure_of_ours_has_scims_form_and_no_words_of_anybody(
    provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = f"canary{'@'}company.example"

    def fail(*args: object, **more: object) -> None:
        raise ValueError(words)

    monkeypatch.setattr("scim.search.parse_filter", fail)
    answer = provider.get("/Users", filter='userName eq "canary"')
    assert_error(answer, 500)
    assert b"canary" not in answer.content
    assert "ValueError" in caplog.text
    assert words not in caplog.text


def test_more_than_the_rate_is_told_when_to_come_back(
    provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "BURST_SECONDS", 1)
    with current.organization(provider.organization_id):
        ProvisioningSettings.objects.create(requests_per_second=25)
    answers = [provider.get("/ServiceProviderConfig") for _ in range(100)]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(answers) - len(refused) >= 25
    assert refused
    assert_error(refused[-1], 429)
    assert int(refused[-1].headers["Retry-After"]) >= 1


def test_a_rate_below_the_galleries_rule_cannot_be_set(provider: IdentityProvider) -> None:
    from django.db import IntegrityError

    with pytest.raises(IntegrityError), current.organization(provider.organization_id):
        ProvisioningSettings.objects.create(requests_per_second=24)


def test_without_the_plan_there_is_a_clear_403(provider: IdentityProvider) -> None:
    carl = provider.user("carl")
    with current.organization(provider.organization_id):
        Organization.objects.filter(pk=provider.organization_id).update(plan="business")
    for answer in (provider.get("/Users"), provider.get("/Schemas"), provider.post("/Users", {"userName": "x"})):
        assert_error(answer, 403)
        assert "plan Enterprise" in answer["detail"]
    assert_error(provider.patch(f"/Users/{carl.id}", op("replace", "active", value=True)), 403)


def test_a_token_that_may_only_read_writes_nothing(provider: IdentityProvider) -> None:
    with current.organization(provider.organization_id):
        reader = IdentityProvider(provider.organization_id, tokens.create("Reader", scopes=frozenset({"read"})))
    assert reader.get("/Users").status == 200
    assert reader.post("/Users/.search", {"schemas": [SEARCH]}).status == 200
    assert_error(reader.post("/Users", {"userName": "x"}), 403)
    assert_error(reader.post("/Bulk", {"schemas": []}), 403)


def test_no_key_is_made_for_a_member_whom_the_token_may_not_add(
    provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[UUID] = []
    monkeypatch.setattr(keys, "create_member_key", lambda organization_id, member_id: made.append(member_id))
    new = {"schemas": [USER], "userName": "new@company.example"}
    bulk = {"schemas": [BULK], "Operations": [{"method": "POST", "path": "/Users", "bulkId": "1", "data": new}]}
    with current.organization(provider.organization_id):
        reader = IdentityProvider(provider.organization_id, tokens.create("Reader", scopes=frozenset({"read"})))
    assert_error(reader.post("/Users", new), 403)
    assert_error(reader.post("/Bulk", bulk), 403)
    with current.organization(provider.organization_id):
        Organization.objects.filter(pk=provider.organization_id).update(plan="business")
    assert_error(provider.post("/Users", new), 403)
    assert made == []


# Discovery (RFC 7643, sections 5, 6, 7; RFC 7644, section 4)


def test_the_configuration_says_what_there_is(provider: IdentityProvider) -> None:
    config = provider.get("/ServiceProviderConfig")
    assert config["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]
    assert config["bulk"] == {"supported": True, "maxOperations": 100, "maxPayloadSize": 1_048_576}
    for feature in ("patch", "sort", "etag"):
        assert config[feature] == {"supported": True}
    assert config["changePassword"] == {"supported": False}
    assert config["filter"] == {"supported": True, "maxResults": 200}
    for scheme in config["authenticationSchemes"]:
        assert scheme["type"] in {"oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"}
        assert scheme["name"]
        assert scheme["description"]
    assert config["documentationUri"].startswith("https://")
    assert config["meta"]["location"].endswith("/scim/v2/ServiceProviderConfig")


def test_resource_types_name_schemas_that_there_are(provider: IdentityProvider) -> None:
    types, schemas = provider.get("/ResourceTypes"), provider.get("/Schemas")
    assert types["schemas"] == schemas["schemas"] == [LIST]
    ids = [schema["id"] for schema in schemas["Resources"]]
    assert ids == [USER, ENTERPRISE, GROUP]
    assert [each["name"] for each in types["Resources"]] == ["User", "Group"]
    for each in types["Resources"]:
        assert each["schema"] in ids
        assert {extension["schema"] for extension in each["schemaExtensions"]} <= set(ids)
        assert each["endpoint"].startswith("/")
        assert provider.get(f"/ResourceTypes/{each['id']}").body == each
    assert_error(provider.get("/ResourceTypes/Robot"), 404)


def test_the_schemas_of_discovery_are_served_by_their_names_alone(provider: IdentityProvider) -> None:
    for name in ("Schema", "ResourceType", "ServiceProviderConfig"):
        assert provider.get(f"/Schemas/urn:ietf:params:scim:schemas:core:2.0:{name}")["name"]
    assert_error(provider.get("/Schemas/urn:ietf:params:scim:api:messages:2.0:Error"), 404)


def test_every_attribute_says_all_that_rfc_7643_wants(provider: IdentityProvider) -> None:
    for schema in provider.get("/Schemas")["Resources"]:
        assert schema["name"]
        assert provider.get(f"/Schemas/{schema['id']}").body == schema
        for attribute in schema["attributes"]:
            assert re.fullmatch(r"[A-Za-z$][\w$-]*", attribute["name"])
            wanted = {
                "name",
                "type",
                "multiValued",
                "description",
                "required",
                "caseExact",
                "mutability",
                "returned",
                "uniqueness",
            }
            assert wanted <= set(attribute)


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"])
def test_discovery_passes_over_filters_and_pages(provider: IdentityProvider, path: str) -> None:
    assert provider.get(path, filter="((", sortBy="x", startIndex="y").body == provider.get(path).body


# The synthetic type: characteristics that users and groups don't have


def thing(provider: IdentityProvider, **more: Any) -> Any:
    body = {"schemas": [CORE, EXTENSION], "identifier": f"t-{uuid4()}", EXTENSION: {"extRequired": "x"}, **more}
    return provider.post("/TestResources", body)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("integerAttr", 42, 4.5),
        ("integerAttr", 0, True),
        ("decimalAttr", 4.5, "4.5"),
        ("booleanAttr", False, 1),
        ("dateTimeAttr", "2025-06-15T10:30:00Z", "yesterday"),
        ("dateTimeAttr", "2025-06-15T10:30:00.125+02:00", "2025-13-41T10:30:00Z"),
        ("binaryAttr", "aGVsbG8=", "%%%"),
        ("referenceAttr", "https://example.com/a", 7),
        ("multiStrings", ["a", "b", "c"], [1]),
        ("complexAttr", {"sub1": "a", "sub2": 9, "sub3": True}, {"sub2": "nine"}),
    ],
)
def test_each_type_comes_back_as_it_went_in(
    provider: IdentityProvider, synthetic: None, name: str, good: Any, bad: Any
) -> None:
    made = thing(provider, **{name: good})
    assert made[name] == good
    assert type(provider.get(f"/TestResources/{made.id}")[name]) is type(good)
    assert_error(thing(provider, **{name: bad}), 400, "invalidValue")


def test_mutability_is_kept_to(provider: IdentityProvider, synthetic: None) -> None:
    made = thing(provider, readOnlyAttr="client's", immutableAttr="once", writeOnlyAttr="secret")
    place = f"/TestResources/{made.id}"
    assert {"readOnlyAttr", "writeOnlyAttr"}.isdisjoint(made.body)
    changed = {"identifier": made["identifier"], "immutableAttr": "twice", EXTENSION: {"extRequired": "x"}}
    assert_error(provider.put(place, changed), 400, "mutability")
    assert provider.put(place, without(changed, "immutableAttr"))["immutableAttr"] == "once"
    assert_error(provider.patch(place, op("replace", "immutableAttr", "twice")), 400, "mutability")
    assert_error(provider.patch(place, op("replace", "readOnlyAttr", "x")), 400, "mutability")
    assert_error(provider.get("/TestResources", filter='writeOnlyAttr eq "secret"'), 400, "invalidFilter")


def test_returned_is_kept_to(provider: IdentityProvider, synthetic: None) -> None:
    made = thing(provider, requestOnlyAttr="asked", alwaysReturnedAttr="always")
    place = f"/TestResources/{made.id}"
    assert "requestOnlyAttr" not in provider.get(place).body
    assert provider.get(place, attributes="requestOnlyAttr")["requestOnlyAttr"] == "asked"
    assert provider.get(place, excludedAttributes="alwaysReturnedAttr")["alwaysReturnedAttr"] == "always"


def test_case_counts_where_the_schema_says_so(provider: IdentityProvider, synthetic: None) -> None:
    thing(provider, caseExactString="CaSe", caseInsensitiveString="CaSe")
    assert provider.find('caseExactString eq "case"', "/TestResources") == []
    assert len(provider.find('caseExactString eq "CaSe"', "/TestResources")) == 1
    assert len(provider.find('caseInsensitiveString eq "case"', "/TestResources")) == 1
    assert provider.find('caseExactString co "cas"', "/TestResources") == []


def test_a_required_extension_is_required(provider: IdentityProvider, synthetic: None) -> None:
    assert_error(provider.post("/TestResources", {"schemas": [CORE], "identifier": "x"}), 400, "invalidValue")
    assert_error(thing(provider, **{EXTENSION: {"extString": "x"}}), 400, "invalidValue")
    made = thing(provider, **{EXTENSION: {"extRequired": "x", "extString": "y"}})
    assert made["schemas"] == [CORE, EXTENSION]
    assert made[EXTENSION] == {"extRequired": "x", "extString": "y"}


def test_each_attribute_that_is_unique_on_the_server_is(provider: IdentityProvider, synthetic: None) -> None:
    assert thing(provider, uniqueString="one").status == 201
    assert_error(thing(provider, uniqueString="ONE"), 409, "uniqueness")
    assert thing(provider, uniqueString="two").status == 201


# What lies in the database


def test_no_identity_attribute_is_readable_in_the_database(provider: IdentityProvider) -> None:
    provider.post("/Users", FULL)
    provider.group("Canary Guides")
    with current.organization(provider.organization_id):
        rows = [*Resource.objects.values_list(), *IndexedValue.objects.values_list()]
    text = repr([[bytes(each) if isinstance(each, memoryview) else each for each in row] for row in rows]).lower()
    for canary in ("barbara", "babs", "universal", "701984", "00u1", "canary guides"):
        assert canary not in text
