"""Push channels: opened, renewed with an overlap, heard, stopped (SYNC 1.4).

Google tells only that something changed, never what: a message wakes a sync.
"""

import hmac
import logging
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db.models import Exists, OuterRef, Q, QuerySet

from calendars import exclusions, wake_ups
from calendars.models import Calendar, Channel, GoogleConnection
from clockwise import clock
from clockwise.audit.record import record
from clockwise.env import LOOPBACK
from clockwise.google.client import CalendarClient
from clockwise.google.errors import GoogleError, GoogleUnavailable, GrantRevoked, QuotaExhausted
from clockwise.tenancy import current

log = logging.getLogger(__name__)
PATH = "/integrations/google/push"
# What Google gives at most.
LIFE = timedelta(days=7)
# At four fifths of its life, and up to a twentieth sooner: channels that were opened together part.
RENEWED_AFTER = 0.8
SCATTER = 0.05
# A watch whose answer was lost: no message in this time means that it never came about.
UNANSWERED = timedelta(minutes=10)
REFUSED_FOR = timedelta(days=7)
LONGEST_RESOURCE_ID = 128
_signer = signing.Signer(salt="clockwise.push-channel")


@dataclass(frozen=True)
class Address:
    """Which channel of which organization a message claims to be of."""

    organization_id: UUID
    channel_id: UUID


def public_address() -> str | None:
    """Where Google sends messages; None where it can't: then calendars are polled alone.

    Google takes https only. A Google on this machine, as in tests and demo, takes plain http on this machine too.
    """
    base = settings.CLOCKWISE_PUSH_URL
    if base == "none":
        return None
    base = base or settings.CLOCKWISE_BASE_URL
    is_local_google = urlsplit(settings.GOOGLE["GOOGLE_API_ROOT"]).hostname in LOOPBACK
    return f"{base}{PATH}" if base.startswith("https://") or is_local_google else None


def token_of(channel: Channel) -> str:
    """Signed, so that a message for an unknown channel is refused without asking anybody."""
    return _signer.sign(f"{channel.organization_id.hex}.{channel.pk.hex}")


def read_token(token: str) -> Address | None:
    """None for one that we never gave out. Compared in constant time."""
    try:
        organization_id, _, channel_id = _signer.unsign(token).partition(".")
        return Address(UUID(organization_id), UUID(channel_id))
    except (signing.BadSignature, ValueError):
        return None


def hear(channel_id: UUID, *, resource: str, resource_id: str) -> bool:
    """A message came for a channel of the current organization: wake what it is about. In the caller's transaction.

    False for a channel that has ended, or that watches something else.
    """
    at = clock.now()
    live = Channel.objects.filter(pk=channel_id, ended_at=None, refused_at=None, expires_at__gt=at)
    channel = live.select_related("calendar", "connection").first()
    if channel is None or channel.resource != resource:
        return False
    if channel.resource_id and not hmac.compare_digest(channel.resource_id.encode(), resource_id.encode()):
        return False
    # The first message may overtake the answer that names the resource (SYNC P2), or that answer may be lost.
    live.update(heard_at=at, resource_id=resource_id)
    if channel.calendar is None:
        wake_ups.note_list(channel.connection)
    else:
        wake_ups.note(channel.calendar)
    return True


def heard(at: datetime | None = None) -> QuerySet[Channel]:
    """Those whose messages do arrive: an address that Google can't reach, or a lost one, must not make us deaf."""
    return Channel.objects.filter(ended_at=None, expires_at__gt=at or clock.now(), heard_at__isnull=False)


def distrust(calendar: Calendar) -> None:
    """A poll found what no message had told (SYNC P7): poll as without a channel, until one is heard again."""
    if heard().filter(calendar=calendar).update(heard_at=None):
        log.warning("A watched calendar changed and no message came.")


def need_care(connections: QuerySet[GoogleConnection]) -> list[UUID]:
    """Ids of those of `connections` (active ones) whose channels are to be opened, renewed or stopped."""
    at = clock.now()
    if public_address() is None:
        return []
    own = Channel.objects.filter(connection=OuterRef("pk"))
    current_ones = Channel.objects.filter(ended_at=None, renew_at__gt=at)
    bare = Calendar.objects.filter(connection=OuterRef("pk"), is_read=True).exclude(
        Exists(current_ones.filter(calendar=OuterRef("pk")))
    )
    wanting = (
        Q(Exists(own.filter(Q(ended_at__isnull=False) | Q(renew_at__lte=at) | _unanswered(at))))
        | Q(Exists(bare))
        | ~Q(Exists(current_ones.filter(connection=OuterRef("pk"), resource=Channel.Resource.CALENDAR_LIST)))
    )
    return list(connections.filter(wanting, calendars__isnull=False).distinct().values_list("pk", flat=True))


def tend(connection_id: UUID, client: CalendarClient) -> None:
    """Open what is missing, renew what is old, stop what has ended. Running it twice does no harm.

    Raises GrantRevoked, and GoogleUnavailable once Google has asked for patience: the rest waits for the next time.
    """
    address = public_address()
    if address is not None:
        for channel in _begin(connection_id):
            _open(channel, client, address)
    _end_replaced(connection_id)
    stop(connection_id, client)


def end(connection: GoogleConnection) -> None:
    """Nobody listens to them any more, from this commit on. `stop` tells Google."""
    Channel.objects.filter(connection=connection, ended_at=None).update(ended_at=clock.now())


@exclusions.at_leave
def end_of(calendar: Calendar) -> None:
    """The same for one calendar, which may then be deleted."""
    watching = Channel.objects.filter(calendar=calendar)
    watching.filter(ended_at=None).update(ended_at=clock.now())
    watching.update(calendar=None)


def stop(connection_id: UUID, client: CalendarClient) -> None:
    """Tell Google of channels that have ended, and forget them. Raises GoogleError for what is worth another try."""
    with current.transaction():
        ended = list(Channel.objects.filter(connection=connection_id, ended_at__isnull=False))
    for channel in ended:
        if channel.resource_id and channel.expires_at > clock.now():
            _stop(channel, client)
        with current.transaction():
            Channel.objects.filter(pk=channel.pk).delete()


def _stop(channel: Channel, client: CalendarClient) -> None:
    try:
        client.stop_channel(str(channel.pk), channel.resource_id)
    except (GoogleUnavailable, QuotaExhausted, GrantRevoked):
        raise
    except GoogleError as error:
        # Most often it is stopped already, by our own lost request. Whatever it was: it ends with its life.
        log.info("A channel couldn't be stopped: %s.", error)


def forget(connection: GoogleConnection) -> None:
    """The grant is dead: Google lets nobody stop them, and we answer no message of theirs."""
    Channel.objects.filter(connection=connection).delete()


def _unanswered(at: datetime) -> Q:
    return Q(resource_id="", refused_at=None, opened_at__lte=at - UNANSWERED)


def _begin(connection_id: UUID) -> list[Channel]:
    """Rows for the channels to be opened, stored before Google hears of them (SYNC P2)."""
    at = clock.now()
    with current.transaction():
        connection = GoogleConnection.objects.select_for_update(no_key=True).filter(pk=connection_id).first()
        if connection is None or connection.state != GoogleConnection.State.ACTIVE:
            return []
        mine = Channel.objects.filter(connection=connection)
        mine.filter(_unanswered(at)).delete()
        mine.filter(expires_at__lte=at).delete()
        current_ones = mine.filter(ended_at=None, renew_at__gt=at)
        watched = set(current_ones.values_list("resource", "calendar_id"))
        wanted: list[Calendar | None] = [None, *Calendar.objects.filter(connection=connection, is_read=True)]
        rows = [_row(connection, calendar, at) for calendar in wanted]
        return Channel.objects.bulk_create([row for row in rows if (row.resource, row.calendar_id) not in watched])


def _row(connection: GoogleConnection, calendar: Calendar | None, at: datetime) -> Channel:
    return Channel(
        organization_id=connection.organization_id,
        member_id=connection.member_id,
        connection=connection,
        calendar=calendar,
        resource=Channel.Resource.EVENTS if calendar else Channel.Resource.CALENDAR_LIST,
        opened_at=at,
        expires_at=at + LIFE,
        renew_at=_renewal(at, at + LIFE),
    )


def _open(channel: Channel, client: CalendarClient, address: str) -> None:
    asked = {
        "id": str(channel.pk),
        "token": token_of(channel),
        "address": address,
        "params": {"ttl": str(int(LIFE.total_seconds()))},
    }
    try:
        if channel.calendar is None:
            answer = client.watch_calendar_list(channel=asked)
        else:
            answer = client.watch_events(channel.calendar.details.google_id, channel=asked)
    except (GoogleUnavailable, QuotaExhausted, GrantRevoked):
        raise
    except GoogleError as error:
        _refused(channel, error)
        return
    _opened(channel, str(answer.get("resourceId", "")), _expiration(answer.get("expiration")))


def _opened(channel: Channel, resource_id: str, expires_at: datetime | None) -> None:
    with current.transaction():
        opened = Channel.objects.filter(pk=channel.pk)
        if expires_at is not None:
            opened.update(expires_at=expires_at, renew_at=_renewal(channel.opened_at, expires_at))
        if resource_id:
            opened.update(resource_id=resource_id[:LONGEST_RESOURCE_ID])
        record("push_channel.opened", by=None, target=channel, resource=channel.resource)


def _refused(channel: Channel, error: GoogleError) -> None:
    """Poll this one (SYNC P8); ask again in a week."""
    log.info("Google watches no %s: %s.", channel.resource, error)
    at = clock.now()
    with current.transaction():
        Channel.objects.filter(pk=channel.pk).update(
            refused_at=at, renew_at=at + REFUSED_FOR, expires_at=at + REFUSED_FOR
        )


def _expiration(milliseconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _renewal(opened_at: datetime, expires_at: datetime) -> datetime:
    share = RENEWED_AFTER - random.random() * SCATTER  # noqa: S311 - scatter, no secret
    return opened_at + (expires_at - opened_at) * share


def _end_replaced(connection_id: UUID) -> None:
    """Once its successor is heard, or has been there for an hour, the old one ends: no gap between them (SYNC P5)."""
    at = clock.now()
    with current.transaction():
        mine = Channel.objects.filter(connection=connection_id, ended_at=None)
        same = Q(resource=OuterRef("resource"), opened_at__gt=OuterRef("opened_at"), resource_id__gt="")
        same &= Q(calendar=OuterRef("calendar")) | Q(calendar=None, resource=Channel.Resource.CALENDAR_LIST)
        settled = Q(heard_at__isnull=False) | Q(opened_at__lte=at - timedelta(hours=1))
        successors = Channel.objects.filter(same & settled, connection=connection_id, ended_at=None)
        mine.filter(renew_at__lte=at).filter(Exists(successors)).update(ended_at=at)
