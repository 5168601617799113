"""A member's grant: kept, used, renewed, ended."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from calendars import exclusions, leftovers, locks, meter, outbox, pacing
from calendars.models import Calendar, GoogleConnection
from calendars.models.connection import Credentials
from calendars.sync import channels
from clockwise import clock
from clockwise.audit.record import record
from clockwise.google import oauth
from clockwise.google.client import CalendarClient
from clockwise.google.configuration import configured
from clockwise.google.errors import (
    AccessMisconfigured,
    BlockedByAdmin,
    GoogleError,
    GoogleUnavailable,
    GrantRevoked,
)
from clockwise.google.oauth import Grant
from clockwise.google.transport import AccessTokens, AuthorizedTransport
from clockwise.organizations import access, grants
from clockwise.organizations.models import Member
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current, messages
from clockwise.tenancy.prepared import by_ids

log = logging.getLogger(__name__)
# A grant that Google couldn't be told to forget for so long is given up: nobody holds anything to use it with.
REVOKE_WITHIN = timedelta(days=7)


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
    connection.to_revoke = None  # revoking the old token would end the new grant along with it (SYNC O10)
    connection.problem, connection.writes_parked_until = "", None
    connection.connected_at = clock.now()
    connection.ended_at = None
    connection.lists, connection.next_list_at = None, None  # perhaps of another Google account
    connection.save()
    Calendar.objects.filter(connection=connection).update(next_sync_at=None, failures=0)
    record("google_connection.connected", by=member.pk, target=connection, scopes=connection.scopes)
    sync_soon(connection.pk)
    return True


def sync_soon(connection_id: UUID) -> None:
    """Once the caller's transaction is over: its list, what is due of it, its channels."""
    from calendars import tasks

    transaction.on_commit(lambda: messages.wake(tasks.sync_connection, connection_id))


def ask_who(connection_id: UUID) -> None:
    """Ask Google who this is, the least that a live grant can be asked: what a suspended account no longer answers.

    Used outside transactions. Raises GrantRevoked, after one forced refresh, and whatever else Google answers.
    """
    AuthorizedTransport(ConnectionTokens(connection_id)).request(configured().userinfo_uri)


def client_for(connection_id: UUID, *, share: float = pacing.READING) -> CalendarClient:
    """Google's Calendar as this connection. Used outside transactions; it opens its own to keep renewed tokens.

    share: of the budgets, see `pacing`.
    """
    return client_of(connection_id, exclusions.Admission(connection_id), share=share)


def client_of(connection_id: UUID, admission: exclusions.Admission, *, share: float = pacing.READING) -> CalendarClient:
    """The same where something has been judged, or the connection been read, already."""
    return _client(connection_id, ConnectionTokens(connection_id, admission.connection), admission, share=share)


def _client(
    connection_id: UUID, tokens: AccessTokens, admission: exclusions.Admission, *, share: float
) -> CalendarClient:
    google = configured()
    pace = pacing.of_connection(connection_id, google, share=share)

    def before_each() -> None:
        pace()
        meter.count()

    return CalendarClient(google, tokens, admission, before_each=before_each)


class ConnectionTokens:
    """The connection's access token, shared by all workers and renewed by one of them at a time."""

    def __init__(self, connection_id: UUID, just_read: Callable[[], GoogleConnection | None] = lambda: None) -> None:
        """`just_read` answers the connection where it was read a moment ago."""
        self._connection_id, self._just_read = connection_id, just_read

    def current(self) -> str:
        credentials = _credentials_of(self._just_read() or self._read())
        if _is_good(credentials):
            return credentials.access_token
        return self._renewed(credentials.access_token)

    def renew(self, refused: str) -> str:
        return self._renewed(refused)

    def _renewed(self, outdated: str) -> str:
        """Raises GoogleUnavailable as long as nobody can tell who renews it."""
        try:
            with locks.hold(f"google-token:{self._connection_id}", lease_seconds=60, wait_seconds=45):
                return self._renewed_alone(outdated)
        except locks.Busy:
            failure = GoogleUnavailable("token_lock")
        raise failure

    def _renewed_alone(self, outdated: str) -> str:
        """Whoever waited for the lock finds the token that the other one got."""
        credentials = _credentials_of(self._read())
        if credentials.access_token != outdated and _is_good(credentials):
            return credentials.access_token
        try:
            grant = oauth.refresh(configured(), credentials.refresh_token, now=clock.now())
        except AccessMisconfigured as error:
            self._note_problem(error)
            raise
        self._keep(grant, credentials.refresh_token)
        return grant.access_token

    def _read(self) -> GoogleConnection | None:
        with current.transaction():
            return next(iter(_by_id().rows(self._connection_id)), None)

    def _note_problem(self, error: AccessMisconfigured) -> None:
        """Nobody's grant is at fault, so nobody's is touched; who can repair it is told (SYNC O5)."""
        word = "blocked_by_admin" if isinstance(error, BlockedByAdmin) else "misconfigured"
        log.error("Google doesn't let this installation's client in (%s): %s.", word, error)
        with current.transaction():
            healthy = GoogleConnection.objects.exclude(problem=word).filter(pk=self._connection_id)
            for connection in healthy.select_for_update():
                healthy.update(problem=word)
                record("google_connection.misconfigured", by=None, target=connection, problem=word)

    def _keep(self, grant: Grant, refresh_token: str) -> None:
        """Unless the connection was ended while Google answered."""
        with current.transaction():
            connection = GoogleConnection.objects.select_for_update().filter(pk=self._connection_id).first()
            if connection is None or connection.state != GoogleConnection.State.ACTIVE:
                raise GrantRevoked("not_connected")
            connection.credentials = Credentials(
                grant.refresh_token or refresh_token, grant.access_token, grant.expires_at
            )
            connection.problem = ""
            connection.save(update_fields=["credentials", "problem"])


def _credentials_of(connection: GoogleConnection | None) -> Credentials:
    if connection is None or connection.credentials is None:
        raise GrantRevoked("not_connected")
    return connection.credentials


@by_ids
def _by_id(connection_id: UUID) -> QuerySet[GoogleConnection]:
    return GoogleConnection.objects.filter(pk=connection_id)


def _is_good(credentials: Credentials) -> bool:
    return oauth.lasts(credentials.access_token, credentials.access_token_expires_at, now=clock.now())


def mark_revoked(connection_id: UUID, *, reason: str, since: datetime) -> bool:
    """Google no longer honours the grant: off at once, with all of the member's access. Opens its own transaction.

    since: when the refused call began; a grant that the member gave later is another one. False if they did.
    """
    with current.transaction():
        # The member first, in the gate's order: else a signal at the same moment would lock the other way round.
        member = Member.objects.select_for_update().filter(pk__in=_member_of(connection_id)).first()
        connection = GoogleConnection.objects.select_for_update().filter(pk=connection_id).first()
        if member is None or connection is None or connection.state != GoogleConnection.State.ACTIVE:
            return True
        if connection.connected_at > since:
            return False
        _end(connection, GoogleConnection.State.REVOKED)
        record("google_connection.revoked", by=None, target=connection, reason=reason)
        why = Reason.GRANT_REVOKED if reason == "invalid_grant" else Reason.ACCOUNT_REFUSED
        access.end(member, reason=why)
        return True


def _member_of(connection_id: UUID) -> QuerySet[GoogleConnection, UUID]:
    return GoogleConnection.objects.filter(pk=connection_id).values_list("member_id", flat=True)


def disconnect(member_id: UUID) -> bool:
    """End the connection as its member. False if Google has yet to be told, which the sweep goes on trying.

    Raises NotConnected. A Google that can't be reached is no reason to go on.
    """
    with current.transaction():
        connection = _ended_by_member(member_id)
    try:
        revoke(connection.pk)
    except GoogleError:
        return False
    return True


def disconnect_soon(member_id: UUID) -> None:
    """The same in the caller's transaction; a worker tells Google. Raises NotConnected."""
    _revoke_soon(_ended_by_member(member_id).pk)


def _ended_by_member(member_id: UUID) -> GoogleConnection:
    connection = GoogleConnection.objects.select_for_update().filter(member=member_id).first()
    if connection is None or connection.credentials is None:
        raise NotConnected("There is no connection to end.")
    _end(connection, GoogleConnection.State.DISCONNECTED)
    record("google_connection.disconnected", by=member_id, target=connection)
    return connection


def revoke(connection_id: UUID) -> None:
    """Have Google forget an ended grant, then forget its token here; doing it again does no harm (SYNC O10).

    Raises GoogleUnavailable, AccessMisconfigured: try again later.
    """
    with current.transaction():
        connection = GoogleConnection.objects.filter(pk=connection_id, to_revoke__isnull=False).first()
    if connection is None or connection.to_revoke is None:
        return
    overdue = connection.ended_at is None or connection.ended_at + REVOKE_WITHIN < clock.now()
    if not overdue:
        _tidy(connection, connection.to_revoke)
        oauth.revoke(configured(), connection.to_revoke.refresh_token)
    with current.transaction():
        channels.forget(connection)
        GoogleConnection.objects.filter(pk=connection_id).update(to_revoke=None)


def _tidy(connection: GoogleConnection, credentials: Credentials) -> None:
    """Stop channels and take our events away with the last token, since nobody can once the grant is gone."""
    admission = exclusions.Admission(connection.pk)
    client = _client(connection.pk, LastTokens(credentials), admission, share=pacing.WRITING)
    try:
        channels.stop(connection.pk, client)
        if connection.may_write:
            leftovers.remove(connection.member_id, client)
    except GrantRevoked:
        return


class LastTokens:
    """Of a grant that has ended here and is still alive at Google."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def current(self) -> str:
        return self._credentials.access_token if _is_good(self._credentials) else self.renew("")

    def renew(self, refused: str) -> str:
        return oauth.refresh(configured(), self._credentials.refresh_token, now=clock.now()).access_token


@access.at_end
def end_with_access(member: Member) -> None:
    """The gate ends a member's access: nothing is read or sent any more from this commit on."""
    for connection in _of_member().rows(member.pk):
        if connection.state == GoogleConnection.State.ACTIVE:
            _end(connection, GoogleConnection.State.DISCONNECTED)
            _revoke_soon(connection.pk)


@by_ids
def _of_member(member_id: UUID) -> QuerySet[GoogleConnection]:
    return GoogleConnection.objects.select_for_update().filter(member=member_id)


def _revoke_soon(connection_id: UUID) -> None:
    from calendars import tasks

    transaction.on_commit(lambda: messages.wake(tasks.revoke_grant, connection_id))


def _end(connection: GoogleConnection, state: GoogleConnection.State) -> None:
    if state == GoogleConnection.State.DISCONNECTED:
        connection.to_revoke = connection.credentials
    connection.state = state
    connection.credentials = None
    connection.ended_at = clock.now()
    connection.save()
    outbox.drop_pending(connection.member_id)
    if state == GoogleConnection.State.DISCONNECTED:
        channels.end(connection)
    else:
        channels.forget(connection)
