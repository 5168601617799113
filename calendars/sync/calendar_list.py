"""Which calendars a connection has, its settings, and which of the calendars are read."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db.models import QuerySet

from calendars import connections, exclusions
from calendars.models import Calendar, GoogleConnection
from calendars.models.calendar import CalendarDetails
from calendars.models.connection import Lists
from calendars.sync import apply, channels, pace
from clockwise import clock
from clockwise.audit.record import record
from clockwise.encryption.blind_index import organization_index
from clockwise.google.client import CalendarClient
from clockwise.google.errors import GoogleError, GoogleUnavailable, GrantRevoked, NotFound, SyncTokenExpired
from clockwise.harmless import own_direction
from clockwise.organizations import rules
from clockwise.tenancy import current
from clockwise.tenancy.prepared import by_ids
from privacy import policy

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Roles that show more than busy blocks, of a calendar that is somebody else's.
READABLE = frozenset({"owner", "writer", "writerWithoutPrivateAccess", "reader"})
SETTINGS = ("timezone", "weekStart", "format24HourTime", "locale")
MOST_PAGES = 100
EVERY = timedelta(days=1)
Json = dict[str, Any]


class _Page(Protocol):
    def __call__(self, *, page_token: str | None = None, sync_token: str | None = None) -> Json: ...


@dataclass
class _Answer:
    """Pages of a list, to the last. `is_whole`: what isn't in it is gone."""

    items: list[Json] = field(default_factory=list)
    token: str = ""
    is_whole: bool = True


@dataclass(frozen=True)
class Chosen:
    """Calendars that are read from now on, and those that no longer are."""

    begun: list[Calendar]
    left: list[Calendar]


def sync(connection_id: UUID) -> list[UUID]:
    """Bring the rows of the connection's calendars up to date. The ids of those that are read; none once ended.

    Raises GoogleError for what is worth another try; a revoked grant turns the connection off instead.
    """
    began_at = clock.now()
    with current.transaction():
        connection = next(iter(_read_first().rows(connection_id)), None)
        if connection is None:
            return []
        lists, left_out = connection.lists or Lists(), exclusions.judge(connection)
    client = connections.client_of(connection_id, exclusions.Admission(connection_id, just_read=connection))
    try:
        calendars = _read(client.calendar_list, lists.calendars_token)
        settings = _settings(client, lists)
        asked = [entry for entry in calendars.items if entry.get("id") and not left_out(entry)]
        published = _published(client, connection_id, asked)
    except GrantRevoked as revoked:
        connections.mark_revoked(connection_id, reason=revoked.reason, since=began_at)
        return []
    except GoogleError as error:
        _put_off(connection_id, error)
        raise
    lists = replace(settings, calendars_token=calendars.token)
    with current.transaction():
        policy.hold_still()
        return _stored(connection_id, calendars, lists, published)


def look_again(calendar: Calendar, client: CalendarClient) -> bool:
    """Google won't list a calendar's events: a change of rights is told by nothing else (SYNC S1).

    False if the person no longer has the calendar, or may no longer read it: then it is dropped here too.
    Raises GoogleError.
    """
    try:
        entry = client.calendar_entry(calendar.details.google_id)
    except NotFound:
        entry = {"deleted": True}
    with current.transaction():
        known = Calendar.objects.select_for_update(no_key=True).filter(pk=calendar.pk).first()
        if known is None:
            return False
        if _is_gone(entry) and not known.is_primary:
            _drop(known)
            return False
        if entry.get("accessRole") and entry["accessRole"] not in READABLE:
            known.access_role = str(entry["accessRole"])[:32]
            _stop_reading(known)
            return False
    return True


def choose(member_id: UUID, chosen: Collection[UUID], *, among: Collection[UUID]) -> Chosen:
    """Which of these calendars of a member are read from now on. What we have of the others among them goes, in the
    caller's transaction; a calendar that has come to the list since stays as it is.

    The main one is always read, and one that shows busy blocks alone never is.
    """
    policy.hold_still()
    begun, left = [], []
    for calendar in choosable(member_id).filter(pk__in=among).select_for_update(of=("self",), no_key=True):
        if calendar.pk in chosen and not calendar.is_read:
            calendar.is_read, calendar.next_sync_at, calendar.failures = True, None, 0
            calendar.save(update_fields=["is_read", "next_sync_at", "failures"])
            begun.append(calendar)
        elif calendar.pk not in chosen and calendar.is_read:
            _stop_reading(calendar)
            left.append(calendar)
    return Chosen(begun, left)


def choosable(member_id: UUID) -> QuerySet[Calendar]:
    return Calendar.objects.filter(
        member=member_id, is_primary=False, access_role__in=READABLE, connection__state=GoogleConnection.State.ACTIVE
    )


@by_ids
def _read_first(connection_id: UUID) -> QuerySet[GoogleConnection]:
    return _active(connection_id)


@by_ids
def _to_write_to(connection_id: UUID) -> QuerySet[GoogleConnection]:
    return _active(connection_id).select_for_update()


@by_ids
def _of_member(member_id: UUID) -> QuerySet[Calendar]:
    return Calendar.objects.select_for_update(no_key=True).filter(member=member_id)


def _active(connection_id: UUID) -> QuerySet[GoogleConnection]:
    return GoogleConnection.objects.filter(pk=connection_id, state=GoogleConnection.State.ACTIVE)


def _read(page: _Page, token: str) -> _Answer:
    try:
        return _pages(page, token)
    except SyncTokenExpired:
        return _pages(page, "")


def _pages(page: _Page, token: str) -> _Answer:
    answer, page_token = _Answer(is_whole=not token), None
    for _ in range(MOST_PAGES):
        found = page(page_token=page_token, sync_token=token or None)
        answer.items += found.get("items", ())
        page_token = found.get("nextPageToken")
        if not page_token:
            answer.token = str(found.get("nextSyncToken", ""))
            return answer
    raise GoogleUnavailable("endless_pages")


def _settings(client: CalendarClient, lists: Lists) -> Lists:
    """A server that won't tell them costs nothing but them (SYNC S17)."""
    try:
        found = _read(client.settings, lists.settings_token)
    except GrantRevoked:
        raise
    except GoogleError:
        return lists
    values = {} if found.is_whole else dict(lists.settings or {})
    values |= {item["id"]: str(item.get("value", "")) for item in found.items if item.get("id") in SETTINGS}
    return replace(lists, settings_token=found.token, settings=values)


def _published(client: CalendarClient, connection_id: UUID, entries: list[Json]) -> Json:
    """Zone and working hours of the primary calendar; without them the list's zone and the defaults do (S17)."""
    google_id = next((str(entry["id"]) for entry in entries if entry.get("primary")), "")
    if not google_id:
        with current.transaction():
            primary = Calendar.objects.filter(connection=connection_id, is_primary=True).first()
            google_id = primary.details.google_id if primary else ""
    if not google_id:
        return {}
    try:
        return client.calendar(google_id)
    except GrantRevoked:
        raise
    except GoogleError:
        return {}  # CalendarExcluded is one of them: then nothing was asked


def _put_off(connection_id: UUID, error: GoogleError) -> None:
    retry_after = error.retry_after if isinstance(error, GoogleUnavailable) else None
    at = pace.after_failure(clock.now(), failures=3, retry_after=retry_after, is_parked=False)
    with current.transaction():
        _active(connection_id).update(next_list_at=at)


def _stored(connection_id: UUID, answer: _Answer, lists: Lists, published: Json) -> list[UUID]:
    """Nothing, if the connection ended while Google answered."""
    connection = next(iter(_to_write_to().rows(connection_id)), None)
    if connection is None:
        return []
    known = {bytes(row.google_id_index): row for row in _of_member().rows(connection.member_id)}
    listed = {_index(connection, str(entry["id"])): entry for entry in answer.items if entry.get("id")}
    left_out, changed = exclusions.judge(connection), set()
    for index, entry in listed.items():
        if _is_gone(entry) or left_out(entry):
            if index in known:
                _drop(known.pop(index))
        else:
            known[index] = _put(connection, known.get(index), index, entry, lists)
            changed.add(index)
    # A person always has a primary calendar: a list without it is a broken one, by which nobody loses anything.
    if answer.is_whole and any(entry.get("primary") for entry in listed.values()):
        for index in [i for i, row in known.items() if i not in listed and row.connection_id == connection.pk]:
            _drop(known.pop(index))
    own = {index: row for index, row in known.items() if row.connection_id == connection.pk}
    changed |= {index for index, row in own.items() if row.is_primary and _publish(row, published)}
    _save([known[index] for index in changed])
    connection.lists = lists
    connection.next_list_at = pace.scattered(clock.now(), EVERY)
    connection.save(update_fields=["lists", "next_list_at"])
    return [row.pk for row in sorted(own.values(), key=lambda row: (not row.is_primary, row.pk)) if row.is_read]


def _save(calendars: Iterable[Calendar]) -> None:
    new = []
    for calendar in calendars:
        if calendar._state.adding:
            new.append(calendar)
        else:
            calendar.save()
    main = next((calendar for calendar in new if calendar.is_primary), None)
    if main is not None and not Calendar.objects.filter(is_primary=True).exists():
        rules.take_time_zone(main.organization_id, main.time_zone)
    Calendar.objects.bulk_create(new)


def _index(connection: GoogleConnection, google_id: str) -> bytes:
    return organization_index(connection.organization_id, "calendar", google_id.lower())


def _is_gone(entry: Json) -> bool:
    """Hidden ones always come along (SYNC S1): the person has put them out of sight."""
    return bool(entry.get("deleted") or entry.get("hidden"))


def _put(connection: GoogleConnection, calendar: Calendar | None, index: bytes, entry: Json, lists: Lists) -> Calendar:
    google_id = str(entry["id"])
    role = str(entry.get("accessRole") or "owner")[:32]
    if calendar is None:
        calendar = Calendar(member_id=connection.member_id, google_id_index=index, is_read=_is_theirs(entry, role))
        calendar.claim_for_current_organization()
        calendar.details = CalendarDetails(google_id=google_id, title="")
    calendar.connection = connection
    title = own_direction(str(entry.get("summaryOverride") or entry.get("summary") or google_id))
    calendar.details = replace(calendar.details, google_id=google_id, title=title)
    calendar.is_primary = bool(entry.get("primary"))
    calendar.time_zone = str(entry.get("timeZone") or (lists.settings or {}).get("timezone") or "UTC")[:64]
    calendar.access_role = role
    if calendar.is_read and role not in READABLE:
        _stop_reading(calendar)
    return calendar


def _is_theirs(entry: Json, role: str) -> bool:
    """What is read unless the member chooses otherwise: the primary calendar, and own ones that they look at.

    Others' calendars take nobody's time who looks at them, and belong to people who were not asked.
    """
    return role in READABLE and bool(entry.get("primary") or (role == "owner" and entry.get("selected")))


def _publish(primary: Calendar, published: Json) -> bool:
    """Whether that changed anything."""
    if not published:
        return False
    before = primary.time_zone, primary.details
    primary.time_zone = str(published.get("timeZone") or primary.time_zone)[:64]
    primary.details = replace(primary.details, working_hours=_working_hours(published.get("workingHours")))
    return before != (primary.time_zone, primary.details)


def _drop(calendar: Calendar) -> None:
    record("calendar.removed", by=None, target=calendar)
    apply.nothing(calendar)
    channels.end_of(calendar)
    calendar.delete()


def _stop_reading(calendar: Calendar) -> None:
    apply.nothing(calendar)
    channels.end_of(calendar)
    calendar.details = replace(calendar.details, sync_token="")
    calendar.is_read, calendar.synced_at, calendar.listed_at, calendar.problem = False, None, None, ""
    calendar.save()


def _working_hours(published: Json | None) -> dict[str, list[list[int]]] | None:
    """Weekday "0" (Monday) to minute ranges; None where Google publishes none (SYNC finding 8)."""
    if not published or not published.get("workingHoursEnabled"):
        return None
    hours: dict[str, list[list[int]]] = {}
    for period in published.get("availableTimes", ()):
        if period.get("dayOfWeek") in WEEKDAYS:
            day = str(WEEKDAYS.index(period["dayOfWeek"]))
            hours.setdefault(day, []).append([int(period.get("periodStart", 0)), int(period["periodEnd"])])
    return hours
