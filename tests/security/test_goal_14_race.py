"""Goal 14: once it was answered that somebody is deactivated, nothing is answered to them any more."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar

import pytest
import requests
from django.db import connections
from django.test import Client
from django.test.testcases import LiveServerThread, _StaticFilesHandler

from clockwise.organizations import access, tokens
from clockwise.organizations.models import Member
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current
from tests.organizations import Pair
from tests.security.endpoints import sign_in

BROWSERS, PROGRAMS = 40, 10


@pytest.fixture
def server(pair: Pair, settings: object) -> Iterator[str]:
    thread = LiveServerThread("127.0.0.1", _StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    settings.ALLOWED_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]
    settings.CLOCKWISE_BASE_URL = f"http://127.0.0.1:{thread.port}"  # type: ignore[attr-defined]
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()
    thread.join(timeout=10)


def headers_of_all(pair: Pair) -> list[tuple[str, dict[str, str]]]:
    """Fifty ways in of Ben's: browsers and programs, each with a page that only he may see."""
    ways: list[tuple[str, dict[str, str]]] = []
    with current.organization(pair.organization_id):
        ben = Member.objects.get(pk=pair.ben.pk)
        for _ in range(BROWSERS):
            client = Client()
            sign_in(client, ben)
            ways.append(("/account/sessions/", {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}))
        secrets = [tokens.create(ben, scopes={"read"}) for _ in range(PROGRAMS)]
    ways += [("/api/v1/me", {"Authorization": f"Bearer {secret}"}) for secret in secrets]
    return ways


def race(pair: Pair, server: str) -> tuple[int, int]:
    """Successful answers to requests that began before and after the deactivation was answered."""
    ways = headers_of_all(pair)
    deactivated = threading.Event()
    before: list[int] = []
    after: list[int] = []
    with ThreadPoolExecutor(len(ways)) as pool:
        running = [pool.submit(_ask_on, server, way, deactivated, before, after) for way in ways]
        while len(before) < len(ways) // 2:
            deactivated.wait(0.02)
        with current.organization(pair.organization_id):
            access.end(Member.objects.get(pk=pair.ben.pk), reason=Reason.IDENTITY_PROVIDER)
        deactivated.set()
        for future in running:
            future.result(timeout=60)
    return len(before), len(after)


def _ask_on(
    server: str, way: tuple[str, dict[str, str]], deactivated: threading.Event, before: list[int], after: list[int]
) -> None:
    path, headers = way
    session = requests.Session()
    session.cookies = CookieJar()  # type: ignore[assignment]
    lasts = 3
    try:
        while lasts:
            began_after = deactivated.is_set()
            lasts -= began_after
            answer = session.get(f"{server}{path}", headers=headers, allow_redirects=False, timeout=30)
            if answer.status_code == 200:
                (after if began_after else before).append(1)
    finally:
        session.close()
        connections.close_all()


def test_goal_14_fifty_ways_in_are_shut_when_it_is_answered(pair: Pair, server: str) -> None:
    before, after = race(pair, server)
    assert before > 0
    assert after == 0


def test_goal_14_the_control_without_the_gate_they_stay_open(
    pair: Pair, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "end", lambda member, reason: None)
    assert race(pair, server)[1] > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_goal_14_two_hundred_rounds(pair: Pair, server: str) -> None:
    for number in range(200):
        assert race(pair, server)[1] == 0, number
        with current.organization(pair.organization_id):
            access.restore(Member.objects.get(pk=pair.ben.pk), reason=Reason.IDENTITY_PROVIDER)
