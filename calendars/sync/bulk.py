"""Writes a calendar's events by the thousand: one statement, one array a column.

Django's own bulk_create spends most of a full sync's time on a model for each row and a placeholder for each value.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection

from calendars.changes import Change
from calendars.models import Calendar, Event
from calendars.models.event import Attendee, EventDetails
from calendars.shut_out import emptied_by
from clockwise.encryption.keys import KeyOwner
from clockwise.google.event import GoogleEvent
from clockwise.tenancy import current

BATCH = 1000
# Equal in all rows of a calendar; they stay when a row is written again, as its id does.
OF_THE_CALENDAR = ("organization_id", "member_id", "calendar_id")
Column = Callable[[Sequence[Change]], str]


def write(calendar: Calendar, changes: Sequence[Change], *, shut_out: frozenset[str]) -> None:
    """Insert events, or write those anew whose id is there already. In the caller's transaction.

    Sealed here, so that no word of an event travels to the database. `shut_out`: parts that are not to be stored.
    """
    if calendar.organization_id != current.require_organization_id():
        raise current.WrongOrganization("This calendar is another organization's.")
    owner = [str(getattr(calendar, name)) for name in OF_THE_CALENDAR[:-1]] + [str(calendar.pk)]
    close = _closer(calendar, shut_out)
    with connection.cursor() as cursor:
        for first in range(0, len(changes), BATCH):
            batch = changes[first : first + BATCH]
            blobs = _array([_bytes(close(change)) for change in batch])
            are_new = all(change.before is None for change in batch)
            cursor.execute(_statement(are_new), [*owner, *(column(batch) for column in COLUMNS.values()), blobs])


def _closer(calendar: Calendar, shut_out: frozenset[str]) -> Callable[[Change], bytes]:
    close = Event._meta.get_field("details").closer(KeyOwner(calendar.organization_id, calendar.member_id))
    empty = emptied_by(shut_out)
    return lambda change: close(change.event_id, _details(change.event, empty))


def _details(event: GoogleEvent, empty: frozenset[str]) -> EventDetails:
    """Google may have been asked before an admin shut a part out."""
    found: dict[str, Any] = {
        "title": event.summary,
        "description": event.description,
        "location": event.location,
        "conference_link": event.conference_link,
        "organizer": event.organizer_email,
    }
    if "attendees" not in empty:
        found["attendees"] = tuple(
            [Attendee(a.email, a.name, a.response, a.optional, a.is_room) for a in event.attendees]
        )
    return EventDetails(**{name: value for name, value in found.items() if value and name not in empty})


def _attendee_count(event: GoogleEvent) -> int:
    """People, rooms left out. Where Google hides guests there is at least one more than it lists."""
    return sum(not attendee.is_room for attendee in event.attendees) + event.guests_hidden


def _array(elements: Iterable[str]) -> str:
    """Given as text, since PostgreSQL reads it faster than a list of constants."""
    return "{" + ",".join(elements) + "}"


def _bytes(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _texts(of: Callable[[GoogleEvent], str]) -> Column:
    return lambda changes: _array([_text(of(change.event)) for change in changes])


def _flags(of: Callable[[GoogleEvent], bool]) -> Column:
    return lambda changes: _array(["t" if of(change.event) else "f" for change in changes])


# How each column's values are written as the elements of an array.
COLUMNS: dict[str, Column] = {
    "id": lambda changes: _array([change.event_id.hex for change in changes]),
    "google_id": _texts(lambda event: event.google_id),
    "series_id": _texts(lambda event: event.series_id),
    "original_start": lambda changes: _array(
        [at.isoformat() if (at := change.event.original_start) else "NULL" for change in changes]
    ),
    "meeting_index": lambda changes: _array([_bytes(change.meeting_index) for change in changes]),
    "series_index": lambda changes: _array([_bytes(change.series_index) for change in changes]),
    "start": lambda changes: _array([change.event.start.isoformat() for change in changes]),
    "end": lambda changes: _array([change.event.end.isoformat() for change in changes]),
    "is_all_day": _flags(lambda event: event.all_day),
    "is_busy": _flags(lambda event: event.busy),
    "event_type": _texts(lambda event: event.event_type),
    "visibility": _texts(lambda event: event.visibility),
    "response": _texts(lambda event: event.own_response),
    "is_organizer": _flags(lambda event: event.organizer_self),
    "guests_can_modify": _flags(lambda event: event.guests_can_modify),
    "is_locked": _flags(lambda event: event.locked),
    "attendee_count": lambda changes: _array([str(_attendee_count(change.event)) for change in changes]),
    "etag": _texts(lambda event: event.etag),
}


@cache
def _statement(are_new: bool) -> str:
    """To look for an earlier row costs PostgreSQL a tenth more."""
    kinds = {str(field.column): str(field.db_type(connection)) for field in Event._meta.concrete_fields}
    names = [*COLUMNS, "details"]
    columns = ", ".join(f'"{name}"' for name in (*OF_THE_CALENDAR, *names))
    arrays = ", ".join(f"%s::{kinds[name].partition('(')[0]}[]" for name in names)
    written = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in names if name != "id")
    insert = (
        f"INSERT INTO {Event._meta.db_table} ({columns}) "  # noqa: S608 - names of our own columns
        f"SELECT %s::uuid, %s::uuid, %s::uuid, given.* FROM unnest({arrays}) AS given"
    )
    return insert if are_new else f"{insert} ON CONFLICT (id) DO UPDATE SET {written}"
