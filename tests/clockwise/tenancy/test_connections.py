"""Kept connections: whether one still stands is seen without asking the server."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from clockwise.organizations.models import Member
from clockwise.tenancy import current
from tests.organizations import Pair


def test_a_connection_that_stands_is_not_asked(pair: Pair) -> None:
    connection.ensure_connection()
    with CaptureQueriesContext(connection) as captured:
        assert connection.is_usable()
    assert not captured.captured_queries


def end(process: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
    finally:
        connections.close_all()


def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used(pair: Pair) -> None:
    connection.ensure_connection()
    process = connection.connection.get_backend_pid()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(end, process).result()
    # As at the beginning of a request.
    of_request: Any = connection
    of_request.health_check_enabled, of_request.health_check_done = True, False
    with current.organization(pair.organization_id):
        assert Member.objects.exists()
    assert connection.connection.get_backend_pid() != process
