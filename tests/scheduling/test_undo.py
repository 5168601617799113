"""Taking back what a proposal did: who may, until when, and what is left alone."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clockwise import clock
from clockwise.organizations.roles import Role
from scheduling import undo
from scheduling.models import Hold, HoldChange, Move, Pin, Proposal
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.scheduling.proposing import NEW, TUESDAY, accept, accepted_hold, deliver, make_member_of, move_of, propose


def test_f17_undo_restores_the_exact_time_and_pins_the_meeting(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    before = move_of(company, proposal).old_start
    accept(company, proposal)
    deliver(company)
    with company.inside():
        undo.change(Move.objects.get(proposal=proposal), by=company.member("ada"))
    deliver(company)
    company.sync()

    assert move_of(company, proposal).state == Move.State.UNDONE
    with company.inside():
        event = company.event("ben", planned)
        assert event.start == before
        assert Pin.objects.filter(meeting_index=event.meeting_index, reason=Pin.Reason.UNDONE).exists()


def test_f17_undo_is_refused_when_the_old_time_was_taken_meanwhile(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    accept(company, proposal)
    deliver(company)
    company.insert("ben", meeting("Taken", MONDAY + timedelta(days=2), 10.5, 30, "ben"))
    company.sync()
    with company.inside(), pytest.raises(undo.UndoRefused, match="no longer free"):
        undo.change(Move.objects.get(proposal=proposal), by=company.member("ada"))


def swapped(company: Company) -> tuple[Proposal, dict[str, datetime]]:
    """Two of Ada's and Ben's meetings have taken each other's places. Returns where each of them was."""
    days = {"first": 2, "second": 3}
    ids = {
        name: company.insert("ada", meeting(name, MONDAY + timedelta(days=n), 10, 60, "ada", "ben"))
        for name, n in days.items()
    }
    company.sync()
    with company.inside():
        was = {google_id: company.event("ada", google_id).start for google_id in ids.values()}
    first, second = ids.values()
    proposal = propose(company, (first, was[second]), (second, was[first]))
    accept(company, proposal)
    deliver(company)
    company.sync()
    return proposal, was


def test_two_meetings_that_changed_places_go_back_together(company: Company) -> None:
    proposal, was = swapped(company)
    with company.inside():
        undo.proposal(proposal, by=company.member("ada"))
    deliver(company)
    company.sync()
    with company.inside():
        assert {google_id: company.event("ben", google_id).start for google_id in was} == was


def test_one_of_two_that_changed_places_doesnt_go_back_where_the_other_one_stays(company: Company) -> None:
    """Ben has moved the second one's place away from what was written: it stays, and so must the first."""
    proposal, was = swapped(company)
    _, second = was
    theirs = meeting("second", MONDAY + timedelta(days=2), 10.25, 60)
    company.google.as_person(address("ada"), "patch", second, {k: theirs[k] for k in ("start", "end")})
    company.sync()
    with company.inside(), pytest.raises(undo.UndoRefused):
        undo.proposal(proposal, by=company.member("ada"))
    with company.inside():
        assert set(Move.objects.values_list("state", flat=True)) == {Move.State.APPLIED}


def test_f17_undo_is_refused_when_another_meeting_is_on_its_way_to_the_old_time(company: Company, planned: str) -> None:
    other = company.insert("ada", meeting("Other", MONDAY + timedelta(days=3), 10, 60, "ada", "ben"))
    company.sync()
    proposal = propose(company, (planned, NEW))
    old = move_of(company, proposal).old_start
    accept(company, proposal)
    deliver(company)
    company.sync()
    accept(company, propose(company, (other, old)))  # decided, not delivered
    with company.inside(), pytest.raises(undo.UndoRefused, match="no longer free"):
        undo.change(Move.objects.get(proposal=proposal), by=company.member("ada"))


def test_f17_undo_is_refused_after_a_day(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW + timedelta(days=2)))
    accept(company, proposal)
    deliver(company)
    with clock.stopped(SUNDAY_NOON + timedelta(hours=25)), company.inside(), pytest.raises(undo.UndoRefused):
        undo.change(Move.objects.get(proposal=proposal), by=company.member("ada"))


def test_a_meeting_that_somebody_moved_since_stays_where_they_put_it(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    accept(company, proposal)
    deliver(company)
    theirs = meeting("Plan", MONDAY + timedelta(days=4), 9, 60)
    company.google.as_person(address("ada"), "patch", planned, {k: theirs[k] for k in ("start", "end")})
    company.sync()

    with company.inside(), pytest.raises(undo.UndoRefused, match="Somebody has moved"):
        undo.change(Move.objects.get(proposal=proposal), by=company.member("ada"))


def take_back_hold(company: Company, name: str = "ada") -> HoldChange:
    with company.inside():
        undo.change(HoldChange.objects.latest("id"), by=company.member(name))
    deliver(company)
    company.sync()
    with company.inside():
        return HoldChange.objects.latest("id")


def test_a_new_hold_goes_and_isnt_placed_again_that_day(company: Company) -> None:
    hold = accepted_hold(company)

    change = take_back_hold(company)

    assert change.state == HoldChange.State.UNDONE
    assert company.google.event(address("ada"), hold.google_id)["status"] == "cancelled"
    with company.inside():
        assert Hold.objects.get().state == Hold.State.RELEASED


def propose_for(company: Company, hold: Hold, action: HoldChange.Action) -> Proposal:
    proposal = propose(company)
    moved = {"old_start": hold.start, "old_end": hold.end} if action == HoldChange.Action.MOVE else {}
    start = hold.start + timedelta(hours=3) if moved else hold.start
    with company.inside():
        HoldChange.objects.create(
            proposal=proposal,
            member_id=hold.member_id,
            action=action,
            kind=hold.kind,
            hold=hold,
            start=start,
            end=start + (hold.end - hold.start),
            **moved,
        )
    return proposal


def test_a_moved_hold_goes_back_and_is_left_there(company: Company) -> None:
    hold = accepted_hold(company)
    accept(company, propose_for(company, hold, HoldChange.Action.MOVE))
    deliver(company)

    take_back_hold(company)

    with company.inside():
        back = Hold.objects.get()
        assert (back.start, back.state) == (NEW, Hold.State.PINNED)
        assert company.event("ada", back.google_id).start == NEW


def test_a_deleted_hold_comes_back_under_a_new_id(company: Company) -> None:
    hold = accepted_hold(company)
    accept(company, propose_for(company, hold, HoldChange.Action.DELETE))
    deliver(company)

    take_back_hold(company)

    with company.inside():
        back = Hold.objects.get()
        assert back.google_id != hold.google_id
        assert company.event("ada", back.google_id).start == NEW


def test_a_hold_that_its_person_moved_since_is_left_alone(company: Company) -> None:
    hold = accepted_hold(company)
    theirs = meeting("", TUESDAY, 9, 120)
    company.google.as_person(address("ada"), "patch", hold.google_id, {k: theirs[k] for k in ("start", "end")})
    company.sync()

    with pytest.raises(undo.UndoRefused, match="changed in Google"):
        take_back_hold(company)


def test_only_ones_own_holds_can_be_undone(company: Company) -> None:
    accepted_hold(company)
    make_member_of(company, "ben", Role.MEMBER)

    with pytest.raises(undo.UndoRefused, match="Only the one"):
        take_back_hold(company, "ben")


def test_a_whole_proposal_goes_back_as_far_as_it_is_ones_own(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW), holds=(("ada", NEW + timedelta(days=2)), ("ben", NEW)))
    accept(company, proposal)
    deliver(company)
    with company.inside():
        undo.proposal(proposal, by=company.member("ada"))
    deliver(company)

    assert move_of(company, proposal).state == Move.State.UNDONE
    with company.inside():
        states = dict(HoldChange.objects.values_list("member_id", "state"))
    assert states == {
        company.ids["ada"]: HoldChange.State.UNDONE,
        company.ids["ben"]: HoldChange.State.APPLIED,
    }


def test_an_administrator_takes_back_a_proposal_for_everybody(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW), holds=(("ben", NEW + timedelta(days=2)), ("chie", NEW)))
    accept(company, proposal)
    deliver(company)
    with company.inside():
        undo.proposal(proposal, by=company.member("ada"), everybody=True)
    deliver(company)

    with company.inside():
        assert set(HoldChange.objects.values_list("state", flat=True)) == {HoldChange.State.UNDONE}


def test_undoing_takes_as_many_queries_for_six_changes_as_for_two(company: Company) -> None:
    ids = [
        company.insert("ada", meeting("Plan", MONDAY + timedelta(days=2), 8 + n, 60, "ada", "ben")) for n in range(4)
    ]
    company.sync()
    new = [NEW + timedelta(hours=n) for n in range(4)]
    few = propose(company, (ids[0], new[0]), holds=(("ada", NEW + timedelta(days=2)),))
    many = propose(
        company,
        *zip(ids[1:], new[1:], strict=True),
        holds=(("ada", NEW + timedelta(days=7)), ("ben", NEW + timedelta(days=8)), ("chie", NEW)),
    )
    for proposal in (few, many):
        accept(company, proposal)
        deliver(company)
    counts = []
    for proposal in (few, many):
        with company.inside(), CaptureQueriesContext(connection) as queries:
            undo.proposal(proposal, by=company.member("ada"), everybody=True)
        # Each has an entry of its own in the audit log.
        counts.append(sum("audit" not in query["sql"] for query in queries))
        with company.inside():
            rows = (*Move.objects.filter(proposal=proposal), *HoldChange.objects.filter(proposal=proposal))
            assert {row.state for row in rows} == {Move.State.UNDOING}

    assert counts[0] == counts[1]


def test_nothing_left_to_undo_is_said(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))

    with company.inside(), pytest.raises(undo.UndoRefused, match="Nothing of this proposal"):
        undo.proposal(proposal, by=company.member("ada"))
