"""Queries of the ORM that are compiled once, where the same few are asked for ever, for other values.

Leans on three things that Django doesn't promise: `query.get_compiler`, `compiler.as_sql`, and that a compiler may be
copied. `tests/clockwise/tenancy/test_prepared.py` fails by name where a new version of Django changes one of them.
"""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from clockwise.tenancy.current import OutsideTransaction, require_organization_id

Row = TypeVar("Row")


def any_of(values: Sequence[str]) -> RawSQL:
    """For `text__in` in a prepared query, where a list takes one parameter, however long it is."""
    return RawSQL("SELECT unnest(%s::text[])", [list(values)])


class Prepared(Generic[Row]):
    """Compiling costs more than running does, so the SQL is kept and only its parameters change."""

    def __init__(self, queryset: QuerySet[Any, Row], stand_ins: Sequence[Any]) -> None:
        """`stand_ins`: values of the queryset's filters that nothing else has; others come in their places."""
        self._queryset = queryset
        self._compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, params = self._compiler.as_sql()
        # Binary parameters come wrapped.
        self._params = [getattr(each, "adapted", each) for each in params]
        known = [require_organization_id(), *stand_ins]
        self._places = [(at, known.index(each)) for at, each in enumerate(self._params) if each in known]

    def rows(self, *values: Any) -> list[Row]:
        """The current organization's rows, for values in the order of the stand-ins."""
        if not connection.in_atomic_block:
            raise OutsideTransaction("Open current.transaction() before reading tenant rows.")
        given, params = (require_organization_id(), *values), list(self._params)
        for at, which in self._places:
            params[at] = given[which]
        compiler: Any = copy(self._compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *args, **kwargs: (self._sql, tuple(params))
        queryset = self._queryset.all()
        queryset.query.get_compiler = lambda *args, **kwargs: compiler  # type: ignore[method-assign]
        return list(queryset)


def by_ids(build: Callable[[UUID], QuerySet[Any, Row]]) -> Callable[[], Prepared[Row]]:
    """The prepared query that finds rows by one id, made when it is first wanted."""

    @cache
    def prepared() -> Prepared[Row]:
        stand_in = uuid4()
        return Prepared(build(stand_in), [stand_in])

    return prepared
