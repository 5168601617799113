"""What a change of one event costs: requests to Google and queries, whatever the calendar holds besides."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calendars import connections, wake_ups
from calendars.models import Calendar, Event
from calendars.sync import calendar as one_calendar
from tests.company import MONDAY, Company, address, meeting

MOST_REQUESTS, MOST_QUERIES = 3, 15
Json = dict[str, Any]


def costs(company: Company) -> tuple[int, int]:
    with company.inside():
        calendar = company.calendar("ada")
        wake_ups.note(calendar)
    return costs_of(company, lambda: one_calendar.refresh(calendar.pk))


def costs_of(company: Company, work: Callable[[], object]) -> tuple[int, int]:
    """Requests to Google and queries."""
    company.google.log.clear()
    with company.acting(), CaptureQueriesContext(connection) as queries:
        work()
    statements = [query["sql"] for query in queries.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]
    return len(company.google.log), len(statements)


@pytest.mark.parametrize("others", [1, 40])
def test_an_edit_costs_one_listing_and_few_queries(company: Company, others: int) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 8, 15, "ada", "ben"))
    for number in range(others):
        company.insert("ada", meeting(f"Other {number}", MONDAY, 9 + number / 10, 5, "ada"))
    company.sync("ada")
    later = meeting("Plan, later", MONDAY, 18, 15)
    company.google.as_person(address("ada"), "patch", google_id, {k: later[k] for k in ("start", "end", "summary")})
    requests, queries = costs(company)
    assert requests == 1
    assert queries <= MOST_QUERIES


def test_a_new_event_costs_no_more(company: Company) -> None:
    company.sync("ada")
    company.insert("ada", meeting("New", MONDAY, 18, 15, "ada", "ben"))
    requests, queries = costs(company)
    assert requests <= MOST_REQUESTS
    assert queries <= MOST_QUERIES


def test_a_message_about_nothing_new_costs_less(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 8, 15, "ada"))
    company.sync("ada")
    requests, queries = costs(company)
    assert requests == 1
    assert queries <= 9


def test_a_deletion_costs_no_more(company: Company) -> None:
    google_id = company.insert("ada", meeting("Plan", MONDAY, 8, 15, "ada"))
    company.sync("ada")
    company.google.as_person(address("ada"), "delete", google_id)
    requests, queries = costs(company)
    assert requests == 1
    assert queries <= MOST_QUERIES


def test_a_whole_listing_costs_no_more_however_much_is_new(company: Company) -> None:
    company.sync("ada")
    for number in range(40):
        company.insert("ada", meeting(f"Plan {number}", MONDAY, 8 + number / 10, 5, "ada", "ben"))
    with company.inside():
        calendar = company.calendar("ada")
        Calendar.objects.filter(pk=calendar.pk).update(request_shape="")
    requests, queries = costs_of(company, lambda: one_calendar.sync(calendar.pk))
    assert requests == 1
    assert queries <= MOST_QUERIES
    with company.inside():
        assert Event.objects.filter(calendar=calendar).count() == 40


def test_a_request_is_judged_and_given_its_token_by_one_reading_of_the_connection(company: Company) -> None:
    company.sync("ada")
    with company.inside():
        calendar = company.calendar("ada")
        client = connections.client_for(calendar.connection_id)
        google_id = calendar.details.google_id
    for _ in range(2):
        requests, queries = costs_of(company, lambda: client.calendar(google_id))
        assert requests == 1
        # The tenant token's two, the connection with its member, the calendar, the rules.
        assert queries == 5
