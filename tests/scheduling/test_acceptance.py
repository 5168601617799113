"""What happened between the run and the decision: nothing is written that isn't right any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from calendars.models import OutboxWrite
from clockwise.organizations.models import Member
from scheduling import flexibility, proposals
from scheduling.facts import load
from scheduling.models import Hold, HoldChange, Move, OptimizationRun, Pin, Preferences, Proposal
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.scheduling.proposing import NEW, TUESDAY, accept, accepted_hold, propose

WEDNESDAY = MONDAY + timedelta(days=2)


def refused(company: Company, proposal: Proposal) -> bool:
    """Nothing of it is on its way to Google."""
    acceptance = accept(company, proposal)
    with company.inside():
        return bool(acceptance.stale) and not acceptance.accepted and not OutboxWrite.objects.exists()


def test_f1_a_meeting_made_fixed_since_the_run_stays(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    with company.inside():
        flexibility.make_fixed(company.event("ada", planned), by=company.member("ada"))
    assert refused(company, proposal)


def test_a_meeting_of_somebody_who_has_disconnected_since_the_run_stays(company: Company, planned: str) -> None:
    """Nobody knows any more whether Ben is free."""
    proposal = propose(company, (planned, NEW))
    company.google.revoke(address("ben"))
    company.sync("ben")
    assert refused(company, proposal)


def test_f13_a_meeting_pinned_since_the_run_stays(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    with company.inside():
        index = company.event("ada", planned).meeting_index
        Pin.objects.create(meeting_index=index, reason=Pin.Reason.MANUAL_EDIT, created_at=SUNDAY_NOON)
    assert refused(company, proposal)


def test_f3_who_has_declined_needs_not_be_free(company: Company) -> None:
    body = meeting("Plan", WEDNESDAY, 10, 60, "ada", "ben", "chie")
    body["attendees"][1]["responseStatus"] = "declined"
    google_id = company.insert("ada", body)
    company.insert("ben", meeting("Dentist", TUESDAY, 14, 60, "ben"))
    company.sync()
    assert len(accept(company, propose(company, (google_id, NEW))).accepted) == 1


def test_an_absence_entered_since_the_run_keeps_a_meeting_in_place(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    away = {**meeting("Away", TUESDAY, 8, 600), "eventType": "outOfOffice"}
    del away["attendees"]
    company.insert("ben", away)
    company.sync("ben")
    assert refused(company, proposal)


def test_a_place_is_taken_as_long_as_nobody_has_accepted_that_it_is_left(company: Company, planned: str) -> None:
    """The other meeting would leave it, in the same proposal, but stays undecided."""
    other = company.insert("ada", meeting("Other", TUESDAY, 14, 60, "ada", "ben"))
    company.sync()
    proposal = propose(company, (planned, NEW), (other, NEW + timedelta(hours=2)))
    with company.inside():
        leaning = Move.objects.get(proposal=proposal, start=NEW)
    assert len(accept(company, proposal, moves={leaning.pk}, hold_changes=set()).stale) == 1
    with company.inside():
        assert not OutboxWrite.objects.exists()


def test_moves_that_lean_on_each_other_are_accepted_together(company: Company, planned: str) -> None:
    other = company.insert("ada", meeting("Other", TUESDAY, 14, 60, "ada", "ben"))
    company.sync()
    proposal = propose(company, (planned, NEW), (other, NEW + timedelta(hours=2)))
    assert len(accept(company, proposal).accepted) == 2


def test_two_open_proposals_never_hold_the_same_time_twice(company: Company) -> None:
    company.sync()
    both = [propose(company, holds=(("ada", NEW),)) for _ in range(2)]
    assert len(accept(company, both[0]).accepted) == 1
    assert len(accept(company, both[1]).stale) == 1
    with company.inside():
        assert Hold.objects.count() == 1


def test_a_hold_isnt_placed_over_what_came_since_the_run(company: Company) -> None:
    company.sync()
    proposal = propose(company, holds=(("ada", NEW),))
    company.insert("ada", meeting("New", TUESDAY, 15, 30, "ada", "ben"))
    company.sync()
    assert refused(company, proposal)
    with company.inside():
        assert HoldChange.objects.get().state == HoldChange.State.STALE


def test_a_hold_waits_for_the_meeting_that_leaves_its_place(company: Company) -> None:
    google_id = company.insert("ada", meeting("Plan", TUESDAY, 14, 60, "ada", "ben"))
    company.sync()
    proposal = propose(company, (google_id, NEW + timedelta(hours=2)), holds=(("ben", NEW),))
    assert accept(company, proposal, "ben").accepted == []
    assert len(accept(company, proposal, hold_changes=set()).accepted) == 1
    assert len(accept(company, proposal, "ben").accepted) == 1


def test_h8_a_moved_hold_that_is_deleted_later_counts_no_more(company: Company) -> None:
    hold = accepted_hold(company)
    change = {"start": {"dateTime": "2027-03-03T09:00:00Z"}, "end": {"dateTime": "2027-03-03T11:00:00Z"}}
    company.google.as_person(address("ada"), "patch", hold.google_id, change)
    company.sync("ada")
    with company.inside():
        moved = Hold.objects.get()
    assert (moved.state, moved.date) == (Hold.State.PINNED, WEDNESDAY)

    company.google.as_person(address("ada"), "delete", hold.google_id)
    company.sync("ada")
    with company.inside():
        assert Hold.objects.get().state == Hold.State.RELEASED


def test_a_holds_day_is_that_of_the_zone_in_which_its_person_plans(company: Company) -> None:
    """22:00 in Berlin is the next morning in Tokyo."""
    company.sync()
    with company.inside():
        Preferences.objects.create(member=company.member("ada"), time_zone="Asia/Tokyo")
    accept(company, propose(company, holds=(("ada", datetime(2027, 3, 2, 21, tzinfo=UTC)),)))
    with company.inside():
        assert Hold.objects.get().date == WEDNESDAY


def test_a_dismissed_proposal_comes_back_only_until_there_is_a_newer_one(company: Company, planned: str) -> None:
    old = propose(company, (planned, NEW))
    with company.inside():
        proposals.dismiss(old, by=company.member("ada"))
    newer = propose(company)
    with company.inside():
        Proposal.objects.filter(pk=newer.pk).update(created_at=SUNDAY_NOON + timedelta(minutes=1))
        try:
            proposals.restore(old, by=company.member("ada"))
        except proposals.ProposalClosed as closed:
            assert "newer" in str(closed)
        else:
            raise AssertionError("restored beside a newer one")


def test_a_plan_for_one_persons_holds_is_shown_to_nobody_else(company: Company) -> None:
    company.sync()
    proposal = propose(company, holds=(("ben", NEW),))
    with company.inside():
        OptimizationRun.objects.update(only_holds_of=company.member("ben"))
        assert list(proposals.of_interest_to(company.member("ben"))) == [proposal]
        assert list(proposals.of_interest_to(company.member("ada"))) == []


def test_who_may_decide_is_asked_once_for_any_number_of_moves(
    company: Company, planned: str, django_assert_num_queries: Any
) -> None:
    other = company.insert("ada", meeting("Other", TUESDAY, 14, 60, "ada", "ben"))
    company.sync()
    proposal = propose(company, (planned, NEW), (other, NEW + timedelta(hours=3)))
    with company.inside():
        ben = Member.objects.get(pk=company.ids["ben"])
        moves = list(proposal.moves.select_related("event"))
        with django_assert_num_queries(1):
            assert proposals.may_decide_moves(moves, by=ben) == set()


def test_an_event_outside_of_the_members_asked_for_isnt_read(company: Company, planned: str) -> None:
    with company.inside():
        known = load(SUNDAY_NOON, SUNDAY_NOON + timedelta(days=7), only=[company.ids["ben"]])
    assert set(known.people) == {company.ids["ben"]}
    assert {copy.member_id for found in known.occurrences for copy in found.copies} == {company.ids["ben"]}
