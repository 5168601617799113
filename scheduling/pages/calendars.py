"""What the page of a member's Google calendars shows: the connection, what is wrong with it, what is read."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calendars.models import Calendar, GoogleConnection, OutboxWrite, SetAsideEvent
from calendars.sync import channels
from calendars.sync.calendar_list import choosable
from clockwise import clock
from clockwise.organizations.models import Member
from scheduling import notices
from scheduling.pages.sync import LOST, explained

ROLES = {
    "owner": "yours",
    "writer": "shared with you, to change",
    "writerWithoutPrivateAccess": "shared with you, to change",
    "reader": "shared with you, to read",
    "freeBusyReader": "shows you busy times alone, so it can't be read",
}
PARTS = {
    "id": "Google sent it without an id that can be used.",
    "time": "Its start or end can't be understood.",
    "content": "Something in it isn't as Google describes events.",
}
NOTICES = (
    (OutboxWrite.Notices.ALL, "All guests", "Google mails everybody the new time. The safest."),
    (
        OutboxWrite.Notices.EXTERNAL_ONLY,
        "Guests outside Google Calendar",
        "Who uses Google Calendar sees the new time there, without a mail.",
    ),
    (OutboxWrite.Notices.NONE, "Nobody", "Guests outside Google Calendar may keep the old time."),
)
MOST_SET_ASIDE = 50


@dataclass(frozen=True)
class Row:
    """`news`: how a change gets here, empty while the calendar isn't read."""

    id: UUID
    title: str
    role: str
    is_primary: bool
    is_read: bool
    may_choose: bool
    news: str
    read_at: datetime | None
    problem: str


@dataclass(frozen=True)
class LeftOut:
    """An event that can't be read. `link`: to it in Google Calendar, empty where even its id is unknown."""

    calendar: str
    reason: str
    since: datetime
    link: str


@dataclass(frozen=True)
class Connection:
    """`state`: as the model has it, or "none". `parked_until`: Google takes no changes of this person until then."""

    state: str
    may_write: bool
    connected_at: datetime | None
    problem: str
    parked_until: datetime | None
    waiting: int


def connection_of(member: Member) -> Connection:
    connection = GoogleConnection.objects.filter(member=member).first()
    if connection is None:
        return Connection("none", may_write=False, connected_at=None, problem="", parked_until=None, waiting=0)
    parked = connection.writes_parked_until
    return Connection(
        state=connection.state,
        may_write=connection.may_write,
        connected_at=connection.connected_at,
        problem=LOST if connection.state == GoogleConnection.State.REVOKED else explained(connection.problem),
        parked_until=parked if parked and parked > clock.now() else None,
        waiting=OutboxWrite.objects.filter(member=member, state=OutboxWrite.State.PENDING).count(),
    )


def rows_of(member: Member) -> list[Row]:
    """The main calendar first, then those that are read, by name."""
    may_choose = set(choosable(member.pk).values_list("pk", flat=True))
    pushed = set(channels.heard().filter(member=member).values_list("calendar", flat=True))
    active = Calendar.objects.filter(member=member, connection__state=GoogleConnection.State.ACTIVE)
    rows = [_row(calendar, calendar.pk in may_choose, calendar.pk in pushed) for calendar in active]
    return sorted(rows, key=lambda row: (not row.is_primary, not row.is_read, row.title.casefold(), row.id))


def left_out_of(member: Member) -> tuple[list[LeftOut], int]:
    """The newest, and how many there are."""
    rows = SetAsideEvent.objects.filter(member=member)
    newest = rows.select_related("calendar").order_by("-since", "id")[:MOST_SET_ASIDE]
    return [_left_out(row) for row in newest], rows.count()


def notices_of(member: Member) -> list[tuple[str, str, str, bool]]:
    """Value, name, what it means, whether it is chosen."""
    chosen = notices.to_guests([member.pk])[member.pk]
    return [(value.value, name, meaning, value == chosen) for value, name, meaning in NOTICES]


def _row(calendar: Calendar, may_choose: bool, is_pushed: bool) -> Row:
    return Row(
        id=calendar.pk,
        title=calendar.details.title,
        role=ROLES.get(calendar.access_role, calendar.access_role),
        is_primary=calendar.is_primary,
        is_read=calendar.is_read,
        may_choose=may_choose,
        news=("within seconds" if is_pushed else "within the hour") if calendar.is_read else "",
        read_at=calendar.synced_at,
        problem=explained(calendar.problem),
    )


def _left_out(row: SetAsideEvent) -> LeftOut:
    return LeftOut(
        calendar=row.calendar.details.title,
        reason=PARTS.get(row.reason, PARTS["content"]),
        since=row.since,
        link=_link(row.google_id, row.calendar.details.google_id) if row.google_id else "",
    )


def _link(google_id: str, calendar_id: str) -> str:
    """As Google's own `htmlLink` is made; an event that can't be read hasn't brought one."""
    eid = urlsafe_b64encode(f"{google_id} {calendar_id}".encode()).decode().rstrip("=")
    return f"https://www.google.com/calendar/event?eid={eid}"
