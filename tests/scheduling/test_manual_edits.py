"""F13: what somebody moves by hand stays there until it is made flexible anew."""

from datetime import date, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from calendars import connections, wake_ups
from calendars.sync import calendar as one_calendar
from scheduling import flexibility, undo
from scheduling.models import Move, Pin
from tests.calendars.test_delta_costs import MOST_QUERIES
from tests.company import MONDAY, Company, address, meeting
from tests.scheduling.proposing import NEW, accept, deliver, move_of, propose

FRIDAY = MONDAY + timedelta(days=4)


def drag(company: Company, google_id: str, day: date = FRIDAY, hour: float = 9) -> None:
    """Ada moves a meeting of an hour in her Google Calendar."""
    place = meeting("", day, hour, 60)
    company.google.as_person(address("ada"), "patch", google_id, {key: place[key] for key in ("start", "end")})


def make_flexible(company: Company, google_id: str, *, series: bool = False) -> None:
    with company.inside():
        flexibility.make_flexible(company.event("ada", google_id), by=company.member("ada"), series=series)


def pins(company: Company) -> list[str]:
    with company.inside():
        return [pin.reason for pin in Pin.objects.all()]


def test_a_flexible_meeting_dragged_before_clockwise_ever_moved_it_is_pinned(company: Company, planned: str) -> None:
    make_flexible(company, planned)
    drag(company, planned)
    company.sync()
    assert pins(company) == [Pin.Reason.MANUAL_EDIT]


def test_a_meeting_that_nobody_made_flexible_needs_no_pin(company: Company, planned: str) -> None:
    drag(company, planned)
    company.sync()
    assert pins(company) == []


def test_an_edit_of_a_flexible_meetings_words_pins_nothing(company: Company, planned: str) -> None:
    make_flexible(company, planned)
    company.google.as_person(address("ada"), "patch", planned, {"summary": "Plan B"})
    company.sync()
    assert pins(company) == []


def test_one_dragged_instance_of_a_flexible_series_is_pinned_and_the_others_are_not(company: Company) -> None:
    rule = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}
    series = company.insert("ada", meeting("Daily", MONDAY, 10, 60, "ada", "ben", **rule))
    company.sync()
    first, second = f"{series}_20270301T090000Z", f"{series}_20270302T090000Z"
    make_flexible(company, first, series=True)
    drag(company, second)
    company.sync()
    with company.inside():
        assert bytes(Pin.objects.get().meeting_index) == bytes(company.event("ada", second).meeting_index)


def test_a_flexible_meeting_that_only_a_guest_of_it_has_here_is_pinned_too(company: Company) -> None:
    """Its organizer isn't connected; a guest whom Google lets modify it has made it flexible."""
    body = meeting("Plan", MONDAY, 10, 60, "guest@outside.example", "ben", guestsCanModify=True)
    google_id = str(company.google.as_person("guest@outside.example", "insert", body=body)["id"])
    company.sync()
    with company.inside():
        flexibility.make_flexible(company.event("ben", google_id), by=company.member("ben"))
    place = meeting("", FRIDAY, 9, 60)
    company.google.as_person("guest@outside.example", "patch", google_id, {k: place[k] for k in ("start", "end")})
    company.sync()
    assert pins(company) == [Pin.Reason.MANUAL_EDIT]


def test_a_guests_copy_counts_once_the_organizer_is_not_connected_any_more(company: Company) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben", guestsCanModify=True))
    company.sync()
    make_flexible(company, google_id)
    with company.inside():
        connections.disconnect_soon(company.ids["ada"])
    drag(company, google_id)
    company.sync("ben")
    assert pins(company) == [Pin.Reason.MANUAL_EDIT]


def test_a_guests_late_copy_does_not_pin_what_was_made_flexible_anew(company: Company, planned: str) -> None:
    make_flexible(company, planned)
    drag(company, planned)
    company.sync("ada")
    make_flexible(company, planned)
    company.sync("ben")
    assert pins(company) == []


def test_our_own_move_pins_nothing_on_whoevers_calendar_it_arrives_first(company: Company, planned: str) -> None:
    accept(company, propose(company, (planned, NEW)))
    deliver(company)
    company.sync("ben", "ada")
    assert pins(company) == []


def test_a_move_that_arrives_by_a_sync_before_its_answer_pins_nothing(company: Company, planned: str) -> None:
    """The worker died between Google's answer and the settling; the move is still called decided."""
    proposal = propose(company, (planned, NEW))
    accept(company, proposal)
    drag(company, planned, NEW.date(), NEW.hour + 1)  # as the move does; Berlin is an hour ahead
    company.sync()
    with company.inside():
        assert company.event("ada", planned).start == NEW
    assert move_of(company, proposal).state == Move.State.DECIDED
    assert pins(company) == []


def test_a_second_move_of_ours_is_no_edit_of_the_first(company: Company, planned: str) -> None:
    accept(company, propose(company, (planned, NEW)))
    deliver(company)
    company.sync()
    accept(company, propose(company, (planned, NEW + timedelta(hours=2))))
    deliver(company)
    company.sync()
    assert pins(company) == []


def test_dragging_it_back_to_where_it_was_before_our_move_pins_it(company: Company, planned: str) -> None:
    accept(company, propose(company, (planned, NEW)))
    deliver(company)
    company.sync()
    drag(company, planned, MONDAY + timedelta(days=2), 10)
    company.sync()
    assert pins(company) == [Pin.Reason.MANUAL_EDIT]


def test_a_guests_copy_that_goes_back_with_an_undone_move_is_nobodys_edit(company: Company, planned: str) -> None:
    proposal = propose(company, (planned, NEW))
    accept(company, proposal)
    deliver(company)
    company.sync()
    with company.inside():
        undo.change(Move.objects.get(proposal=proposal), by=company.member("ada"))
        Pin.objects.all().delete()
    deliver(company)
    company.sync()
    assert pins(company) == []


def test_a_dragged_flexible_meeting_costs_no_more_queries_than_any_delta(company: Company, planned: str) -> None:
    make_flexible(company, planned)
    drag(company, planned)
    with company.inside():
        calendar = company.calendar("ben")
        wake_ups.note(calendar)
    with company.acting(), CaptureQueriesContext(connection) as queries:
        one_calendar.refresh(calendar.pk)
    statements = [query["sql"] for query in queries.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]
    assert len(statements) <= MOST_QUERIES
