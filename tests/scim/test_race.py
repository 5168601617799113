"""After the identity provider has been told that somebody is gone, no request of theirs succeeds any more."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from django.db import connections
from django.test import Client

from clockwise.organizations import tokens as api_tokens
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from tests.organizations import Pair
from tests.scim.idp import IdentityProvider, op
from tests.scim.test_life_cycle import signed_in


@dataclass
class Hammer:
    """Clients that ask again and again; `late`: answers that succeeded though asked for after the end."""

    secret: str
    cookie: str
    over: threading.Event = field(default_factory=threading.Event)
    ended_at: float = float("inf")
    late: list[str] = field(default_factory=list)
    succeeded: int = 0

    def swing(self, number: int) -> None:
        client = Client(raise_request_exception=False)
        by_token = number % 2 == 0
        if not by_token:
            client.cookies["sessionid"] = self.cookie
        while True:
            over = self.over.is_set()
            began = time.monotonic()
            if by_token:
                good = client.get("/api/v1/me", headers={"Authorization": f"Bearer {self.secret}"}).status_code == 200
            else:
                good = b"Sign out" in client.get("/").content
            self.succeeded += good
            if good and began > self.ended_at:
                self.late.append("token" if by_token else "session")
            if over:
                break
        connections.close_all()


def one_round(provider: IdentityProvider, pair: Pair, user_id: str, clients: int) -> Hammer:
    assert provider.patch(f"/Users/{user_id}", op("replace", "active", value=True)).status == 200
    with current.organization(pair.organization_id):
        ben = Member.objects.get(pk=pair.ben.pk)
        secret = api_tokens.create(ben, scopes={"read"})
    browser = signed_in(ben)
    hammer = Hammer(secret, browser.cookies["sessionid"].value)
    with ThreadPoolExecutor(clients) as pool:
        swings = [pool.submit(hammer.swing, number) for number in range(clients)]
        while hammer.succeeded < clients // 2:
            time.sleep(0.005)
        assert provider.patch(f"/Users/{user_id}", op("replace", "active", value=False)).status == 200
        hammer.ended_at = time.monotonic()
        time.sleep(0.05)
        hammer.over.set()
        for swing in swings:
            swing.result(timeout=120)
    return hammer


def rounds(provider: IdentityProvider, pair: Pair, *, count: int, clients: int) -> None:
    user_id = provider.user("ben@company.example").id
    for _ in range(count):
        hammer = one_round(provider, pair, user_id, clients)
        assert hammer.succeeded >= clients // 2
        assert hammer.late == []


def test_no_request_succeeds_that_began_after_the_deactivation_was_answered(
    provider: IdentityProvider, pair: Pair
) -> None:
    rounds(provider, pair, count=3, clients=8)


@pytest.mark.long
def test_two_hundred_rounds_of_fifty_clients(provider: IdentityProvider, pair: Pair) -> None:
    rounds(provider, pair, count=200, clients=50)
