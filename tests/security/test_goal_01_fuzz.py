"""Goal 1: random requests to every address, with ids of another organization, neither read nor change one row of it."""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client

from clockwise.celery import app
from clockwise.organizations import guard
from clockwise.organizations.models import Member
from clockwise.organizations.roles import ENDPOINTS, MEMBERS, Caller
from clockwise.tenancy import current, rls
from tests.organizations import Pair
from tests.security.endpoints import METHODS, Address, addresses, client_of
from tests.security.rows import TENANT_MODELS, Rows, fill, ids

WALKED = [address for address in addresses() if address.name in ENDPOINTS and address.name != "sign-out"]
FILTERS = ["", "?q={}", "?member={}", "?organization={}", "?id={}", "?start=2020-01-01T00:00:00Z", "?email={}"]


@dataclass
class Result:
    leaks: list[tuple[str, str, int]] = field(default_factory=list)
    wrong_denials: list[tuple[str, str]] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Attacker:
    """A member of one organization who knows every id of another one."""

    member: Member
    own: Rows
    foreign: Rows
    secret: bytes

    def fuzz(self, requests: int, seed: int) -> Result:
        dice, result = random.Random(seed), Result()
        clients: dict[bool, Client] = {}
        known = [str(pk) for pk in ids(self.foreign)] + [str(next(iter(self.foreign.values())).organization_id)]
        for _ in range(requests):
            address = dice.choice(WALKED)
            client = clients.get(address.for_programs) or client_of(Caller.OWNER, self.member, address)
            assert client is not None
            clients[address.for_programs] = client
            method = dice.choice([*ENDPOINTS[address.name].methods, dice.choice(METHODS)])
            path = address.path(dice.choice([self.foreign, self.foreign, self.own, None]))
            query = dice.choice(FILTERS).format(dice.choice(known))
            body = json.dumps({dice.choice(["id", "member", "event", "organization", "value"]): dice.choice(known)})
            response = client.generic(method, path + query, body, content_type="application/json")
            self._judge(address, method, response, result)  # type: ignore[arg-type]
            if response.status_code in {401, 403} or (response.status_code == 302 and "/accounts/" in path):
                clients.clear()  # signed out, perhaps by the request before
        connections.close_all()
        return result

    def _judge(self, address: Address, method: str, response: HttpResponse, result: Result) -> None:
        content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        result.answers[response.status_code] += 1
        if self.secret in content:
            result.leaks.append((address.name, method, response.status_code))


@pytest.fixture
def denials(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Refusals of a member whom the table admits."""
    wrong: list[tuple[str, str]] = []
    real = guard.refusal

    def decide(request: HttpRequest, view: guard.View) -> HttpResponse | None:
        refusal = real(request, view)
        name = request.resolver_match.view_name if request.resolver_match else ""
        allowed = ENDPOINTS[name].allowed(request.method or "") if name in ENDPOINTS else None
        if refusal is not None and allowed and guard.caller_of(request) in allowed & MEMBERS:
            wrong.append((name, request.method or ""))
        return refusal

    monkeypatch.setattr(guard, "refusal", decide)
    return wrong


def rows_of(organization_id: object) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the organization, with the transaction that wrote it last; who it audits others may add."""
    tables = [model._meta.db_table for model in TENANT_MODELS if model._meta.app_label != "audit"]
    with current.organization(organization_id), connection.cursor() as cursor:  # type: ignore[arg-type]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT id, xmin::text FROM "{table}" ORDER BY id')
            found[table] = cursor.fetchall()
    return found


def attack(pair: Pair, requests: int, threads: int) -> Result:
    secret = f"canary-{uuid4().hex}"
    mine, foreign = fill(pair.mallory, "own words"), fill(pair.ada, secret)
    before = rows_of(pair.organization_id)
    attacker = Attacker(pair.mallory, mine, foreign, secret.encode())
    total = Result()
    with ThreadPoolExecutor(threads) as pool:
        for result in pool.map(lambda seed: attacker.fuzz(requests // threads, seed), range(threads)):
            total.leaks += result.leaks
            total.answers += result.answers
    app.control.purge()  # what the requests woke up has no worker here
    if rows_of(pair.organization_id) != before:
        total.leaks.append(("a row of the other organization changed", "", 0))
    return total


def test_goal_01_a_fuzz_over_every_address_reads_and_changes_nothing_across(
    pair: Pair, denials: list[tuple[str, str]]
) -> None:
    result = attack(pair, 600, 2)
    assert (result.leaks, denials) == ([], [])
    assert len(result.answers) > 3


@pytest.mark.long
def test_goal_01_a_hundred_thousand_requests_read_and_change_nothing_across(
    pair: Pair, denials: list[tuple[str, str]]
) -> None:
    result = attack(pair, 100_000, 8)
    assert (result.leaks, denials) == ([], [])


def test_goal_01_control_with_both_walls_down_the_fuzz_finds_the_leak(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manager forgets its filter, and the policy of events lets everything through."""
    from django.db import models

    from clockwise.tenancy.models import TenantManager

    monkeypatch.setattr(TenantManager, "get_queryset", lambda self: models.QuerySet(self.model, using=self._db))
    with connections["owner"].cursor() as owner:
        for model in TENANT_MODELS:
            owner.execute(f'ALTER POLICY tenant ON "{model._meta.db_table}" USING (true) WITH CHECK (true)')
        try:
            result = attack(pair, 600, 2)
        finally:
            for model in TENANT_MODELS:
                condition = f"(organization_id = {rls.CURRENT})"
                owner.execute(
                    f'ALTER POLICY tenant ON "{model._meta.db_table}" USING {condition} WITH CHECK {condition}'
                )
    assert result.leaks


def test_goal_01_control_row_level_security_alone_holds_when_the_code_forgets(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import models

    from clockwise.tenancy.models import TenantManager

    monkeypatch.setattr(TenantManager, "get_queryset", lambda self: models.QuerySet(self.model, using=self._db))
    assert attack(pair, 300, 2).leaks == []


def test_goal_01_the_code_alone_holds_when_a_policy_is_lost(pair: Pair) -> None:
    """Each wall stands without the other: here row-level security is off, and the models' manager filters."""
    fill(pair.mallory)
    with connections["owner"].cursor() as owner:
        for model in TENANT_MODELS:
            owner.execute(f'ALTER TABLE "{model._meta.db_table}" DISABLE ROW LEVEL SECURITY')
        try:
            with current.organization(pair.organization_id):
                seen = {row.organization_id for model in TENANT_MODELS for row in model._default_manager.all()}
        finally:
            for model in TENANT_MODELS:
                owner.execute(f'ALTER TABLE "{model._meta.db_table}" ENABLE ROW LEVEL SECURITY')
    assert seen == {pair.organization_id}
