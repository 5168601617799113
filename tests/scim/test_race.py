"""After the identity provider has been told that somebody is gone, no request of theirs succeeds any more.

Over HTTP, against the web as production runs it: two processes of several threads, clients that keep their connection.
"""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from clockwise.organizations import tokens as api_tokens
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from tests.organizations import Pair
from tests.scim.idp import PATCH_OP, IdentityProvider, op
from tests.scim.test_life_cycle import signed_in
from tests.scim.web_server import serving

ASKED_AFTERWARDS = 2


@dataclass
class Way:
    """A browser or program of somebody's, on a connection that it keeps."""

    port: int
    path: str
    headers: dict[str, str]
    last_success_began: float = 0.0
    has_succeeded: threading.Event = field(default_factory=threading.Event)

    def ask_on(self, over: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        still = ASKED_AFTERWARDS
        while still:
            still -= over.is_set()
            began = time.monotonic()
            connection.request("GET", self.path, headers=self.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                self.last_success_began = began
                self.has_succeeded.set()
        connection.close()


@dataclass
class Race:
    """Ben's ways in, and the identity provider that shuts them."""

    port: int
    provider: IdentityProvider
    pair: Pair
    user_id: str

    def round(self, clients: int) -> list[str]:
        """The paths on which a request succeeded that began after the deactivation was answered."""
        self._set_active(True)
        ways, over = self._ways(clients), threading.Event()
        with ThreadPoolExecutor(clients) as pool:
            swings = [pool.submit(way.ask_on, over) for way in ways]
            try:
                for way in ways:
                    assert way.has_succeeded.wait(60), "A way in never was one."
                self._set_active(False)
                ended_at = time.monotonic()
            finally:
                over.set()
            for swing in swings:
                swing.result(timeout=120)
        return [way.path for way in ways if way.last_success_began > ended_at]

    def _ways(self, clients: int) -> list[Way]:
        """Half of them browsers, half programs. A page and an answer that nobody else gets."""
        with current.organization(self.pair.organization_id):
            ben = Member.objects.get(pk=self.pair.ben.pk)
            bearer = {"Authorization": f"Bearer {api_tokens.create(ben, scopes={'read'})}"}
        cookie = {"Cookie": f"sessionid={signed_in(ben).cookies['sessionid'].value}"}
        return [
            Way(self.port, *(("/api/v1/me", bearer) if number % 2 else ("/account/sessions/", cookie)))
            for number in range(clients)
        ]

    def _set_active(self, value: bool) -> None:
        body = {"schemas": [PATCH_OP], "Operations": [op("replace", "active", value)]}
        headers = {"Authorization": f"Bearer {self.provider.token}", "Content-Type": "application/scim+json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("PATCH", f"/scim/v2/Users/{self.user_id}", json.dumps(body), headers)
        assert connection.getresponse().status == 200
        connection.close()


@pytest.fixture
def race(provider: IdentityProvider, pair: Pair) -> Iterator[Race]:
    with serving() as port:
        yield Race(port, provider, pair, provider.user("ben@company.example").id)


def test_no_request_succeeds_that_began_after_the_deactivation_was_answered(race: Race) -> None:
    for _ in range(3):
        assert race.round(clients=8) == []


def test_the_control_without_the_end_of_access_they_go_on(race: Race) -> None:
    race._set_active = lambda value: None  # type: ignore[method-assign]
    assert len(race.round(clients=4)) == 4


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_rounds_of_fifty_clients(race: Race) -> None:
    for number in range(200):
        assert race.round(clients=50) == [], number
