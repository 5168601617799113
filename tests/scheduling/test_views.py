"""The week's forms, as htmx sends them and as a plain browser does."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from scheduling.models import Flexibility, Move, OptimizationRun, Proposal
from tests.company import MONDAY, Company, address, meeting
from tests.scheduling.proposing import NEW, accept, move_of, propose
from tests.security.endpoints import sign_in

HTMX = {"HX-Request": "true"}
SHOWN = {"week": MONDAY.isoformat(), "view": "after"}
Browser = Callable[[str], Client]


@pytest.fixture
def as_person(company: Company) -> Browser:
    def make(name: str) -> Client:
        client = Client()
        with company.inside():
            sign_in(client, company.member(name))
        return client

    return make


def toasts(page: bytes) -> list[str]:
    return re.findall(r'data-testid="toast"><span>([^<]+)<', page.decode())


def test_a_plain_browser_comes_back_to_the_week_it_was_in_and_is_told_once(
    company: Company, planned: str, as_person: Browser
) -> None:
    proposal = propose(company, (planned, NEW))
    browser = as_person("ada")
    answer = browser.post(f"/proposals/{proposal.pk}/accept", {"move": move_of(company, proposal).pk, **SHOWN})
    assert (answer.status_code, answer["Location"]) == (302, f"/?week={MONDAY}&view=after")
    assert toasts(browser.get(answer["Location"]).content) == ["1 change on the way to Google"]
    assert toasts(browser.get(answer["Location"]).content) == []


def test_what_could_not_be_accepted_is_said_and_offers_nothing_to_undo(
    company: Company, planned: str, as_person: Browser
) -> None:
    proposal = propose(company, (planned, NEW))
    company.google.as_person(address("ada"), "patch", planned, {"summary": "Plan B"})
    company.sync()
    ids = {"move": move_of(company, proposal).pk, **SHOWN}
    page = as_person("ada").post(f"/proposals/{proposal.pk}/accept", ids, headers=HTMX).content
    [said] = toasts(page)
    assert said.startswith("No changes on the way to Google; 1 left out")
    assert f"/proposals/{proposal.pk}/undo" not in page.decode()


def test_changes_on_their_way_are_not_called_too_late_to_undo(
    company: Company, planned: str, as_person: Browser
) -> None:
    proposal = propose(company, (planned, NEW))
    accept(company, proposal)
    page = as_person("ada").post(f"/proposals/{proposal.pk}/undo", SHOWN, headers=HTMX).content
    assert toasts(page)[0].startswith("The changes are still on the way to Google")


def test_htmx_gets_the_week_that_the_form_was_in(company: Company, planned: str, as_person: Browser) -> None:
    proposal = propose(company, (planned, NEW))
    page = as_person("ada").post(f"/proposals/{proposal.pk}/dismiss", SHOWN, headers=HTMX).content.decode()
    assert f"week={MONDAY}&amp;view=" in page


def test_each_form_of_the_week_says_which_week_it_is_in(company: Company, planned: str, as_person: Browser) -> None:
    propose(company, (planned, NEW), holds=(("ben", NEW),))
    with company.inside():
        OptimizationRun.objects.update(state=OptimizationRun.State.DONE)
    page = as_person("ada").get("/", SHOWN).content.decode()
    calendar = page[page.index('id="calendar"') :]
    forms = re.findall(r"<form.*?</form>", calendar, re.S)
    assert len(forms) >= 3
    assert [form for form in forms if f'name="week" value="{MONDAY}"' not in form] == []


def test_a_proposal_that_was_closed_meanwhile_is_said_and_nothing_changes(
    company: Company, planned: str, as_person: Browser
) -> None:
    proposal = propose(company, (planned, NEW))
    with company.inside():
        Proposal.objects.update(state=Proposal.State.SUPERSEDED)
    ids = {"move": move_of(company, proposal).pk, **SHOWN}
    page = as_person("ada").post(f"/proposals/{proposal.pk}/accept", ids, headers=HTMX).content
    assert toasts(page) == ["This proposal was decided before, or a newer one has replaced it."]
    assert move_of(company, proposal).state == Move.State.PROPOSED


def test_f1_a_guest_who_may_not_modify_it_is_refused(company: Company, planned: str, as_person: Browser) -> None:
    with company.inside():
        event_id = company.event("ben", planned).pk
    answer = as_person("ben").post(f"/events/{event_id}/flexible", {"range": "week"})
    assert answer.status_code == 403
    assert "Only the organizer, or a guest who may modify the meeting" in answer.content.decode()
    with company.inside():
        assert not Flexibility.objects.exists()


@pytest.mark.parametrize(
    "window", [("9:99", "12:00"), ("12:00", "9:00"), ("9:00", "")], ids=["odd", "backwards", "half"]
)
def test_a_window_that_makes_no_sense_is_said(
    company: Company, planned: str, as_person: Browser, window: tuple[str, str]
) -> None:
    with company.inside():
        event_id = company.event("ada", planned).pk
    said = {"range": "week", "window_start": window[0], "window_end": window[1]}
    answer = as_person("ada").post(f"/events/{event_id}/flexible", said)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_an_events_page_opens_nobody_elses_calendar(company: Company, planned: str, as_person: Browser) -> None:
    """Chie isn't at the meeting: what she does in that hour isn't even unsealed."""
    company.insert("chie", meeting("Hers", MONDAY + timedelta(days=2), 10, 60, "chie", "guest@outside.example"))
    company.sync()
    with company.inside():
        event_id = company.event("ada", planned).pk
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE calendars_event SET details = '\\x00' WHERE member_id = %s", [str(company.ids["chie"])]
            )
            assert cursor.rowcount == 1
    assert as_person("ada").get(f"/events/{event_id}/").status_code == 200


def test_a_date_far_off_is_refused_by_the_command(company: Company, planned: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("optimize", "--email", address("ada"), "--date", "9999-12-31")
    assert refused.value.returncode == 2


def test_accepting_twice_writes_once(company: Company, planned: str, as_person: Browser) -> None:
    proposal = propose(company, (planned, NEW))
    accept(company, proposal)
    ids = {"move": move_of(company, proposal).pk, **SHOWN}
    page = as_person("ada").post(f"/proposals/{proposal.pk}/accept", ids, headers=HTMX).content
    assert toasts(page) == ["This proposal was decided before, or a newer one has replaced it."]
