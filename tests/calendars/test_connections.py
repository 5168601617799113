"""A grant from its first use to its end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import LazySettings

from calendars import connections
from calendars.models import GoogleConnection
from clockwise import clock
from clockwise.google.errors import GrantRevoked
from clockwise.organizations import access
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current
from tests.company import SUNDAY_NOON, Company


@contextmanager
def nobody_revokes(settings: LazySettings) -> Iterator[None]:
    """Nobody listens where grants are revoked."""
    google = settings.GOOGLE
    settings.GOOGLE = {**google, "GOOGLE_REVOKE_URI": "http://127.0.0.1:9/revoke"}
    yield
    settings.GOOGLE = google


def requests_to(company: Company, path: str) -> int:
    return sum(entry["path"] == path for entry in company.google.log)


def token(company: Company, name: str) -> str:
    with company.acting():
        return connections.ConnectionTokens(company.connection(name).pk).current()


def test_a_token_is_renewed_five_minutes_before_it_ends(company: Company) -> None:
    first = token(company, "ada")
    expires = company.connection("ada").credentials.access_token_expires_at  # type: ignore[union-attr]
    assert expires is not None
    with clock.stopped(expires - timedelta(minutes=5, seconds=1)):
        assert token(company, "ada") == first
    with clock.stopped(expires - timedelta(minutes=5)):
        second = token(company, "ada")
        assert second != first
        assert token(company, "ada") == second


def test_workers_that_need_a_token_at_once_ask_google_once(company: Company) -> None:
    found: list[str] = []
    company.google.log.clear()
    with clock.stopped(SUNDAY_NOON + timedelta(hours=2)):
        threads = [threading.Thread(target=_ask, args=(company, found)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)

    assert len(found) == 4
    assert len(set(found)) == 1
    assert requests_to(company, "/token") == 1


def _ask(company: Company, found: list[str]) -> None:
    from django.db import connections as databases

    try:
        found.append(token(company, "ada"))
    finally:
        databases.close_all()


def test_disconnecting_revokes_at_google_and_keeps_no_token(company: Company) -> None:
    company.google.log.clear()
    with company.acting():
        assert connections.disconnect(company.ids["ada"])

    connection = company.connection("ada")
    assert connection.state == GoogleConnection.State.DISCONNECTED
    assert (connection.credentials, connection.to_revoke) == (None, None)
    assert requests_to(company, "/revoke") == 1
    with pytest.raises(GrantRevoked):
        token(company, "ada")


def test_a_google_that_is_away_is_told_later(company: Company, settings: LazySettings) -> None:
    with company.acting():
        with nobody_revokes(settings):
            assert not connections.disconnect(company.ids["ada"])
        waiting = company.connection("ada")
        assert waiting.credentials is None
        assert waiting.to_revoke is not None
        connections.revoke(waiting.pk)

    assert company.connection("ada").to_revoke is None
    assert company.google.log[-1]["path"] == "/revoke"
    assert company.google.log[-1]["status"] == 200


def test_disconnecting_twice_says_that_there_is_nothing_to_end(company: Company) -> None:
    with company.acting():
        connections.disconnect(company.ids["ada"])
        with pytest.raises(connections.NotConnected):
            connections.disconnect(company.ids["ada"])


def test_a_grant_that_google_could_not_be_told_of_for_a_week_is_given_up(
    company: Company, settings: LazySettings
) -> None:
    with company.acting(), nobody_revokes(settings):
        connections.disconnect(company.ids["ada"])
        with clock.stopped(SUNDAY_NOON + connections.REVOKE_WITHIN + timedelta(minutes=1)):
            connections.revoke(company.connection("ada").pk)
    assert company.connection("ada").to_revoke is None


def test_connecting_again_before_google_was_told_keeps_the_new_grant(company: Company, settings: LazySettings) -> None:
    with company.acting(), nobody_revokes(settings):
        assert not connections.disconnect(company.ids["ada"])
    company.sign_in("ada")
    company.google.log.clear()
    with company.acting():
        connections.revoke(company.connection("ada").pk)
        assert connections.ConnectionTokens(company.connection("ada").pk).current()
    assert requests_to(company, "/revoke") == 0


def test_the_gate_leaves_the_grant_to_be_revoked_and_uses_it_no_more(company: Company) -> None:
    with company.inside():
        access.end(company.member("ben"), reason=Reason.ADMIN)
    company.google.log.clear()
    company.sync("ben")
    assert company.google.log == []

    ended = company.connection("ben")
    assert ended.state == GoogleConnection.State.DISCONNECTED
    with company.acting():
        connections.revoke(ended.pk)
    assert requests_to(company, "/revoke") == 1


def test_another_organization_can_neither_use_nor_end_a_connection(company: Company) -> None:
    connection_id = company.connection("ada").pk
    with current.acting_for(company.other_organization_id):
        with pytest.raises(GrantRevoked):
            connections.ConnectionTokens(connection_id).current()
        with pytest.raises(connections.NotConnected):
            connections.disconnect(company.ids["ada"])
        connections.mark_revoked(connection_id, reason="invalid_grant", since=clock.now())
    assert company.connection("ada").state == GoogleConnection.State.ACTIVE
