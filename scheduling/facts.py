"""What the database says about people's time, as plain frozen data: read in one transaction, used outside it.

Words stay where they are: titles are read only for the keyword lists, addresses only to tell colleagues from outsiders.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from calendars.models import Calendar, Colleague, Event, GoogleConnection
from clockwise import clock
from clockwise.encryption.blind_index import normalize_address
from clockwise.organizations import members
from clockwise.organizations.models import Member, Organization
from clockwise.organizations.titles import Reader
from clockwise.tenancy import current
from scheduling import recognition
from scheduling.hours import Hours, Lunch, hours_from
from scheduling.intervals import Interval, subtract, union
from scheduling.models import Flexibility, Hold, Move, Pin, Preferences
from scheduling.recognition import is_away, is_lunch, takes_time

WRITABLE = frozenset({"owner", "writer", "writerWithoutPrivateAccess"})
FOCUS_GOAL_MINUTES = 600
DEFAULT_LUNCH = Lunch()


@dataclass(frozen=True, kw_only=True)
class Person:
    """A member whose calendar is connected and synced.

    calendar_id: the primary calendar, where holds go. synced_until: where our knowledge of it ends.
    lunch: None where switched off. away: out-of-office and holidays. lunch_events: what stands in for a lunch.
    """

    member_id: UUID
    address: str
    calendar_id: UUID
    hours: Hours
    synced_until: datetime
    lunch: Lunch | None = DEFAULT_LUNCH
    focus_goal: int = FOCUS_GOAL_MINUTES
    focus_side: str = "any"
    away: tuple[Interval, ...] = ()
    lunch_events: tuple[Interval, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One member's copy of an event. `takes_time`: it keeps this member busy."""

    event_id: UUID
    member_id: UUID
    calendar_id: UUID
    google_id: str
    etag: str
    takes_time: bool = True
    is_organizer: bool = False
    guests_can_modify: bool = False
    is_writable: bool = True


@dataclass(frozen=True)
class Guest:
    """A person on the list of guests; `address` as addresses are compared."""

    address: str
    declined: bool = False


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One event as all its copies tell it.

    original: the start of the slot that it was made for, whatever moved it since.
    disagree: its copies don't tell one time, as while a sync is under way.
    in_flight: a decided change of its time hasn't reached Google yet; `start` and `end` are decided ones.
    guests_hidden: Google didn't list all guests.
    """

    meeting_index: bytes
    series_index: bytes
    start: datetime
    end: datetime
    original: datetime
    copies: tuple[Copy, ...]
    guests: tuple[Guest, ...] = ()
    rooms: tuple[str, ...] = ()
    organizer: str = ""
    event_type: str = "default"
    is_all_day: bool = False
    is_locked: bool = False
    disagree: bool = False
    in_flight: bool = False
    guests_hidden: bool = False

    @property
    def interval(self) -> Interval:
        return self.start, self.end

    @property
    def addresses(self) -> frozenset[str]:
        """Everybody's on it, the organizer's included; rooms excepted."""
        organizer = {self.organizer} - {""}
        return frozenset(guest.address for guest in self.guests) | organizer

    def copy_of(self, member_id: UUID) -> Copy | None:
        return next((copy for copy in self.copies if copy.member_id == member_id), None)


@dataclass(frozen=True, kw_only=True)
class FreeBusy:
    """A colleague whose calendar isn't connected, known by free/busy alone inside [known_from, known_until).

    busy: in order, none touching another; meetings that we know are among them. hours: nobody told, so the
    organization's.
    """

    colleague_id: UUID
    address: str
    hours: Hours
    busy: tuple[Interval, ...]
    known_from: datetime
    known_until: datetime


@dataclass(frozen=True, kw_only=True)
class Consent:
    """A flexibility: who said that a meeting may move, and how far."""

    member_id: UUID
    range: str = Flexibility.Range.WEEK
    window: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class ExistingHold:
    hold_id: UUID
    member_id: UUID
    kind: str
    state: str
    date: date
    start: datetime
    end: datetime

    @property
    def interval(self) -> Interval:
        return self.start, self.end

    @property
    def is_placed(self) -> bool:
        """It is in the calendar or on its way there, and gives way to a better plan."""
        return self.state in Hold.GIVES_WAY


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`addresses`: those of all active members, whether or not their calendars are known.

    colleagues: by address, those known by free/busy alone.
    """

    at: datetime
    domains: frozenset[str]
    people: Mapping[UUID, Person]
    addresses: Mapping[str, UUID]
    colleagues: Mapping[str, FreeBusy] = field(default_factory=dict)
    occurrences: tuple[Occurrence, ...] = ()
    consents: Mapping[tuple[bytes, bool], Consent] = field(default_factory=dict)
    pinned: frozenset[bytes] = frozenset()
    holds: tuple[ExistingHold, ...] = ()

    def consent_for(self, occurrence: Occurrence) -> Consent | None:
        """The instance's own flexibility before its series'."""
        own = self.consents.get((occurrence.meeting_index, False))
        return own or self.consents.get((occurrence.series_index, True))

    def colleagues_at(self, occurrence: Occurrence) -> list[FreeBusy]:
        """Who is asked to it, hasn't declined, and is known by free/busy alone."""
        asked = [guest.address for guest in occurrence.guests if not guest.declined]
        return [self.colleagues[address] for address in asked if address in self.colleagues]

    def otherwise_busy(self) -> dict[str, list[Interval]]:
        """By address, when colleagues are busy with something else than the meetings that we know."""
        meetings: dict[str, list[Interval]] = defaultdict(list)
        for occurrence in self.occurrences:
            for colleague in self.colleagues_at(occurrence):
                meetings[colleague.address].append(occurrence.interval)
        return {address: subtract(known.busy, meetings[address]) for address, known in self.colleagues.items()}

    def attending(self, occurrence: Occurrence) -> frozenset[UUID]:
        """Whose time it takes: copies that keep their member busy, and colleagues on the list without a copy."""
        with_copy = {copy.member_id for copy in occurrence.copies}
        busy = {copy.member_id for copy in occurrence.copies if copy.takes_time}
        listed = {self.addresses.get(guest.address) for guest in occurrence.guests if not guest.declined}
        return frozenset((busy | {m for m in listed if m and m not in with_copy}) & self.people.keys())


def load(start: datetime, end: datetime, *, only: Iterable[UUID] | None = None) -> Facts:
    """The current organization's facts between two instants, inside a transaction.

    `only`: the members whose calendars matter, all by default.
    """
    active = {member.pk: member for member in Member.objects.filter(is_active=True)}
    addresses = {normalize_address(member.details.address): member.pk for member in active.values()}
    wanted = active.keys() if only is None else active.keys() & set(only)
    people = _people({member_id: active[member_id] for member_id in wanted})
    hold_rows = list(Hold.objects.filter(member__in=people, end__gt=start, start__lt=end).order_by("start", "id"))
    copies = list(_event_rows(people, start, end))
    words = recognition.reader()
    own = _own_event_ids(copies)
    occurrences = _occurrences(copies, people, words, own=own)
    return Facts(
        at=clock.now(),
        domains=members.domains(),
        people=_with_absences(people, [row for row in copies if row.pk not in own], words),
        addresses=addresses,
        colleagues=_colleagues({person.address for person in people.values()}),
        occurrences=tuple(sorted(occurrences, key=_order)),
        consents=_consents(),
        pinned=frozenset(bytes(pin.meeting_index) for pin in Pin.objects.all()),
        holds=tuple(_existing(row) for row in hold_rows),
    )


def _colleagues(connected: set[str]) -> dict[str, FreeBusy]:
    organization = Organization.objects.get(pk=current.require_organization_id())
    hours = hours_from(zone_name=organization.time_zone, calendar_zone="UTC")
    rows = Colleague.objects.filter(problem="", known_until__gt=clock.now())
    found = [_free_busy(row, hours) for row in rows]
    return {c.address: c for c in sorted(found, key=lambda c: c.address) if c.address not in connected}


def _free_busy(row: Colleague, hours: Hours) -> FreeBusy:
    assert row.known_from and row.known_until  # noqa: S101 - rows without a problem have been asked for
    return FreeBusy(
        colleague_id=row.pk,
        address=row.details.address,
        hours=hours,
        busy=tuple(row.busy_intervals),
        known_from=row.known_from,
        known_until=row.known_until,
    )


def _order(occurrence: Occurrence) -> tuple[datetime, datetime, str, bytes]:
    """The same for the same calendars, whatever ids our rows got."""
    return occurrence.start, occurrence.end, min(copy.google_id for copy in occurrence.copies), occurrence.meeting_index


def _people(active: Mapping[UUID, Member]) -> dict[UUID, Person]:
    calendars = Calendar.objects.filter(
        member__in=active,
        is_primary=True,
        synced_at__isnull=False,
        window_end__isnull=False,
        problem="",
        connection__state=GoogleConnection.State.ACTIVE,
    ).select_related("connection")
    saved = {row.member_id: row for row in Preferences.objects.filter(member__in=active)}
    people = [_person(active[calendar.member_id], calendar, saved.get(calendar.member_id)) for calendar in calendars]
    return {person.member_id: person for person in sorted(people, key=lambda person: person.address)}


def _person(member: Member, calendar: Calendar, saved: Preferences | None) -> Person:
    preferences = saved or Preferences()
    # Without the scope that writes nothing can be placed on the calendar; what stands there counts all the same.
    may_write = calendar.connection.may_write
    hours = hours_from(
        zone_name=preferences.time_zone,
        calendar_zone=calendar.time_zone,
        saved_working=preferences.working_hours,
        saved_meeting=preferences.meeting_hours,
        published=calendar.details.working_hours,
    )
    assert calendar.window_end is not None  # noqa: S101 - the query asked for it
    return Person(
        member_id=member.pk,
        address=normalize_address(member.details.address),
        calendar_id=calendar.pk,
        hours=hours,
        synced_until=calendar.window_end,
        lunch=_lunch(preferences) if may_write else None,
        focus_goal=preferences.focus_goal_minutes if preferences.focus_enabled and may_write else 0,
        focus_side=preferences.focus_side,
    )


def _lunch(preferences: Preferences) -> Lunch | None:
    if not preferences.lunch_enabled:
        return None
    return Lunch(
        preferences.lunch_from_minute,
        preferences.lunch_to_minute,
        preferences.lunch_min_minutes,
        preferences.lunch_ideal_minutes,
    )


def _event_rows(people: Mapping[UUID, Person], start: datetime, end: datetime) -> Iterable[Event]:
    rows = Event.objects.filter(member__in=people, end__gt=start, start__lt=end).select_related("calendar__connection")
    return rows.filter(calendar__connection__state=GoogleConnection.State.ACTIVE).order_by("start", "google_id", "id")


def _own_event_ids(rows: Iterable[Event]) -> set[UUID]:
    """Rows that are holds of ours and give way; a pinned one is the member's, and blocks like any event."""
    google_ids = {row.google_id for row in rows}
    held = Hold.objects.filter(google_id__in=google_ids).exclude(state=Hold.State.PINNED)
    keys = {(hold.member_id, hold.google_id) for hold in held}
    return {row.pk for row in rows if (row.member_id, row.google_id) in keys}


def _with_absences(people: Mapping[UUID, Person], rows: Iterable[Event], words: Reader) -> dict[UUID, Person]:
    away: dict[UUID, list[Interval]] = defaultdict(list)
    lunches: dict[UUID, list[Interval]] = defaultdict(list)
    for row in rows:
        if is_away(row, words):
            away[row.member_id].append((row.start, row.end))
        elif is_lunch(row, words):
            lunches[row.member_id].append((row.start, row.end))
    return {
        key: replace(person, away=tuple(union(away[key])), lunch_events=tuple(lunches[key]))
        for key, person in people.items()
    }


def _occurrences(
    rows: list[Event], people: Mapping[UUID, Person], words: Reader, *, own: set[UUID]
) -> list[Occurrence]:
    by_meeting: dict[bytes, list[Event]] = defaultdict(list)
    for row in rows:
        if row.pk not in own:
            by_meeting[bytes(row.meeting_index)].append(row)
    moved = _moves_of(by_meeting.keys())
    return [
        occurrence
        for meeting_index, copies in by_meeting.items()
        for occurrence in _of_one_meeting(_one_each(copies), people, words, moved.get(meeting_index, []))
    ]


def _one_each(rows: list[Event]) -> list[Event]:
    """A member may have a meeting on two calendars: the copy that may be moved counts, else the main calendar's."""
    best: dict[tuple[UUID, Interval], Event] = {}
    for row in sorted(rows, key=lambda row: (not row.is_organizer, not row.calendar.is_primary, row.google_id)):
        best.setdefault((row.member_id, (row.start, row.end)), row)
    return list(best.values())


def _of_one_meeting(
    rows: list[Event], people: Mapping[UUID, Person], words: Reader, moves: list[Move]
) -> list[Occurrence]:
    """One occurrence; more where copies tell different times, so that each place stays taken."""
    at_time: dict[Interval, list[Event]] = defaultdict(list)
    for row in rows:
        at_time[row.start, row.end].append(row)
    occurrences = [
        replace(_occurrence(copies, people, words), disagree=len(at_time) > 1) for _, copies in sorted(at_time.items())
    ]
    is_single = rows[0].original_start is None
    return [_with_moves(occurrence, moves, is_single=is_single) for occurrence in occurrences]


def _occurrence(rows: list[Event], people: Mapping[UUID, Person], words: Reader) -> Occurrence:
    rows = sorted(rows, key=lambda row: (not row.is_organizer, people[row.member_id].address, row.google_id))
    told = rows[0]
    attendees = told.details.attendees if told.attendee_count else ()
    humans = [attendee for attendee in attendees if not attendee.is_room]
    return Occurrence(
        meeting_index=bytes(told.meeting_index),
        series_index=bytes(told.series_index),
        start=told.start,
        end=told.end,
        original=told.original_start or told.start,
        copies=tuple(_copy(row, words) for row in rows),
        guests=tuple(Guest(normalize_address(a.address), a.response == "declined") for a in humans),
        rooms=tuple(sorted(normalize_address(a.address) for a in attendees if a.is_room and a.response != "declined")),
        organizer=normalize_address(told.details.organizer) if told.attendee_count else "",
        event_type=told.event_type,
        is_all_day=told.is_all_day,
        is_locked=any(row.is_locked for row in rows),
        guests_hidden=told.attendee_count > len(attendees),
    )


def _copy(row: Event, words: Reader) -> Copy:
    return Copy(
        event_id=row.pk,
        member_id=row.member_id,
        calendar_id=row.calendar_id,
        google_id=row.google_id,
        etag=row.etag,
        takes_time=takes_time(row, words),
        is_organizer=row.is_organizer,
        guests_can_modify=row.guests_can_modify,
        is_writable=row.calendar.access_role in WRITABLE and row.calendar.connection.may_write,
    )


def _moves_of(meeting_indexes: Iterable[bytes]) -> dict[bytes, list[Move]]:
    """Moves that happened or are on their way, oldest first."""
    states = [Move.State.DECIDED, Move.State.APPLIED, Move.State.UNDOING]
    rows = Move.objects.filter(Q(event__meeting_index__in=list(meeting_indexes)), state__in=states)
    moves: dict[bytes, list[Move]] = defaultdict(list)
    for move in rows.select_related("event").order_by("decided_at", "id"):
        moves[bytes(move.event.meeting_index)].append(move)
    return moves


def _with_moves(occurrence: Occurrence, moves: list[Move], *, is_single: bool) -> Occurrence:
    """A single event's original slot is where our first move found it; one under way is where it will be."""
    if not moves:
        return occurrence
    original = moves[0].old_start if is_single else occurrence.original
    last = moves[-1]
    if last.state == Move.State.DECIDED:
        return replace(occurrence, original=original, start=last.start, end=last.end, in_flight=True)
    if last.state == Move.State.UNDOING:
        return replace(occurrence, original=original, start=last.old_start, end=last.old_end, in_flight=True)
    return replace(occurrence, original=original)


def _consents() -> dict[tuple[bytes, bool], Consent]:
    return {
        (bytes(row.meeting_index), row.is_series): Consent(
            member_id=row.member_id, range=row.range, window=_window(row)
        )
        for row in Flexibility.objects.all()
    }


def _window(row: Flexibility) -> tuple[int, int] | None:
    if row.window_from_minute is None or row.window_to_minute is None:
        return None
    return row.window_from_minute, row.window_to_minute


def _existing(row: Hold) -> ExistingHold:
    return ExistingHold(
        hold_id=row.pk,
        member_id=row.member_id,
        kind=row.kind,
        state=row.state,
        date=row.date,
        start=row.start,
        end=row.end,
    )
