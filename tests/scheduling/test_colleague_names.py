"""Purpose limits where a plan is shown: who objects is named to nobody else (goal 26)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.test import Client

from clockwise.organizations.models import Member
from privacy import choices
from scheduling import explanations
from scheduling.eligibility import Reason, State, Status
from scheduling.models import Move, MoveReason, OptimizationRun, Stay
from tests.company import MONDAY, Company, meeting
from tests.scheduling.proposing import propose
from tests.security.endpoints import sign_in

TUESDAY = MONDAY + timedelta(days=1)


def page(company: Company, name: str) -> str:
    client = Client()
    with company.inside():
        sign_in(client, company.member(name))
    return client.get(f"/?week={MONDAY}").content.decode()


def proposed(company: Company) -> None:
    """A move that brings something to everybody, and a meeting of Ada's that Ben's dentist keeps where it is."""
    moved = company.insert("ada", meeting("Planning", TUESDAY, 11, 30, "ada", "ben", "chie"))
    stuck = company.insert("ada", meeting("Review", TUESDAY, 15, 30, "ada", "chie"))
    dentist = company.insert("ben", meeting("Dentist", TUESDAY, 15, 60))
    company.sync()
    proposal = propose(company, (moved, datetime(2027, 3, 2, 13, tzinfo=UTC)))
    with company.inside():
        gains = {str(company.ids[name]): 30.0 for name in ("ada", "ben", "chie")}
        OptimizationRun.objects.update(state=OptimizationRun.State.DONE)
        move = Move.objects.get()
        move.reason = MoveReason(by_person=gains, focus_minutes=90)
        move.save()
        stay = Stay(proposal=proposal, event=company.event("ada", stuck), reason="engine:conflict")
        stay.blockers = [str(company.event("ben", dentist).pk)]
        stay.save()


def objects(company: Company, name: str) -> None:
    with company.inside():
        choices.choose(company.member(name), choices.Use.COLLEAGUES, allowed=False)


def test_goal_26_who_objects_is_named_to_nobody_but_themselves(company: Company) -> None:
    proposed(company)
    before = page(company, "ada")
    assert "<span>Ben</span>" in before
    assert "something of Ben" in before
    objects(company, "ben")
    adas, bens = page(company, "ada"), page(company, "ben")
    assert "<span>Ben</span>" not in adas
    assert "something of a colleague" in adas
    assert "<span>Chie</span>" in adas
    assert "<span>Ben</span>" in bens


def test_goal_26_a_sentence_about_unknown_calendars_keeps_the_objection(company: Company) -> None:
    company.sync()
    with company.inside():
        viewer: Member = company.member("ada")
        status = Status(State.INELIGIBLE, Reason.UNKNOWN_CALENDAR, (company.ids["ben"],))
        assert "Ben" in explanations.status_sentence(status, viewer=viewer)
    objects(company, "ben")
    with company.inside():
        assert "Ben" not in explanations.status_sentence(status, viewer=viewer)


def test_goal_26_control_without_asking_the_choices_the_name_is_shown(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed(company)
    objects(company, "ben")

    def everybody(member_ids: frozenset[UUID], use: str) -> frozenset[UUID]:
        return member_ids

    monkeypatch.setattr(choices, "who_allows", everybody)
    assert "<span>Ben</span>" in page(company, "ada")
