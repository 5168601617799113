"""Filters: the same answers by index and by evaluator, right precedence, nothing dropped, nothing of anybody else."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clockwise.tenancy import current
from scim.filters import parser
from scim.models import ProvisioningSettings
from tests.scim.idp import ENTERPRISE, IdentityProvider, op
from tests.scim.test_protocol import assert_error

PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {"title": "Boss", "displayName": "Ann A", "active": True, "externalId": "E-1"},
    "bob": {"title": "boss", "displayName": "Bob B", "active": False, "externalId": "e-1"},
    "cyd": {"displayName": "100% _wild", "active": True, "nickName": 'say "hi" \\ bye'},
    "dan": {"title": "Clerk", ENTERPRISE: {"department": "Sales", "manager": {"value": "m1"}}},
}


@pytest.fixture
def people(provider: IdentityProvider) -> IdentityProvider:
    for name, more in PEOPLE.items():
        emails = [
            {"value": f"{name}@work.example", "type": "work", "primary": True},
            {"value": f"{name}@home.example", "type": "home"},
        ]
        provider.user(name, **{"emails": emails, **more})
    return provider


CASES = [
    ('userName eq "ann"', "ann"),
    ('USERNAME EQ "ANN"', "ann"),
    ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ann"', "ann"),
    ('userName ne "ann"', "bob cyd dan"),
    ('userName co "n"', "ann dan"),
    ('userName sw "a"', "ann"),
    ('userName ew "N"', "ann dan"),
    ('userName gt "bob"', "cyd dan"),
    ('userName ge "bob"', "bob cyd dan"),
    ('userName lt "bob"', "ann"),
    ('userName le "BOB"', "ann bob"),
    ("userName pr", "ann bob cyd dan"),
    ("title pr", "ann bob dan"),
    ("not (title pr)", "cyd"),
    ('title eq "boss"', "ann bob"),
    ('title ne "boss"', "cyd dan"),
    ("title eq null", "cyd"),
    ("title ne null", "ann bob dan"),
    ('externalId eq "E-1"', "ann"),
    ("externalId pr", "ann bob"),
    ("externalId eq null", "cyd dan"),
    ('not (externalId eq "E-1")', "bob cyd dan"),
    ("active eq true", "ann cyd dan"),
    ("active eq false", "bob"),
    ("active ne true", "bob"),
    ('active eq "False"', "bob"),
    ('displayName co "%"', "cyd"),
    ('displayName co "_"', "cyd"),
    ('userName co "%"', ""),
    ('userName co "*"', ""),
    ('nickName eq "say \\"hi\\" \\\\ bye"', "cyd"),
    ('nickName eq "say \\u0022hi\\u0022 \\\\ bye"', "cyd"),
    # Precedence: and binds tighter than or.
    ('userName eq "ann" or userName eq "bob" and active eq true', "ann"),
    ('(userName eq "ann" or userName eq "bob") and active eq true', "ann"),
    ('userName eq "bob" and active eq true or userName eq "ann"', "ann"),
    ('active eq true and userName eq "bob" or userName eq "cyd" and title pr', ""),
    ('not (userName eq "ann") and not (userName eq "bob")', "cyd dan"),
    ('not (userName eq "ann" or title eq "clerk")', "bob cyd"),
    # Nothing is dropped from an and.
    ('userName sw "a" and externalId eq "nope"', ""),
    ('userName pr and nickName eq "nope"', ""),
    ('userName eq "ann" and title eq "Clerk"', ""),
    # Value paths and multi-valued attributes.
    ('emails eq "ann@work.example"', "ann"),
    ('emails.value eq "ANN@home.example"', "ann"),
    ('emails[type eq "work" and value eq "ann@work.example"]', "ann"),
    ('emails[type eq "home" and value eq "ann@work.example"]', ""),
    ('emails[type eq "work"].value eq "ann@work.example"', "ann"),
    ('emails[type eq "home"].value eq "ann@work.example"', ""),
    ('emails[type eq "work"] and userName eq "dan"', "dan"),
    ('emails[not (type eq "work")].value sw "dan"', "dan"),
    ('emails[primary eq true].value ew "home.example"', ""),
    ('emails.type eq "home" and userName sw "b"', "bob"),
    ('emails co "home"', "ann bob cyd dan"),
    ('emails[value eq "ann@work.example" or value eq "bob@home.example"]', "ann bob"),
    # Extensions.
    (f'{ENTERPRISE}:department eq "sales"', "dan"),
    (f'{ENTERPRISE.lower()}:manager.value eq "m1"', "dan"),
    (f'{ENTERPRISE}:manager eq "m1"', "dan"),
    (f"not ({ENTERPRISE}:department pr)", "ann bob cyd"),
    # Columns.
    ('meta.resourceType eq "User"', "ann bob cyd dan"),
    ('meta.resourceType eq "Group"', ""),
    ('meta.created gt "2000-01-01T00:00:00Z"', "ann bob cyd dan"),
    ('meta.created lt "2000-01-01T00:00:00Z"', ""),
    ('meta.lastModified ge "2000-01-01T00:00:00+02:00" and userName eq "ann"', "ann"),
    ('meta.version eq "W/\\"1\\"" and userName eq "ann"', "ann"),
    ("id pr", "ann bob cyd dan"),
    ('id eq "nonsense"', ""),
    ('id ne "nonsense"', "ann bob cyd dan"),
    ("groups pr", ""),
    ("not (groups pr)", "ann bob cyd dan"),
    ('groups.display eq "x"', ""),
    (f'schemas eq "{ENTERPRISE}"', "dan"),
]  # fmt: skip


@pytest.mark.parametrize(("filter", "names"), CASES, ids=[case[0] for case in CASES])
def test_a_filter_finds_whom_it_describes(people: IdentityProvider, filter: str, names: str) -> None:  # noqa: A002
    assert people.names(filter) == set(names.split())


REFUSED = [
    "", "(((", ")", "userName", "userName eq", 'eq "a"', "userName regex \"a\"",
    'userName eq "a" and', "not", "not userName pr",
    'userName eq "a" userName eq "b"', "userName eq a", 'userName eq "a', "userName eq 'a'", 'userName eq "\\x"',
    'shoeSize eq "43"', 'emails.shoeSize eq "43"', 'urn:nowhere:userName eq "a"', "active gt true", "active co \"t\"",
    "userName eq 7", "userName eq true", 'meta.created gt "yesterday"', 'emails[type eq "work"', "emails[type]",
    'emails[emails[type eq "a"]]', 'emails[shoeSize eq "a"]', 'userName[value eq "a"]', "name eq \"x\"",
    "addresses co \"x\"",
    'userName eq "a" or (userName eq "b"', 'x509Certificates.value gt "a"', "userName eq {}", 'userName eq "a";--',
]  # fmt: skip


@pytest.mark.parametrize("filter", REFUSED[1:])
def test_a_filter_that_makes_no_sense_is_refused_never_ignored(people: IdentityProvider, filter: str) -> None:  # noqa: A002
    assert_error(people.get("/Users", filter=filter), 400, "invalidFilter")


@pytest.mark.parametrize(
    "filter",
    [
        'userName eq "' + "a" * parser.LONGEST + '"',
        "(" * (parser.DEEPEST + 1) + "userName pr" + ")" * (parser.DEEPEST + 1),
        " or ".join(["userName pr"] * (parser.MOST_TERMS + 1)),
        "not (" * 500 + "userName pr" + ")" * 500,
    ],
)
def test_a_filter_beyond_the_limits_is_refused(people: IdentityProvider, filter: str) -> None:  # noqa: A002
    assert_error(people.post("/Users/.search", {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter,
    }), 400, "invalidFilter")  # fmt: skip


def test_many_terms_are_fine_up_to_the_limit(people: IdentityProvider) -> None:
    wanted = " or ".join([f'userName eq "x{at}"' for at in range(99)] + ['userName eq "ann"'])
    assert people.names(wanted) == {"ann"}


@pytest.mark.parametrize("number", ["-4.5", "4", "4e0", "0.4E+1"])
def test_numbers_are_json_numbers(provider: IdentityProvider, synthetic: None, number: str) -> None:
    from tests.scim.test_protocol import thing

    thing(provider, decimalAttr=4, integerAttr=4)
    found = provider.find(f"decimalAttr eq {number}", "/TestResources")
    assert len(found) == (0 if number.startswith("-") else 1)
    assert len(provider.find("integerAttr ge 4 and integerAttr lt 5", "/TestResources")) == 1


def test_groups_are_found_by_name_and_member(people: IdentityProvider) -> None:
    ann, bob = (people.find(f'userName eq "{name}"')[0]["id"] for name in ("ann", "bob"))
    guides = people.group("Guides", ann, externalId="g1").id
    people.group("Empty")

    def found(filter: str) -> set[str]:  # noqa: A002
        return {group["displayName"] for group in people.find(filter, "/Groups")}

    assert found('displayName eq "GUIDES"') == {"Guides"}
    assert found('externalId eq "g1"') == {"Guides"}
    assert found(f'id eq "{guides}" and members eq "{ann}"') == {"Guides"}
    assert found(f'id eq "{guides}" and members eq "{bob}"') == set()
    assert found(f'members[value eq "{ann}"]') == {"Guides"}
    assert found(f'members[value eq "{ann}" and type eq "User"]') == {"Guides"}
    assert found(f'members[value eq "{ann}" and type eq "Group"]') == set()
    assert found("members pr") == {"Guides"}
    assert found("not (members pr)") == {"Empty"}
    assert found('members.value sw "0"') <= {"Guides"}
    assert people.names(f'groups.value eq "{guides}"') == {"ann"}
    assert people.names('groups.display eq "guides"') == {"ann"}


def test_a_filter_that_would_open_too_much_is_refused(people: IdentityProvider) -> None:
    with current.organization(people.organization_id):
        ProvisioningSettings.objects.create(opened_at_most=3)
    assert_error(people.get("/Users", filter='title co "b"'), 400, "tooMany")
    assert_error(people.get("/Users", sortBy="userName"), 400, "tooMany")
    assert people.names('userName eq "ann" and title co "b"') == {"ann"}
    assert people.get("/Users")["totalResults"] == 4


QUERIES_OF_A_REQUEST = 3  # the token's look-up, and the transaction's token


def queries(provider: IdentityProvider, path: str, **asked: Any) -> int:
    provider.get(path, **asked)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        provider.get(path, **asked)
    return len([each for each in captured if each["sql"] not in {"BEGIN", "COMMIT"}])


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_a_list_takes_four_queries_however_long_it_is(people: IdentityProvider, path: str) -> None:
    members = [user["id"] for user in people.find("id pr")]
    people.group("First", *members)
    few = queries(people, path, count=100)
    for at in range(8):
        people.user(f"more{at}")
        people.group(f"More {at}", *members)
    many = queries(people, path, count=100)
    assert many == few
    # A full page needs a count of its own.
    assert queries(people, path, count=5) - QUERIES_OF_A_REQUEST <= 4


def test_members_that_nobody_asks_for_are_not_loaded(people: IdentityProvider) -> None:
    people.group("First", *[user["id"] for user in people.find("id pr")])
    with_members = queries(people, "/Groups")
    assert queries(people, "/Groups", excludedAttributes="members") == with_members - 1
    assert queries(people, "/Groups", attributes="displayName") == with_members - 1


# Other organizations: each filter, with its quotes and its nesting, stays at home.


def corpus() -> list[str]:
    """More than two hundred filters that find Mallory's people for Mallory."""
    basic = [case[0] for case in CASES]
    return [
        *basic,
        *[f"not (not ({each}))" for each in basic],
        *[f'({each}) or userName eq "nobody"' for each in basic],
        *[f'userName eq "nobody" or ({each})' for each in basic],
    ]


def test_no_filter_reaches_another_organization(people: IdentityProvider, mallory: IdentityProvider) -> None:
    ids = {user["id"] for user in people.find("id pr")}
    mallory.user("mallory")
    filters = corpus()
    assert len(filters) >= 200
    for each in filters:
        answer = mallory.get("/Users", filter=each, count=200)
        assert answer.status == 200, each
        assert {user["userName"] for user in answer["Resources"]} <= {"mallory"}, each
        assert answer["totalResults"] <= 1, each
    for each in ids:
        assert mallory.find(f'id eq "{each}"') == []
        assert mallory.find(f'id eq "{each}" or userName eq "nobody"') == []
    assert mallory.patch(f"/Users/{next(iter(ids))}", op("replace", "title", "x")).status == 404
