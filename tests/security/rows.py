"""One row of every tenant model in an organization, filled in by the types of its fields."""

import dataclasses
import typing
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from django.apps import apps
from django.db import connection, models

from clockwise import clock
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from clockwise.tenancy.models import TenantModel, time_ordered_id

Rows = dict[type[TenantModel], TenantModel]
TENANT_MODELS = [model for model in apps.get_models() if issubclass(model, TenantModel)]

# What a type alone doesn't tell: fields that constraints tie together. By "app.model", then field.
TOGETHER: dict[str, dict[str, Any]] = {
    "calendars.googleconnection": {"credentials": True},
}


def fill(member: Member, words: str = "canary") -> Rows:
    """A row of each tenant model in the member's organization; every text in them contains `words`."""
    rows: Rows = {Member: member}
    with current.organization(member.organization_id):
        for model in filter(_may_be_written, TENANT_MODELS):
            _row(model, rows, words)
    return rows


def _may_be_written(model: type[TenantModel]) -> bool:
    """Entries of the audit log come through a function of the database alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'INSERT')", [model._meta.db_table])
        return bool(cursor.fetchone()[0])


def _row(model: type[TenantModel], rows: Rows, words: str) -> TenantModel:
    if model not in rows and _is_one_of_a_kind(model) and (there := model._default_manager.first()):
        rows[model] = there
    if model not in rows:
        values = {
            field.name: _value(field, model, rows, words)
            for field in model._meta.local_concrete_fields
            if not _is_left_out(field, model)
        }
        row = model(id=time_ordered_id(), organization_id=current.require_organization_id(), **values)
        row.save(force_insert=True)
        rows[model] = row
    return rows[model]


def _is_one_of_a_kind(model: type[TenantModel]) -> bool:
    return any(constraint.fields == ("organization",) for constraint in model._meta.total_unique_constraints)


def _is_left_out(field: Any, model: type[TenantModel]) -> bool:
    if field.primary_key or field.name == "organization":
        return True
    return (field.null or field.has_default()) and field.name not in TOGETHER.get(model._meta.label_lower, {})


def _value(field: Any, model: type[TenantModel], rows: Rows, words: str) -> Any:
    if isinstance(field, models.ForeignKey):
        return _row(cast(type[TenantModel], field.related_model), rows, words)
    if isinstance(field, SealedField):
        return payload(field.payload_type, words)
    if field.choices:
        return field.choices[0][0]
    return _plain(field, words)


def _plain(field: Any, words: str) -> Any:
    if field.name == "time_zone":
        return "Europe/Berlin"
    if isinstance(field, models.DateTimeField):
        return clock.now() + timedelta(hours=1 if "end" in field.name else 0)
    if isinstance(field, models.DateField):
        return date(2027, 3, 1)
    if isinstance(field, models.BinaryField):
        return uuid4().bytes
    if isinstance(field, models.UUIDField):
        return uuid4()
    if isinstance(field, (models.IntegerField, models.FloatField)):
        return 1
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, (models.CharField, models.TextField)):
        return uuid4().hex[: field.max_length or 32]
    raise AssertionError(f"Say in tests/security/rows.py what {field} holds.")


def payload(payload_type: Any, words: str) -> Any:
    """A payload of that type with the words in each of its texts."""
    if payload_type is dict:
        return {"text": words}
    hints = typing.get_type_hints(payload_type)
    return payload_type(**{each.name: _content(hints[each.name], words) for each in dataclasses.fields(payload_type)})


def _content(hint: Any, words: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is str:
        return words
    if hint in (int, float, bool):
        return hint(0)
    if dataclasses.is_dataclass(hint):
        return payload(hint, words)
    if origin is tuple:
        return (
            (_content(arguments[0], words),)
            if arguments[1:] == (...,)
            else tuple(_content(a, words) for a in arguments)
        )
    if origin is list:
        return [_content(arguments[0], words)]
    if origin is dict:
        return {"key": _content(arguments[1], words)}
    return None


def ids(rows: Rows) -> set[UUID]:
    return {row.pk for row in rows.values()}


def copies(row: TenantModel, count: int) -> list[TenantModel]:
    """As many more rows like this one, with ids and texts of their own where they must be unique."""
    model = type(row)
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    values = {field.attname: getattr(row, field.attname) for field in fields}
    unique = {
        name
        for constraint in model._meta.total_unique_constraints
        for name in constraint.fields
        if not isinstance(model._meta.get_field(name), models.ForeignKey)
    }
    with current.organization(row.organization_id):
        made = [model(id=time_ordered_id(), **values | {name: uuid4().hex for name in unique}) for _ in range(count)]
        model._default_manager.bulk_create(made, batch_size=1000)
    return made
