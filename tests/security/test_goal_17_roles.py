"""Goal 17: every URL with every method for every role does what the table says, and a new one is denied."""

import logging
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path

from clockwise import urls
from clockwise.organizations import guard, roles, tokens
from clockwise.organizations.roles import ENDPOINTS, MEMBERS, Caller, Endpoint
from clockwise.tenancy import current
from tests.organizations import Pair
from tests.security.endpoints import METHODS, Address, addresses, client_of
from tests.security.rows import fill, ids

ADDRESSES = addresses()
NAMED = [address for address in ADDRESSES if address.name in ENDPOINTS]
MEMBER_CALLERS = sorted(MEMBERS | {Caller.ANONYMOUS})


def is_refused(response: HttpResponseBase) -> bool:
    """Told to sign in, or that the role doesn't allow it."""
    to_landing = response.status_code == 302 and response.headers["Location"] == "/"
    return response.status_code in {401, 403} or to_landing or "HX-Redirect" in response.headers


def call(client: Client, method: str, path: str) -> HttpResponse:
    return client.generic(method, path, content_type="application/json")  # type: ignore[return-value]


def test_goal_17_each_address_has_a_line_in_the_table_and_each_line_an_address() -> None:
    assert {address.name or address.route for address in ADDRESSES} == set(ENDPOINTS)


@pytest.fixture
def admitted(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the guard decided, request by request: a POST that worked may redirect to the landing page's address too."""
    decisions: list[bool] = []
    real = guard.refusal

    def decide(request: HttpRequest, view: guard.View) -> HttpResponse | None:
        refusal = real(request, view)
        decisions.append(refusal is None)
        return refusal

    monkeypatch.setattr(guard, "refusal", decide)
    return decisions


@pytest.mark.parametrize("caller", MEMBER_CALLERS)
def test_goal_17_each_method_is_open_to_whom_the_table_names(caller: Caller, pair: Pair, admitted: list[bool]) -> None:
    wrong = []
    for address in NAMED:
        client = client_of(caller, pair.ben, address)
        assert client is not None
        for method in METHODS:
            admitted.clear()
            response = call(client, method, address.path())
            # A room may refuse who shows no token of its kind before the guard is asked.
            if not _as_the_table_says(ENDPOINTS[address.name], method, caller, response, admitted == [True]):
                wrong.append((address.name, method, response.status_code))
    assert wrong == []


def _as_the_table_says(
    endpoint: Endpoint, method: str, caller: Caller, response: HttpResponse, was_admitted: bool
) -> bool:
    allowed = endpoint.allowed(method)
    if response.status_code >= 500 and response.status_code != 503:
        return False
    if allowed is None:
        if response.status_code != 405:
            return is_refused(response)
        return endpoint.with_proof or set(response.headers["Allow"].split(", ")) == set(endpoint.methods)
    if caller not in allowed:
        return not was_admitted and is_refused(response)
    # Some views answer GET alone; that refuses nobody's role.
    refusals = {401, 403} if method == "HEAD" else {401, 403, 405}
    return was_admitted and (endpoint.with_proof or response.status_code not in refusals)


@pytest.mark.parametrize(
    "address", [address for address in NAMED if "<" in address.route], ids=lambda address: address.name
)
def test_goal_17_another_organizations_row_does_not_exist(address: Address, pair: Pair) -> None:
    foreign = fill(pair.mallory)
    endpoint = ENDPOINTS[address.name]
    for method, callers in endpoint.callers.items():
        if endpoint.with_proof or not callers & MEMBERS:
            continue
        client = client_of(max(callers & MEMBERS), pair.ada, address)
        assert client is not None
        path = address.path(foreign)
        assert any(str(pk) in path for pk in ids(foreign)), f"No foreign row stands for the ids of {address.route}."
        there, nowhere = call(client, method, path), call(client, method, address.path())
        assert (there.status_code, nowhere.status_code) == (404, 404), method


def open_to_all(request: object) -> HttpResponse:
    return HttpResponse("forgotten")


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    """An endpoint that somebody adds without a line in the table."""
    from django.urls import clear_url_caches

    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, path("forgotten", open_to_all, name="forgotten")])
    clear_url_caches()
    yield Address("forgotten", "forgotten", False)
    clear_url_caches()


@pytest.mark.parametrize("caller", MEMBER_CALLERS)
def test_goal_17_a_new_address_is_denied_to_all_until_it_is_in_the_table(
    forgotten: Address, caller: Caller, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(caller, pair.ben, forgotten)
    assert client is not None
    with caplog.at_level(logging.ERROR, logger=guard.__name__):
        assert call(client, "GET", "/forgotten").status_code == 403
    assert "without a line in the table of roles" in caplog.text


def test_goal_17_control_without_the_guard_a_forgotten_address_is_open(
    forgotten: Address, pair: Pair, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "refusal", lambda request, view: None)
    assert call(Client(), "GET", "/forgotten").content == b"forgotten"


def test_goal_17_a_row_of_the_table_decides(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENDPOINTS, "event", Endpoint({"GET": roles.OWNERS}))
    [event] = [address for address in NAMED if address.name == "event"]
    member, owner = (client_of(caller, pair.ben, event) for caller in (Caller.MEMBER, Caller.OWNER))
    assert member is not None
    assert owner is not None
    # Both sessions are Ben's; his role when asked is what counts, so that a demotion acts at once.
    assert call(owner, "GET", event.path()).status_code == 404
    client_of(Caller.MEMBER, pair.ben, event)
    assert call(owner, "GET", event.path()).status_code == 403


def test_goal_17_the_table_is_readable_to_machines() -> None:
    lines = list(roles.published())
    assert {str(line["endpoint"]) for line in lines} == set(ENDPOINTS)
    assert {
        "endpoint": "optimize",
        "method": "POST",
        "callers": ["admin", "analyst", "member", "owner", "team_lead"],
        "with_proof": False,
    } in lines


def test_goal_17_an_identity_providers_token_opens_its_own_addresses_and_no_others(pair: Pair) -> None:
    from scim import tokens as scim_tokens

    with current.organization(pair.organization_id):
        provider = f"Bearer {scim_tokens.create('Okta')}"
        member = f"Bearer {tokens.create(pair.ada, scopes={'read', 'write'})}"
    for address in NAMED:
        for_providers = address.name.startswith("scim:")
        method = next(iter(ENDPOINTS[address.name].callers))
        answers = {
            secret: Client(raise_request_exception=False).generic(
                method, address.path(), headers={"Authorization": secret}
            )
            for secret in (provider, member)
        }
        if for_providers:
            assert answers[member].status_code == 401, address
            assert answers[provider].status_code not in {401, 403}, address
        elif Caller.ANONYMOUS not in ENDPOINTS[address.name].callers[method]:
            assert is_refused(answers[provider]), address
