"""Deciding about proposals: who may, what is written, what is left alone."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calendars import colleagues
from calendars.models import Event, OutboxWrite
from clockwise import clock
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from scheduling import hold_writes, proposals
from scheduling.models import Hold, HoldChange, Move, Pin, Proposal
from tests.calendars.test_colleagues import add_people
from tests.company import MONDAY, Company, address, meeting
from tests.scheduling.proposing import NEW, TUESDAY, accept, accepted_hold, deliver, make_member_of, move_of, propose


def test_an_accepted_move_is_at_google_and_on_everybodys_calendar(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    acceptance = accept(company, proposal)
    deliver(company)
    company.sync()

    assert len(acceptance.accepted) == 1
    assert move_of(company, proposal).state == Move.State.APPLIED
    with company.inside():
        assert company.event("ben", planned).start == NEW
        proposal.refresh_from_db()
        assert proposal.state == Proposal.State.ACCEPTED


def test_f18_a_meeting_edited_since_the_run_is_left_alone(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    company.google.as_person(address("ada"), "patch", planned, {"summary": "Plan B"})
    company.sync()
    acceptance = accept(company, proposal)

    assert acceptance.accepted == []
    assert len(acceptance.stale) == 1
    with company.inside():
        assert OutboxWrite.objects.count() == 0


def test_a_place_that_was_taken_since_the_run_is_not_taken_again(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    company.insert("ben", meeting("Dentist", TUESDAY, 14, 60, "ben"))
    company.sync()
    assert len(accept(company, proposal).stale) == 1


def test_a_place_to_which_another_meeting_is_on_its_way_is_not_taken(company: Company, planned: str) -> None:
    other = company.insert("ada", meeting("Other", MONDAY + timedelta(days=3), 10, 60, "ada", "ben"))
    company.sync()
    first, second = propose(company, (planned, NEW)), propose(company, (other, NEW + timedelta(minutes=30)))
    assert len(accept(company, first).accepted) == 1  # decided, not delivered
    assert len(accept(company, second).stale) == 1


def test_a_colleague_known_by_free_busy_who_has_become_busy_keeps_the_place(company: Company) -> None:
    """F3: Dora never signed in; she is asked to the meeting, and Google tells that she is busy at the new time."""
    add_people(company, "dora")
    planned = company.insert("ada", meeting("Plan", MONDAY + timedelta(days=2), 10, 60, "ada", "dora"))
    company.sync()
    with company.acting():
        colleagues.refresh()
    busy, free = propose(company, (planned, NEW)), propose(company, (planned, NEW + timedelta(hours=3)))
    company.google.as_person(address("dora"), "insert", body=meeting("", TUESDAY, 14.5, 30, "dora"))
    with company.acting(), clock.stopped(clock.now() + timedelta(minutes=20)):
        colleagues.refresh()

    assert len(accept(company, busy).stale) == 1
    assert len(accept(company, free).accepted) == 1


def test_f18_a_part_with_one_stale_move_waits_and_the_other_part_goes(company: Company, planned: str) -> None:
    """Ada's second meeting would take the place that the first leaves; Chie's own is independent."""
    second = company.insert("ada", meeting("Follow-up", MONDAY + timedelta(days=3), 10, 60, "ada", "ben"))
    other = company.insert("ada", meeting("Elsewhere", MONDAY + timedelta(days=4), 9, 30, "ada", "chie"))
    company.sync()
    with company.inside():
        place = company.event("ada", planned).start
    proposal = propose(company, (planned, NEW), (second, place), (other, NEW + timedelta(days=3, hours=-5)))
    company.google.as_person(address("ada"), "patch", planned, {"summary": "Changed"})
    company.sync()

    acceptance = accept(company, proposal)
    assert [move.event.google_id for move in acceptance.accepted if isinstance(move, Move)] == [other]
    assert len(acceptance.stale) == 2


def test_a_meeting_of_the_proposal_that_somebody_has_dragged_since_keeps_its_place(
    company: Company, planned: str
) -> None:
    """Ada accepts one move, drags the meeting to where the other one would go, and accepts the other."""
    other = company.insert("ada", meeting("Other", MONDAY + timedelta(days=3), 10, 60, "ada", "ben"))
    company.sync()
    place = meeting("", MONDAY + timedelta(days=4), 9, 60)
    proposal = propose(company, (planned, NEW), (other, datetime(2027, 3, 5, 8, tzinfo=UTC)))
    with company.inside():
        first = Move.objects.get(event__google_id=planned).pk
    accept(company, proposal, moves={first})
    deliver(company)
    company.google.as_person(address("ada"), "patch", planned, {key: place[key] for key in ("start", "end")})
    company.sync()
    assert len(accept(company, proposal).stale) == 1


def test_a_plain_guest_decides_nothing_of_a_meeting(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    acceptance = accept(company, proposal, "ben")
    assert (acceptance.accepted, len(acceptance.refused)) == ([], 1)


def test_a_guest_whom_google_lets_modify_it_may_decide(company: Company) -> None:
    body = meeting("Open", MONDAY + timedelta(days=2), 10, 60, "ada", "ben", guestsCanModify=True)
    google_id = company.insert("ada", body)
    company.sync()
    assert len(accept(company, propose(company, (google_id, NEW)), "ben").accepted) == 1


def members_of(acceptance: proposals.Acceptance) -> list[UUID]:
    return [change.member_id for change in acceptance.accepted if isinstance(change, HoldChange)]


def test_members_decide_their_own_holds_and_administrators_all(company: Company) -> None:
    company.sync()
    holds = (("ben", NEW), ("chie", NEW + timedelta(hours=12)))
    proposal = propose(company, holds=holds)
    assert members_of(accept(company, proposal, "ben")) == [company.ids["ben"]]
    make_member_of(company, "ben", "admin")
    assert members_of(accept(company, proposal, "ben")) == [company.ids["chie"]]


def test_f14_one_instance_moves_alone_and_a_deleted_one_stays_deleted(company: Company) -> None:
    rule = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=4"]}
    series = company.insert("ada", meeting("Daily", MONDAY, 10, 60, "ada", "ben", **rule))
    ids = [f"{series}_202703{day:02}T090000Z" for day in (1, 2, 3, 4)]
    company.google.as_person(address("ada"), "delete", ids[2])
    company.sync()

    def etags() -> list[str]:
        with company.inside():
            return [company.event("ada", key).etag for key in (ids[0], ids[3])]

    before = etags()
    accept(company, propose(company, (ids[1], NEW)))
    deliver(company)
    company.sync()

    assert etags() == before
    written = [entry["path"].rpartition("/")[2] for entry in company.google.log if entry["method"] == "PATCH"]
    assert written == [ids[1]]
    with company.inside():
        there = dict(Event.objects.filter(member=company.ids["ben"]).values_list("google_id", "start"))
    assert there.keys() == {ids[0], ids[1], ids[3]}
    assert there[ids[1]] == NEW


def test_a_decided_proposal_is_closed(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    accept(company, proposal)
    with pytest.raises(proposals.ProposalClosed):
        accept(company, proposal)


def test_a_dismissed_proposal_can_be_restored(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    with company.inside():
        proposals.dismiss(proposal, by=company.member("ada"))
    with pytest.raises(proposals.ProposalClosed):
        accept(company, proposal)
    with company.inside():
        proposals.restore(proposal, by=company.member("ada"))
    assert len(accept(company, proposal).accepted) == 1


def test_dismissing_leaves_what_others_decide_open_to_them(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW), holds=(("ben", NEW + timedelta(days=2)),))
    make_member_of(company, "ben", "member")
    with company.inside():
        proposals.dismiss(proposal, by=company.member("ben"))

    acceptance = accept(company, proposal)

    assert [type(row) for row in acceptance.accepted] == [Move]
    with company.inside():
        proposal.refresh_from_db()
        assert (proposal.state, HoldChange.objects.get().state) == (Proposal.State.ACCEPTED, HoldChange.State.LEFT_OUT)


def test_one_brings_back_only_what_one_has_dismissed(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW), holds=(("ben", NEW + timedelta(days=2)),))
    with company.inside():
        proposals.dismiss(proposal, by=company.member("ada"))
    with company.inside(), pytest.raises(proposals.ProposalClosed, match="you have dismissed"):
        proposals.restore(proposal, by=company.member("ben"))


def test_another_organization_cannot_find_a_proposal(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    with current.organization(company.other_organization_id), pytest.raises(Proposal.DoesNotExist):
        proposals.accept(proposal, by=Member.objects.get(pk=company.ids["mallory"]))


def test_f13_moving_it_by_hand_after_our_move_pins_the_meeting(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    accept(company, proposal)
    deliver(company)
    theirs = meeting("Plan", MONDAY + timedelta(days=4), 9, 60)
    company.google.as_person(address("ada"), "patch", planned, {k: theirs[k] for k in ("start", "end")})
    company.sync()

    with company.inside():
        assert Pin.objects.get().reason == Pin.Reason.MANUAL_EDIT


def test_a_hold_is_placed_with_our_marker_and_seen_as_ours(company: Company) -> None:
    hold = accepted_hold(company)
    at_google = company.google.event(address("ada"), hold.google_id)

    assert hold.state == Hold.State.PLACED
    assert at_google["summary"] == "Focus time"
    assert at_google["extendedProperties"]["private"][hold_writes.MARKER] == str(hold.pk)
    with company.inside():
        event = company.event("ada", hold.google_id)
        assert hold_writes.ours([event]) == {event.pk}


def test_a_hold_deleted_in_google_stays_deleted(company: Company) -> None:
    hold = accepted_hold(company)
    company.google.as_person(address("ada"), "delete", hold.google_id)
    company.sync()
    with company.inside():
        assert Hold.objects.get().state == Hold.State.RELEASED


def test_a_hold_moved_in_google_is_the_persons_own(company: Company) -> None:
    hold = accepted_hold(company)
    theirs = meeting("", TUESDAY, 9, 120)
    company.google.as_person(address("ada"), "patch", hold.google_id, {k: theirs[k] for k in ("start", "end")})
    company.sync()
    with company.inside():
        pinned = Hold.objects.get()
        assert pinned.state == Hold.State.PINNED
        assert pinned.start == datetime(2027, 3, 2, 8, tzinfo=UTC)
        assert not hold_writes.ours([company.event("ada", hold.google_id)])


def test_ids_of_holds_are_what_google_accepts_and_differ_by_generation() -> None:
    hold = Hold(id=uuid4(), member_id=uuid4(), date=date(2027, 3, 1), start=NEW, end=NEW, kind=Hold.Kind.LUNCH)
    first = hold_writes.google_id(hold)
    hold.generation = 2
    assert first != hold_writes.google_id(hold)
    assert set(first) <= set("0123456789abcdefghijklmnopqrstuv")
    assert 5 <= len(first) <= 1024


def test_local_midnight_is_the_date_of_a_hold_in_tokyo(company: Company) -> None:
    company.sync()
    late = datetime.combine(TUESDAY, time(23, 30), UTC)
    accept(company, propose(company, holds=(("chie", late),)))
    with company.inside():
        assert Hold.objects.get().date == TUESDAY + timedelta(days=1)


def test_accepting_takes_as_many_queries_for_six_changes_as_for_two(company: Company) -> None:
    ids = [
        company.insert("ada", meeting("Plan", MONDAY + timedelta(days=2), 8 + n, 60, "ada", "ben")) for n in range(4)
    ]
    company.sync()
    new = [NEW + timedelta(hours=n) for n in range(4)]
    # Where the meeting leaves, so that something lies at the holds' places both times.
    few = propose(company, (ids[0], new[0]), holds=(("ada", NEW + timedelta(hours=17)),))
    many = propose(
        company,
        *zip(ids[1:], new[1:], strict=True),
        holds=(("ada", NEW + timedelta(days=7)), ("ben", NEW), ("chie", NEW)),
    )
    counts = []
    for proposal in (few, many):
        with company.inside(), CaptureQueriesContext(connection) as queries:
            acceptance = proposals.accept(proposal, by=company.member("ada"))
        counts.append((len(acceptance.accepted), len(queries)))

    (accepted_few, queries_few), (accepted_many, queries_many) = counts
    assert (accepted_few, accepted_many) == (2, 6)
    assert queries_many == queries_few
