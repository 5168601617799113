"""Hostile requests: whatever is sent, the answer is SCIM's, nobody else's data, and never a 5xx."""

import json
import random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scim.idp import BULK, GROUP, PATCH_OP, SEARCH, USER, Answer, IdentityProvider

ROUNDS = 250
LONG_ROUNDS = 5000

NASTY = [
    "\0",
    "\ud800",
    "%",
    "_",
    "*",
    "'",
    '"',
    "\\",
    "';--",
    "../..",
    "🙂" * 50,
    "a" * 5000,
    "\u202e",
    "\r\nX: y",
    "{{7*7}}",
    "true",
    "null",
    "NaN",
    "-0",
    "1e309",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "bulkId:x",
    'members[value eq "x"]',
]
PATHS = [
    "",
    "active",
    "userName",
    "emails",
    'emails[type eq "work"].value',
    "members",
    'members[value eq "x"]',
    "name.givenName",
    "id",
    "meta",
    "groups",
    "schemas",
    "emails[",
    "[[[",
    'emails[type eq "work" and',
    "urn:x:y",
    "name[givenName pr]",
    "$ref",
]
FILTERS = [
    'userName eq "victim"',
    'userName eq "victim" or userName eq "x"',
    'not (userName eq "x")',
    'emails co ""',
    "id pr",
    "((",
    'a eq "',
    'userName sw "\0"',
    "active gt 1",
    'emails[value pr and not (type eq "x")]',
    "members pr",
    'groups.value ne "x"',
    "meta.created lt 1",
    'userName eq "' + "\\u0000" + '"',
    "not (" * 40,
    "userName eq 1e999999",
    "userName eq " + "9" * 5000,
    'schemas co "urn"',
]

texts = st.sampled_from(NASTY) | st.text(max_size=12)
names = (
    st.sampled_from(
        [
            "userName",
            "USERNAME",
            "active",
            "emails",
            "name",
            "members",
            "displayName",
            "schemas",
            "id",
            "meta",
            "externalId",
            "password",
            "roles",
            "x509Certificates",
            "addresses",
            "Operations",
            "op",
            "path",
            "value",
            "groups",
            "__proto__",
        ]
    )
    | texts
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
users = st.fixed_dictionaries(
    {"userName": texts}, optional={"emails": values, "name": values, "active": values, "roles": values}
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Remove", "replace", "move", 7])},
    optional={"path": st.sampled_from(PATHS) | texts, "value": values},
)


class Attacker:
    """Mallory's identity provider, who knows ids of the other organization and tries everything with them."""

    def __init__(self, mallory: IdentityProvider, victim: IdentityProvider) -> None:
        self.mallory = mallory
        self.foreign = [victim.user("victim-canary@company.example", displayName="Canary").id]
        self.foreign.append(victim.group("canary guides", self.foreign[0]).id)
        self.own = [mallory.user("own").id, mallory.group("own").id]

    def paths(self) -> st.SearchStrategy[str]:
        ids = st.sampled_from([*self.foreign, *self.own, str(uuid4()), "%00", "..", "7", "%ff", "a b", ".search"])
        kind = st.sampled_from(["Users", "Groups", "TestResources", "Bulk", "Me", "Schemas", ".search", "%00"])
        return st.builds(lambda kind, each: f"/{kind}/{each}", kind, ids) | kind.map("/{}".format)

    def check(self, answer: Answer) -> None:
        assert answer.status < 500 or answer.status == 501, answer.content
        assert b"canary" not in answer.content.lower()
        if answer.content:
            assert answer.headers["Content-Type"] == "application/scim+json"
        if answer.status >= 400:
            assert answer["status"] == str(answer.status)


def encoded(body: Any) -> str:
    return json.dumps(body)


@pytest.fixture
def attacker(mallory: IdentityProvider, provider: IdentityProvider) -> Attacker:
    from clockwise.tenancy import current
    from scim.models import ProvisioningSettings

    with current.organization(mallory.organization_id):
        ProvisioningSettings.objects.create(requests_per_second=1_000_000)
    return Attacker(mallory, provider)


def attack(attacker: Attacker, rounds: int) -> None:
    foreign = [{"value": each} for each in attacker.foreign]

    @settings(max_examples=rounds, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def one_request(data: st.DataObject) -> None:
        draw = data.draw
        shape = draw(st.integers(0, 7))
        if shape == 0:
            answer = attacker.mallory.send(
                draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"])),
                draw(attacker.paths()),
                encoded(draw(values)),
            )
        elif shape == 1:
            answer = attacker.mallory.post("/Users", {"schemas": [USER], **draw(users)})
        elif shape == 2:
            changes = draw(st.lists(operations, max_size=3))
            answer = attacker.mallory.send(
                "PATCH", draw(attacker.paths()), {"schemas": [PATCH_OP], "Operations": changes}
            )
        elif shape == 3:
            asked = draw(st.sampled_from(FILTERS) | texts | texts.map(lambda text: f"userName eq {json.dumps(text)}"))
            search = {"schemas": [SEARCH], "filter": asked, "sortBy": draw(names), "count": draw(scalars)}
            answer = attacker.mallory.post(
                draw(st.sampled_from(["/.search", "/Users/.search", "/Groups/.search"])), search
            )
        elif shape == 4:
            body = {
                "schemas": [GROUP],
                "displayName": draw(texts),
                "members": [*foreign, *draw(st.lists(values, max_size=2))],
            }
            answer = attacker.mallory.post("/Groups", body)
        elif shape == 5:
            many = draw(
                st.lists(
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET", 7]),
                            "path": attacker.paths(),
                            "bulkId": texts,
                            "data": users | values,
                            "version": texts,
                        },
                    ),
                    max_size=3,
                )
            )
            answer = attacker.mallory.post(
                "/Bulk", {"schemas": [BULK], "Operations": many, "failOnErrors": draw(scalars)}
            )
        elif shape == 6:
            depth = draw(st.integers(1, 400))
            answer = attacker.mallory.send("POST", "/Users", '{"a":' * depth + "[" * depth + "]" * depth + "}" * depth)
        else:
            content: bytes = draw(st.binary(max_size=40))
            answer = attacker.mallory.send("POST", draw(st.sampled_from(["/Users", "/Bulk", "/.search"])), content)
        attacker.check(answer)

    one_request()
    for each, path in zip(attacker.foreign, ("/Users", "/Groups"), strict=True):
        foreign_answer, unknown = attacker.mallory.get(f"{path}/{each}"), attacker.mallory.get(f"{path}/{uuid4()}")
        assert (foreign_answer.status, foreign_answer.content) == (unknown.status, unknown.content)


def test_nothing_that_is_sent_breaks_or_leaks(attacker: Attacker) -> None:
    attack(attacker, ROUNDS)


@pytest.mark.long
def test_nothing_of_five_thousand_requests_breaks_or_leaks(attacker: Attacker) -> None:
    attack(attacker, LONG_ROUNDS)


def test_random_bytes_in_every_query_parameter(attacker: Attacker) -> None:
    chance = random.Random(7)
    for _ in range(60):
        noise = "".join(chance.choice("%0aZ\"'[](){}.:é ") for _ in range(chance.randint(1, 30)))
        for name in ("filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes"):
            attacker.check(attacker.mallory.get("/Users", **{name: noise}))
