"""Everything that Clockwise stores about a person, as one archive: JSON (complete), ICS (events), CSV (a table each).

It walks the data register, so that a table nobody thought of can't be missing. Secrets (tokens and their hashes) are
named and left out: they would only be a danger to whom they belong to.
"""

import csv
import dataclasses
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import models, transaction
from icalendar import Calendar, Event, vCalAddress

from clockwise import clock, harmless
from clockwise.audit.record import record
from clockwise.encryption import envelope, keys
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import Member
from clockwise.tenancy import current, messages
from privacy import register
from privacy.models import DataExport

FORMAT = "clockwise-export/1"
LIFETIME = timedelta(hours=24)
_PURPOSE = "privacy_dataexport.bundle"
_SALT = "privacy.export"
Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class CalendarEntry:
    """An event for the ICS file; all-day ones have dates as `start` and `end`."""

    uid: str
    start: datetime | date
    end: datetime | date
    title: str
    description: str = ""
    location: str = ""
    url: str = ""
    organizer: str = ""
    attendees: tuple[str, ...] = ()


Feed = Callable[[UUID], Iterable[CalendarEntry]]
_feeds: list[Feed] = []


def feed(function: Feed) -> Feed:
    """Register who knows a member's events, for the ICS file."""
    _feeds.append(function)
    return function


class LinkRefused(Exception):
    """The link is forged, too old, or its export is gone."""


def request(member: Member, *, by: Member) -> DataExport:
    """Have a worker make the export; its link works for a day from now."""
    at = clock.now()
    export = DataExport.objects.create(member=member, requested_by=by.pk, requested_at=at, expires_at=at + LIFETIME)
    record("privacy.export_requested", by=by.pk, target=member)
    transaction.on_commit(_wake)
    return export


def _wake() -> None:
    from privacy import tasks

    messages.wake(tasks.make_exports)


def make_waiting() -> int:
    """Make the exports that are asked for, oldest first. Opens its own transactions; returns how many."""
    done = 0
    while _make_next():
        done += 1
    return done


def _make_next() -> bool:
    with current.transaction():
        waiting = DataExport.objects.filter(made_at=None, expires_at__gt=clock.now()).order_by("requested_at", "id")
        export = waiting.select_for_update(skip_locked=True, of=("self",)).first()
        if export is None:
            return False
        content = bundle(export.member_id)
        key = keys.data_key(export.key_owner())
        export.bundle = envelope.seal(key, _PURPOSE, export.pk.bytes, content)
        export.bytes, export.made_at = len(content), clock.now()
        export.save(update_fields=["bundle", "bytes", "made_at"])
        record("privacy.export_made", by=None, target=export, bytes=len(content))
        return True


def link_token(export: DataExport) -> str:
    """Signed, good for a day from when the export was asked for; who opens it has to be signed in as who asked."""
    return signing.dumps([str(export.pk), str(export.requested_by)], salt=_SALT)


def open_link(token: str, *, by: Member) -> tuple[DataExport, bytes]:
    """The archive. Raises LinkRefused, without telling which of the reasons it was."""
    try:
        export_id, requester = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise LinkRefused from None
    if requester != str(by.pk):
        raise LinkRefused
    export = DataExport.objects.filter(pk=export_id, requested_by=by.pk, expires_at__gt=clock.now()).first()
    if export is None or export.bundle is None:
        raise LinkRefused
    content = envelope.unseal(keys.data_key(export.key_owner()), _PURPOSE, export.pk.bytes, bytes(export.bundle))
    export.downloaded_at = clock.now()
    export.save(update_fields=["downloaded_at"])
    record("privacy.export_downloaded", by=by.pk, target=export)
    return export, content


def bundle(member_id: UUID) -> bytes:
    """The archive of a member of the current organization, in the caller's transaction."""
    tables = [(found, _rows(found, member_id)) for found in register.about_people() if found.person]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _readme())
        archive.writestr("everything.json", _json(member_id, tables))
        archive.writestr("events.ics", _ics(member_id))
        for found, rows in tables:
            archive.writestr(f"tables/{found.name}.csv", _csv(found, rows))
    return content.getvalue()


def counts(member_id: UUID) -> list[tuple[register.Table, int]]:
    """How many rows of each table are about the member."""
    return [(found, found.rows_of(member_id).count()) for found in register.about_people() if found.person]


def _rows(found: register.Table, member_id: UUID) -> list[Json]:
    columns = [c for c in found.model._meta.local_concrete_fields if c.name in found.personal or c.primary_key]
    deferred = [column.name for column in found.model._meta.local_concrete_fields if column.name in found.secret]
    rows = found.rows_of(member_id).defer(*deferred)
    return [{column.name: _value(row, column) for column in columns} for row in rows.iterator(chunk_size=500)]


def _value(row: models.Model, column: "models.Field[Any, Any]") -> Any:
    value = getattr(row, column.attname)
    if isinstance(column, SealedField) and dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value


def _json(member_id: UUID, tables: list[tuple[register.Table, list[Json]]]) -> str:
    return json.dumps(
        {
            "format": FORMAT,
            "made_at": clock.now().isoformat(),
            "person": str(member_id),
            "tables": [
                {
                    "name": found.name,
                    "label": found.label,
                    "purpose": found.purpose,
                    "legal_basis": found.basis,
                    "kept": found.retention,
                    "columns": dict(found.personal),
                    "left_out": dict(found.secret),
                    "rows": rows,
                }
                for found, rows in tables
            ],
        },
        ensure_ascii=False,
        default=_plain,
        indent=1,
    )


def _plain(value: object) -> object:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return str(value)


def _csv(found: register.Table, rows: list[Json]) -> str:
    text = io.StringIO()
    names = list(rows[0]) if rows else list(found.personal)
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    """Text that no spreadsheet takes for a formula."""
    if isinstance(value, (dict, list)):
        cell = json.dumps(value, ensure_ascii=False, default=_plain)
    else:
        cell = "" if value is None else str(_plain(value) if not isinstance(value, str) else value)
    return harmless.cell(cell)


def _ics(member_id: UUID) -> bytes:
    """RFC 5545."""
    calendar = Calendar()
    calendar.add("prodid", "-//Clockwise//Export//EN")
    calendar.add("version", "2.0")
    for function in _feeds:
        for entry in function(member_id):
            calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _event(entry: CalendarEntry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", clock.now())
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    for name, value in (
        ("summary", entry.title),
        ("description", entry.description),
        ("location", entry.location),
        ("url", harmless.one_line(entry.url)),
    ):
        if value:
            event.add(name, value)
    if entry.organizer:
        event.add("organizer", _address(entry.organizer))
    for attendee in entry.attendees:
        event.add("attendee", _address(attendee))
    return event


def _address(address: str) -> vCalAddress:
    return vCalAddress(f"mailto:{harmless.one_line(address)}")


def _readme() -> str:
    return (
        "Everything that Clockwise stores about you.\n\n"
        "everything.json  complete, with purpose, legal basis and retention of each table\n"
        "events.ics       your stored events, for any calendar program\n"
        "tables/          the same rows for spreadsheets; a cell that could be taken for a formula begins with '\n\n"
        "Tokens and their hashes are left out: they open doors and tell nothing.\n"
    )
