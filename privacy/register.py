"""The data register: for each column of each table, whether it is about a person, why it is kept and until when.

Apps declare their tables in their `personal_data.py`. A column that nobody declared is an error of the system checks
(privacy.E001), so that a forgotten one is a failing check and not a leak. The privacy page, the export and the
erasure walk this register.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet


class Purpose(StrEnum):
    """Why something is kept; the words stand on the privacy page."""

    ACCOUNT = "knowing who signs in and what they may do"
    SCHEDULING = "finding better times and keeping focus time and lunch free"
    SYNC = "keeping calendars and Google in step"
    PROVISIONING = "following the organization's identity provider"
    SECURITY = "proving who did what, and keeping intruders out"
    RIGHTS = "carrying out and proving privacy decisions"
    OPERATION = "running the installation"


class Basis(StrEnum):
    """The legal basis of processing (GDPR, Article 6)."""

    CONTRACT = "performance of a contract (Art. 6(1)(b))"
    LEGITIMATE_INTEREST = "legitimate interest (Art. 6(1)(f))"
    LEGAL_OBLIGATION = "legal obligation (Art. 6(1)(c))"
    NONE = "not personal"


UNTIL_LEAVING = "until the person leaves or is erased"
UNTIL_ORGANIZATION_ENDS = "as long as the organization uses Clockwise"


@dataclass(frozen=True)
class Table:
    """One model. `personal` and `secret` map a column to what it holds; a secret (a token) is never exported.

    person: paths to the member's id, any of which makes a row theirs; empty where rows are about nobody.
    erased: whether the person's rows go at erasure; else `kept_because` says why they stay, without words of theirs.
    """

    model: type[models.Model]
    label: str
    purpose: Purpose
    basis: Basis
    retention: str
    person: tuple[str, ...] = ()
    personal: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict)
    technical: frozenset[str] = frozenset()
    erased: bool = True
    kept_because: str = ""

    @property
    def name(self) -> str:
        return self.model._meta.label_lower

    def rows_of(self, member_id: UUID) -> QuerySet[models.Model]:
        """The person's rows in the current organization; none where rows are about nobody."""
        manager = self.model._default_manager
        if not self.person:
            return manager.none()
        mine = Q()
        for path in self.person:
            mine |= Q(**{path: member_id})
        return manager.filter(mine).order_by("pk")

    def class_of(self, column: str) -> str:
        if column in self.secret:
            return "secret"
        return "personal" if column in self.personal else "technical"


_tables: dict[type[models.Model], Table] = {}


def table(
    model: type[models.Model],
    label: str,
    *,
    purpose: Purpose,
    basis: Basis,
    retention: str,
    person: Sequence[str] = (),
    personal: Mapping[str, str] | None = None,
    secret: Mapping[str, str] | None = None,
    technical: str = "",
    kept_because: str = "",
) -> None:
    """Declare a table; `technical`: its other columns, separated by spaces. Key and organization need no mention."""
    _tables[model] = Table(
        model=model,
        label=label,
        purpose=purpose,
        basis=basis,
        retention=retention,
        person=tuple(person),
        personal=personal or {},
        secret=secret or {},
        technical=frozenset(technical.split()),
        erased=not kept_because,
        kept_because=kept_because,
    )


def tables() -> list[Table]:
    return sorted(_tables.values(), key=lambda found: found.name)


def about_people() -> list[Table]:
    return [found for found in tables() if found.person or found.personal or found.secret]


def undeclared() -> Iterator[str]:
    """Columns (`app.model.column`) that no declaration names, of every model of ours and of Django's."""
    for model in apps.get_models(include_auto_created=True):
        declared = _tables.get(model)
        for column in model._meta.local_concrete_fields:
            if column.primary_key or column.name == "organization":
                continue
            if declared is None or column.name not in _named(declared):
                yield f"{model._meta.label_lower}.{column.name}"


def stale() -> Iterator[str]:
    """Declared columns that don't exist."""
    for declared in tables():
        there = {column.name for column in declared.model._meta.local_concrete_fields}
        for column in sorted(_named(declared) - there):
            yield f"{declared.name}.{column}"


def _named(declared: Table) -> frozenset[str]:
    return frozenset(declared.personal) | frozenset(declared.secret) | declared.technical
