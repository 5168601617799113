"""A member's grant: kept, used, renewed, ended."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from calendars import locks, outbox
from calendars.models import GoogleConnection
from calendars.models.connection import Credentials
from clockwise import clock
from clockwise.audit.record import record
from clockwise.google import oauth
from clockwise.google.client import CalendarClient
from clockwise.google.configuration import configured
from clockwise.google.errors import GoogleError, GrantRevoked
from clockwise.google.oauth import Grant
from clockwise.organizations import access, grants
from clockwise.organizations.models import Member
from clockwise.tenancy import current

# Renewed before it expires, so that no request starts with a token that dies under way (SYNC O7).
EARLY = timedelta(minutes=5)


class NotConnected(Exception):
    """The member has no active connection."""


@grants.taker
def connect(member: Member, grant: Grant) -> bool:
    """Keep the grant and sync the primary calendar. False when Google gave no refresh token and we hold none."""
    connection = GoogleConnection.objects.select_for_update().filter(member=member).first()
    kept = connection.credentials.refresh_token if connection and connection.credentials else None
    refresh_token = grant.refresh_token or kept
    if refresh_token is None:
        return False
    connection = connection or GoogleConnection(member=member)
    connection.state = GoogleConnection.State.ACTIVE
    connection.scopes = " ".join(sorted(grant.granted_scopes))
    connection.credentials = Credentials(refresh_token, grant.access_token, grant.expires_at)
    connection.connected_at = clock.now()
    connection.ended_at = None
    connection.save()
    record("google_connection.connected", by=member.pk, target=connection, scopes=connection.scopes)
    _sync_soon(connection.pk)
    return True


def _sync_soon(connection_id: UUID) -> None:
    from calendars import tasks

    transaction.on_commit(lambda: tasks.wake(tasks.sync_connection, connection_id))


def client_for(connection_id: UUID) -> CalendarClient:
    """Google's Calendar as this connection. Used outside transactions; it opens its own to keep renewed tokens."""
    return CalendarClient(configured(), ConnectionTokens(connection_id))


class ConnectionTokens:
    """The connection's access token, shared by all workers and renewed by one of them at a time."""

    def __init__(self, connection_id: UUID) -> None:
        self._connection_id = connection_id

    def current(self) -> str:
        credentials = self._credentials()
        if _is_good(credentials):
            return credentials.access_token
        return self._renewed(credentials.access_token)

    def renew(self, refused: str) -> str:
        return self._renewed(refused)

    def _renewed(self, outdated: str) -> str:
        """Whoever waited for the lock finds the token that the other one got."""
        with locks.hold(f"google-token:{self._connection_id}", lease_seconds=60, wait_seconds=45):
            credentials = self._credentials()
            if credentials.access_token != outdated and _is_good(credentials):
                return credentials.access_token
            grant = oauth.refresh(configured(), credentials.refresh_token, now=clock.now())
            self._keep(grant, credentials.refresh_token)
            return grant.access_token

    def _credentials(self) -> Credentials:
        with current.transaction():
            connection = GoogleConnection.objects.filter(pk=self._connection_id).first()
        if connection is None or connection.credentials is None:
            raise GrantRevoked("not_connected")
        return connection.credentials

    def _keep(self, grant: Grant, refresh_token: str) -> None:
        """Unless the connection was ended while Google answered."""
        with current.transaction():
            connection = GoogleConnection.objects.select_for_update().filter(pk=self._connection_id).first()
            if connection is None or connection.state != GoogleConnection.State.ACTIVE:
                raise GrantRevoked("not_connected")
            connection.credentials = Credentials(
                grant.refresh_token or refresh_token, grant.access_token, grant.expires_at
            )
            connection.save(update_fields=["credentials"])


def _is_good(credentials: Credentials) -> bool:
    expires = credentials.access_token_expires_at
    return bool(credentials.access_token) and expires is not None and expires - EARLY > clock.now()


def mark_revoked(connection_id: UUID, *, reason: str) -> None:
    """Google no longer honours the grant: off at once. Opens its own transaction."""
    with current.transaction():
        connection = GoogleConnection.objects.select_for_update().filter(pk=connection_id).first()
        if connection is not None and connection.state == GoogleConnection.State.ACTIVE:
            _end(connection, GoogleConnection.State.REVOKED)
            record("google_connection.revoked", by=None, target=connection, reason=reason)


def disconnect(member_id: UUID) -> None:
    """End the connection as its member: tokens gone here first, then revoked at Google.

    Raises NotConnected. A Google that can't be reached is no reason to keep anything.
    """
    with current.transaction():
        connection = GoogleConnection.objects.select_for_update().filter(member=member_id).first()
        if connection is None or connection.credentials is None:
            raise NotConnected("There is no connection to end.")
        refresh_token = connection.credentials.refresh_token
        _end(connection, GoogleConnection.State.DISCONNECTED)
        record("google_connection.disconnected", by=member_id, target=connection)
    try:
        oauth.revoke(configured(), refresh_token)
    except GoogleError:
        # The token is deleted here; Google forgets it when the person revokes it there, or after six months.
        return


@access.at_end
def end_with_access(member: Member) -> None:
    """The gate ends a member's access: nothing is sent any more from this commit on."""
    connection = GoogleConnection.objects.select_for_update().filter(member=member).first()
    if connection is not None and connection.state == GoogleConnection.State.ACTIVE:
        _end(connection, GoogleConnection.State.DISCONNECTED)


def _end(connection: GoogleConnection, state: GoogleConnection.State) -> None:
    connection.state = state
    connection.credentials = None
    connection.ended_at = clock.now()
    connection.save()
    outbox.drop_pending(connection.member_id)
