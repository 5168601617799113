"""Calendars that are left out: named in no request, and erased where they are stored."""

import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from calendars.models import Calendar, Event, GoogleConnection, OutboxWrite
from clockwise.encryption.blind_index import organization_index
from clockwise.google.errors import CalendarExcluded, GrantRevoked
from clockwise.organizations.models import Member
from clockwise.tenancy import current, messages
from clockwise.tenancy.prepared import Prepared, by_ids
from privacy import exclusions
from privacy.exclusions import CalendarFacts, KnownCalendar

AT_ONCE_SECONDS = 0.5
Json = dict[str, Any]
Leaving = Callable[[Calendar], None]
_leavings: list[Leaving] = []


def at_leave(function: Leaving) -> Leaving:
    """Register what ends with a calendar (its push channel, say), in the transaction that erases it."""
    _leavings.append(function)
    return function


class Admission:
    """Asked before each request of one connection that names a calendar. Raises CalendarExcluded.

    It reads the rules each time: from the commit of an exclusion on, no further request leaves.
    """

    def __init__(self, connection_id: UUID, *, just_read: GoogleConnection | None = None) -> None:
        """`just_read`: the connection, where the caller has read it for the first request."""
        self._connection_id, self._just_read = connection_id, just_read
        self._judged, self._judged_at = "", 0.0
        # A calendar may be erased while its sync goes on; the rule still has to recognize it.
        self._seen: dict[str, Calendar] = {}

    def judge_now(self, calendar: Calendar) -> None:
        """In the caller's transaction, so that a request which leaves at once afterwards needs no further one.

        Raises CalendarExcluded.
        """
        google_id, rules = calendar.details.google_id, exclusions.rules_for(calendar.member_id)
        self._seen[google_id] = calendar
        if rules and exclusions.leaves_out(rules, _facts(calendar, calendar.member)):
            raise CalendarExcluded("excluded")
        self._just_read, self._judged, self._judged_at = calendar.connection, google_id, time.monotonic()

    def connection(self) -> GoogleConnection | None:
        """As it was just read, with a judgement, for the one request that leaves at once; None for any other."""
        connection, self._just_read = self._just_read, None
        return connection

    def __call__(self, google_id: str) -> None:
        is_judged = self._judged == google_id and time.monotonic() < self._judged_at + AT_ONCE_SECONDS
        self._judged = ""
        if is_judged:
            return
        with current.transaction():
            connection = next(iter(_with_member().rows(self._connection_id)), None)
            if connection is None:
                raise GrantRevoked("not_connected")
            facts = self._facts(connection.member, google_id)
            refused = exclusions.leaves_out(exclusions.rules_for(connection.member_id), facts)
        if refused:
            raise CalendarExcluded("excluded")
        self._just_read = connection

    def _facts(self, member: Member, google_id: str) -> CalendarFacts:
        index = organization_index(member.organization_id, "calendar", google_id.lower())
        found = _by_index().rows(member.pk, index)
        calendar = found[0] if found else self._seen.get(google_id)
        if calendar is None:
            return CalendarFacts(google_id)
        self._seen[google_id] = calendar
        return _facts(calendar, member)


@by_ids
def _with_member(connection_id: UUID) -> QuerySet[GoogleConnection]:
    return GoogleConnection.objects.filter(pk=connection_id).select_related("member")


@cache
def _by_index() -> Prepared[Calendar]:
    member_id, index = uuid4(), uuid4().bytes
    return Prepared(Calendar.objects.filter(member=member_id, google_id_index=index), [member_id, index])


def judge(connection: GoogleConnection) -> Callable[[Json], bool]:
    """Whether a rule leaves out an entry of the calendarList of the connection's member."""
    rules = exclusions.rules_for(connection.member_id)
    if not rules:
        return lambda entry: False
    address = connection.member.details.address

    def is_left_out(entry: Json) -> bool:
        facts = CalendarFacts(
            google_id=str(entry["id"]),
            title=str(entry.get("summaryOverride") or entry.get("summary") or ""),
            owner=address if entry.get("accessRole", "owner") == "owner" else "",
        )
        return exclusions.leaves_out(rules, facts)

    return is_left_out


def _facts(calendar: Calendar, member: Member) -> CalendarFacts:
    details = calendar.details
    return CalendarFacts(
        details.google_id, details.title, member.details.address if calendar.access_role == "owner" else ""
    )


def _known(member_id: UUID | None) -> Iterable[KnownCalendar]:
    calendars = Calendar.objects.select_related("member").order_by("id")
    if member_id is not None:
        calendars = calendars.filter(member=member_id)
    for calendar in calendars:
        yield KnownCalendar(calendar.pk, calendar.member_id, _facts(calendar, calendar.member), calendar.is_primary)


def _purge(calendar_ids: list[UUID]) -> dict[str, int]:
    counts = {
        "events": Event.objects.filter(calendar__in=calendar_ids).count(),
        "queued writes": OutboxWrite.objects.filter(calendar__in=calendar_ids).count(),
        "calendars": len(calendar_ids),
    }
    for calendar in Calendar.objects.filter(pk__in=calendar_ids):
        for function in _leavings:
            function(calendar)
        calendar.delete()
    return counts


def _read_anew(member_id: UUID | None) -> None:
    from calendars import tasks

    with current.transaction():
        active = GoogleConnection.objects.filter(state=GoogleConnection.State.ACTIVE)
        if member_id is not None:
            active = active.filter(member=member_id)
        connection_ids = list(active.values_list("pk", flat=True))
        # A delta of the list wouldn't bring back what we have forgotten.
        GoogleConnection.objects.filter(pk__in=connection_ids).update(lists=None, next_list_at=None)
        Calendar.objects.filter(connection__in=connection_ids).update(next_sync_at=None)
    for connection_id in connection_ids:
        messages.wake(tasks.sync_connection, connection_id)


def read_everything_anew() -> None:
    """Wake the workers at the end of the caller's transaction."""
    transaction.on_commit(lambda: _read_anew(None))


exclusions.keeper(exclusions.Keeper(known=_known, purge=_purge, read_anew=_read_anew))
