"""A signed-in person, their programs and their address are told to wait when they ask too often."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.organizations import sessions, tokens
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from tests.company import SUNDAY_NOON
from tests.organizations import Pair
from tests.security.endpoints import sign_in

PAGE, REFUSED_PAGE, API = "/account/sessions/", "/organization/members/", "/api/v1/me"


@pytest.fixture(autouse=True)
def still(settings: Settings) -> Iterator[None]:
    """A request a second for each, twenty at once; the clock stands, so that none comes back."""
    settings.REQUESTS_PER_SECOND = {"member": 1, "address": 100}
    with clock.stopped(SUNDAY_NOON):
        yield


def browser_of(member: Member) -> Client:
    client = Client()
    with current.organization(member.organization_id):
        sign_in(client, member)
    return client


def program_of(member: Member) -> Client:
    with current.organization(member.organization_id):
        return Client(headers={"Authorization": f"Bearer {tokens.create(member, scopes={'read'})}"})


def statuses(client: Client, path: str, times: int) -> list[int]:
    return [client.get(path).status_code for _ in range(times)]


def entries(pair: Pair, action: str) -> list[AuditEntry]:
    with current.organization(pair.organization_id):
        found = list(AuditEntry.objects.filter(action=action).order_by("pk"))
        assert all(entry.body for entry in found)
        return found


def test_twenty_seconds_worth_is_answered_at_once_and_the_next_one_told_to_wait(pair: Pair) -> None:
    browser = browser_of(pair.ben)
    assert statuses(browser, PAGE, 20) == [200] * 20

    answer = browser.get(PAGE)

    assert (answer.status_code, answer["Retry-After"]) == (429, "1")
    assert "Wait 1 second, then go back and try again" in answer.content.decode()


def test_it_goes_on_when_the_time_is_over(pair: Pair) -> None:
    browser = browser_of(pair.ben)
    assert statuses(browser, PAGE, 21)[-1] == 429
    with clock.stopped(SUNDAY_NOON + timedelta(seconds=1)):
        assert statuses(browser, PAGE, 2) == [200, 429]


def test_a_program_is_told_in_json(pair: Pair) -> None:
    program = program_of(pair.ben)
    assert statuses(program, API, 20) == [200] * 20

    answer = program.get(API)

    assert (answer.status_code, answer["Retry-After"]) == (429, "1")
    assert answer.json() == {"detail": "Too many requests. Wait 1 s, and keep to 1 a second."}


def test_browsers_and_programs_of_one_person_count_together_and_nobody_elses(pair: Pair) -> None:
    assert statuses(program_of(pair.ben), API, 20) == [200] * 20
    assert browser_of(pair.ben).get(PAGE).status_code == 429
    assert browser_of(pair.ada).get(PAGE).status_code == 200
    assert browser_of(pair.mallory).get(PAGE).status_code == 200


def test_an_address_is_limited_for_all_who_come_from_it(pair: Pair, settings: Settings) -> None:
    settings.REQUESTS_PER_SECOND = {"member": 100, "address": 1}
    assert statuses(browser_of(pair.ben), PAGE, 20) == [200] * 20
    assert browser_of(pair.ada).get(PAGE).status_code == 429
    assert browser_of(pair.ada).get(PAGE, REMOTE_ADDR="198.51.100.7").status_code == 200


def test_who_is_told_to_wait_takes_nothing_of_their_addresss_share(pair: Pair, settings: Settings) -> None:
    settings.REQUESTS_PER_SECOND = {"member": 1, "address": 2}
    assert statuses(browser_of(pair.ben), PAGE, 100).count(429) == 80
    assert statuses(browser_of(pair.ada), PAGE, 20) == [200] * 20


def test_an_ended_browser_uses_up_nothing_of_its_owners(pair: Pair) -> None:
    stolen = browser_of(pair.ben)
    with current.organization(pair.organization_id):
        sessions.end_all(pair.ben)
    assert statuses(stolen, PAGE, 30) == [302] * 30
    assert browser_of(pair.ben).get(PAGE).status_code == 200


def test_who_is_nobody_is_not_counted(pair: Pair) -> None:
    assert statuses(Client(), "/trust", 30) == [200] * 30
    stranger = Client(headers={"Authorization": "Bearer cwk_unknown"})
    assert statuses(stranger, API, 30) == [401] * 30


def test_the_audit_log_has_one_entry_for_a_burst(pair: Pair) -> None:
    assert statuses(browser_of(pair.ben), PAGE, 60).count(429) == 40
    [entry] = entries(pair, "member.slowed_down")
    assert entry.actor_id == pair.ben.pk
    assert entry.body.facts == {"address": "sessions", "seconds": 1}

    with clock.stopped(SUNDAY_NOON + timedelta(minutes=10)):
        statuses(browser_of(pair.ben), PAGE, 30)
    assert len(entries(pair, "member.slowed_down")) == 2


@pytest.mark.parametrize("caller", [browser_of, program_of])
def test_refusals_are_each_written_down_until_they_are_too_many(
    pair: Pair, settings: Settings, caller: Callable[[Member], Client]
) -> None:
    settings.REQUESTS_PER_SECOND = {"member": 10, "address": 100}

    answers = statuses(caller(pair.ben), REFUSED_PAGE, 60)

    assert answers == [403] * 30 + [429] * 30
    assert len(entries(pair, "role.refused")) == 30
    assert len(entries(pair, "member.slowed_down")) == 1


def test_an_htmx_request_gets_the_status_that_the_page_complains_about(pair: Pair) -> None:
    browser = browser_of(pair.ben)
    statuses(browser, PAGE, 20)
    answer: HttpResponse = browser.get(PAGE, headers={"HX-Request": "true"})  # type: ignore[assignment]
    assert (answer.status_code, answer["Retry-After"]) == (429, "1")
