"""Events are written by a statement of our own; what Django would look after, it has to."""

from datetime import timedelta

import pytest

from calendars.models import Event
from calendars.sync import apply, bulk
from calendars.sync.window import horizon
from clockwise.google.event import GoogleEvent, parse_event
from clockwise.tenancy import current
from tests.company import Company

AWKWARD = 'a "quoted" \\ back{slash}, NULL, it\'s'


def event(google_id: str, **more: object) -> GoogleEvent:
    start = horizon().start + timedelta(days=10)
    times = {name: {"dateTime": (start + timedelta(hours=h)).isoformat()} for name, h in (("start", 1), ("end", 2))}
    found = parse_event({"id": google_id, "etag": '"1"', **times, **more}, calendar_time_zone="UTC")
    assert isinstance(found, GoogleEvent)
    return found


def test_every_column_of_an_event_is_written() -> None:
    columns = {field.column for field in Event._meta.concrete_fields}
    assert {*bulk.OF_THE_CALENDAR, *bulk.COLUMNS, "details"} == columns


def test_what_would_end_an_array_or_a_string_is_stored_as_it_is(company: Company) -> None:
    company.sync("ada")
    with company.inside():
        guests = [{"email": "guest@outside.example", "displayName": AWKWARD, "responseStatus": "accepted"}]
        written = event(AWKWARD, summary=AWKWARD, eventType=AWKWARD[:20], recurringEventId="NULL", attendees=guests)
        apply.answers(company.calendar("ada"), [written])
        [row] = Event.objects.filter(google_id=AWKWARD)
    assert (row.event_type, row.series_id, row.etag) == (AWKWARD[:20], "NULL", '"1"')
    assert (row.details.title, row.details.attendees[0].name) == (AWKWARD, AWKWARD)
    assert (row.start, row.end, row.original_start) == (written.start, written.end, None)


def test_a_row_that_is_there_is_written_anew_and_keeps_its_id(company: Company) -> None:
    company.sync("ada")
    with company.inside():
        calendar = company.calendar("ada")
        [first] = apply.answers(calendar, [event("one", summary="First")])
        [second] = apply.answers(calendar, [event("one", summary="Second", transparency="transparent")])
        row = Event.objects.get(google_id="one")
    assert (first.before, second.before) == (None, first.place)
    assert row.pk == first.event_id == second.event_id
    assert (row.details.title, row.is_busy) == ("Second", False)


def test_another_organizations_calendar_is_refused(company: Company) -> None:
    company.sync("ada")
    with company.inside():
        calendar = company.calendar("ada")
    with current.organization(company.other_organization_id), pytest.raises(current.WrongOrganization):
        bulk.write(calendar, [], shut_out=frozenset())
