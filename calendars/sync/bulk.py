"""Writes events by the thousand: one statement with one JSON parameter.

Django's own bulk_create spends most of a full sync's time on compiling a placeholder for each value.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from django.db import connection, models

from calendars.models import Event
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy import current

BATCH = 1000
# What stays when a row is written again: which row it is, and whose.
KEPT = frozenset({"id", "organization_id", "member_id", "calendar_id"})


def write(events: Sequence[Event]) -> None:
    """Insert events, or write those anew whose id is there already. In the caller's transaction.

    As with `save()`, sealed fields are sealed here, so that no word of an event travels to the database.
    """
    organization_id = current.require_organization_id()
    for event in events:
        if event.organization_id != organization_id:
            raise current.WrongOrganization("This event is another organization's.")
    with connection.cursor() as cursor:
        for first in range(0, len(events), BATCH):
            batch = events[first : first + BATCH]
            rows = [{column: read(event) for column, read in _columns()} for event in batch]
            cursor.execute(_statement(), [json.dumps(rows)])


@cache
def _columns() -> tuple[tuple[str, Callable[[Event], Any]], ...]:
    """Each column's name, and how a row's value becomes what JSON carries."""
    return tuple((str(field.column), _reader(field)) for field in Event._meta.concrete_fields)


def _reader(field: "models.Field[Any, Any]") -> Callable[[Event], Any]:
    """Bytes in hexadecimal, instants and ids as text. Sealed fields are sealed by their `pre_save`."""
    value = attrgetter(field.attname)
    if isinstance(field, SealedField):
        return lambda event: bytes(field.pre_save(event, True) or b"").hex()
    if isinstance(field, models.BinaryField):
        return lambda event: value(event).hex()
    if isinstance(field, models.DateTimeField):
        return lambda event: at.isoformat() if (at := value(event)) else None
    if isinstance(field, models.UUIDField | models.ForeignKey):
        return lambda event: str(value(event))
    return value


@cache
def _statement() -> str:
    fields = [(field.column, str(field.db_type(connection)).partition("(")[0]) for field in Event._meta.concrete_fields]
    columns = ", ".join(f'"{column}"' for column, _ in fields)
    given = ", ".join(f'"{column}" {"text" if kind == "bytea" else kind}' for column, kind in fields)
    values = ", ".join(f"decode(\"{column}\", 'hex')" if kind == "bytea" else f'"{column}"' for column, kind in fields)
    written = ", ".join(f'"{column}" = EXCLUDED."{column}"' for column, _ in fields if column not in KEPT)
    return (
        f"INSERT INTO {Event._meta.db_table} ({columns}) "  # noqa: S608 - names of our own columns
        f"SELECT {values} FROM json_to_recordset(%s::json) AS given({given}) "
        f"ON CONFLICT (id) DO UPDATE SET {written}"
    )
