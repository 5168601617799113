"""Rooms come along with a moved meeting, or it goes back (SYNC W6)."""

from datetime import timedelta

from calendars.models import OutboxWrite
from scheduling.models import Move, Pin, Preferences
from tests.company import MONDAY, Company, address, meeting
from tests.scheduling.proposing import NEW, accept, deliver, move_of, propose

ROOM = "polaris@resource.example"
WEDNESDAY = MONDAY + timedelta(days=2)


def planned(company: Company) -> str:
    google_id = company.insert("ada", meeting("Plan", WEDNESDAY, 10, 60, "ada", "ben", ROOM))
    company.sync()
    return google_id


def room_of(company: Company, google_id: str) -> str:
    guests = company.google.event(address("ada"), google_id)["attendees"]
    return str(next(guest["responseStatus"] for guest in guests if guest["email"] == ROOM))


def test_a_free_room_is_booked_anew_with_the_move(company: Company) -> None:
    google_id = planned(company)
    proposal = propose(company, (google_id, NEW))
    accept(company, proposal)
    deliver(company)
    company.sync()

    assert room_of(company, google_id) == "accepted"
    assert move_of(company, proposal).state == Move.State.APPLIED
    [busy] = company.google.events(address("ada"), calendar=ROOM)
    assert busy["id"] == google_id
    assert busy["start"]["dateTime"] == "2027-03-02T13:00:00Z"


def test_a_meeting_whose_room_declines_the_new_time_goes_back_and_says_why(company: Company) -> None:
    google_id = planned(company)
    company.insert("chie", meeting("Other", MONDAY + timedelta(days=1), 14, 60, "chie", ROOM))
    company.sync()
    proposal = propose(company, (google_id, NEW))
    before = move_of(company, proposal).old_start
    accept(company, proposal)
    deliver(company)
    company.sync()

    taken_back = move_of(company, proposal)
    assert (taken_back.state, taken_back.problem) == (Move.State.UNDONE, "room_declined")
    assert room_of(company, google_id) == "accepted"
    with company.inside():
        assert company.event("ben", google_id).start == before
        assert Pin.objects.filter(meeting_index=company.event("ada", google_id).meeting_index).exists()


def test_google_mails_whom_the_organizer_has_chosen(company: Company) -> None:
    google_id = planned(company)
    with company.inside():
        Preferences.objects.create(member=company.member("ada"), guest_notices=OutboxWrite.Notices.EXTERNAL_ONLY)
    accept(company, propose(company, (google_id, NEW)))
    deliver(company)
    [sent] = [entry for entry in company.google.log if entry["method"] == "PATCH"]
    assert sent["query"]["sendUpdates"] == "externalOnly"
