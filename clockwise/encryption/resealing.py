"""Seals an organization's rows anew under their owners' newest keys, while people read and write them.

Rows that the application may only insert (the audit log) keep their seal and so their hash; earlier generations of a
key stay in the keystore for them, and for backups.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Substr

from clockwise.encryption.envelope import HEADER_BYTES
from clockwise.encryption.keys import data_key
from clockwise.encryption.sealed import SealedField
from clockwise.tenancy import current

ROWS_AT_ONCE = 1000
HEADERS_AT_ONCE = 5000
OWNERS = {"organization", "member"}
BINARY: "models.BinaryField[bytes, bytes]" = models.BinaryField()
Model = type[models.Model]
Fields = list[SealedField[Any]]
Filter = dict[str, Any]


@dataclass
class Resealed:
    """`rows` were sealed anew; `kept` blobs lie in tables that can only be added to."""

    rows: int = 0
    kept: tuple[str, ...] = ()


def reseal(*, member_id: UUID | None = None) -> Resealed:
    """Bring the current organization's rows (or one member's) to their newest keys. Opens its own transactions.

    Running it again continues where it was cut off. A row that somebody holds is passed over at first and waited for
    at the end.
    """
    done = Resealed()
    for model, fields in _sealed_models():
        if not _may_change(model, fields):
            done.kept += (model._meta.label,)
        elif (whose := _whose(model, member_id)) is not None:
            done.rows += _reseal_free(model, whose, fields) + _reseal_rest(model, whose, fields)
    return done


def _reseal_free(model: Model, whose: Filter, fields: Fields) -> int:
    """Seal anew what nobody holds, in the order of ids."""
    count, last = 0, UUID(int=0)
    while True:
        with current.transaction():
            rows = _needed(model, fields).filter(**whose, pk__gt=last).order_by("pk")
            batch = list(rows.select_for_update(skip_locked=True)[:ROWS_AT_ONCE])
            if not batch:
                return count
            count += _write([row for row in batch if _is_stale(row, fields)], fields)
            last = batch[-1].pk


def _reseal_rest(model: Model, whose: Filter, fields: Fields) -> int:
    """Find what is still under an earlier key, by the beginnings of blobs, and wait for who holds it."""
    count, last = 0, UUID(int=0)
    headers = {f"header_{field.name}": Substr(field.name, 1, HEADER_BYTES, output_field=BINARY) for field in fields}
    while True:
        with current.transaction():
            rows = _needed(model, []).annotate(**headers).filter(**whose, pk__gt=last).order_by("pk")
            batch = list(rows[:HEADERS_AT_ONCE])
            if not batch:
                return count
            stale = [row.pk for row in batch if _has_stale_header(row, list(headers))]
            for begin in range(0, len(stale), ROWS_AT_ONCE):
                held = _needed(model, fields).filter(**whose, pk__in=stale[begin : begin + ROWS_AT_ONCE])
                count += _write(list(held.order_by("pk").select_for_update()), fields)
            last = batch[-1].pk


def _needed(model: Model, fields: Fields) -> models.QuerySet[Any]:
    """Rows with nothing but what says whose they are, and their blobs."""
    names = {field.name for field in model._meta.concrete_fields}
    return model._base_manager.only("pk", *OWNERS & names, *(field.name for field in fields))


def _has_stale_header(row: Any, headers: list[str]) -> bool:
    newest = data_key(row.key_owner()).header
    return any(found is not None and bytes(found) != newest for found in map(row.__dict__.get, headers))


def _is_stale(row: Any, fields: Fields) -> bool:
    return any(field.is_stale(row) for field in fields)


def _write(rows: list[Any], fields: Fields) -> int:
    """One UPDATE for each column: blobs alone are exchanged, whatever else the rows say stays."""
    for field in fields:
        stale = [row for row in rows if field.is_stale(row)]
        table, column = field.model._meta.db_table, field.column
        with connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE "{table}" AS row SET "{column}" = anew.blob '  # noqa: S608
                "FROM unnest(%s::uuid[], %s::bytea[]) AS anew (id, blob) WHERE row.id = anew.id",
                [[row.pk for row in stale], [field.resealed(row) for row in stale]],
            )
    return len(rows)


def _sealed_models() -> Iterator[tuple[Model, Fields]]:
    for model in apps.get_models():
        fields = [field for field in model._meta.local_concrete_fields if isinstance(field, SealedField)]
        if fields:
            yield model, fields


def _may_change(model: Model, fields: Fields) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_column_privilege(%s, %s, 'UPDATE')", [model._meta.db_table, fields[0].column])
        return bool(cursor.fetchone()[0])


def _whose(model: Model, member_id: UUID | None) -> Filter | None:
    """Which rows are the organization's, or those of one member; None where a model has none of these."""
    names = {field.attname for field in model._meta.concrete_fields}
    whose = {"organization_id" if "organization_id" in names else "id": current.require_organization_id()}
    if member_id is None:
        return whose
    if "member_id" in names:
        return whose | {"member_id": member_id}
    return whose | {"id": member_id} if model._meta.label == settings.AUTH_USER_MODEL else None
