"""The current organization: named once at the edge, enforced by the database inside each transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection
from django.db import transaction as db_transaction
from django.db.backends.utils import CursorWrapper

from clockwise.tenancy import token
from clockwise.tenancy.token import Moment

_current: ContextVar[UUID | None] = ContextVar("current_organization", default=None)
_preparations: list[Callable[[UUID], None]] = []


class WrongOrganization(Exception):
    """Code acted for one organization inside another one's transaction."""


class OutsideTransaction(Exception):
    """Tenant rows were asked for with no transaction open: row-level security would show none."""


def organization_id() -> UUID | None:
    """The organization that this request, task or command acts for, or None."""
    return _current.get()


def require_organization_id() -> UUID:
    current = _current.get()
    if current is None:
        raise WrongOrganization("No current organization: enter current.organization(...) or current.acting_for(...).")
    return current


def before_transactions(prepare: Callable[[UUID], None]) -> Callable[[UUID], None]:
    """Rooms above register what must be fetched from outside before an organization's transaction opens."""
    _preparations.append(prepare)
    return prepare


@contextmanager
def acting_for(organization_id: UUID) -> Iterator[None]:
    """Name the current organization; each `transaction()` inside sees its rows alone."""
    if _current.get() not in (None, organization_id):
        raise WrongOrganization("One organization's work can't be done inside another one's.")
    token = _current.set(organization_id)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def transaction(admit: Callable[[CursorWrapper], Moment] | None = None) -> Iterator[None]:
    """One database transaction (or savepoint) in which row-level security admits the current organization.

    What it is told is local to the transaction, so that nothing outlives it on a pooled connection.
    Never hold one open over a call to Google, to a key service or to mail.

    `admit`: the first statement, with no tenant row in sight; it asks for `token.MOMENT` as well, and raises whatever
    should keep the transaction from going on.
    """
    current = require_organization_id()
    if not connection.in_atomic_block:
        for prepare in _preparations:
            prepare(current)
    with db_transaction.atomic():
        with connection.cursor() as cursor:
            token.show(cursor, current, admit(cursor) if admit else None)
        yield


@contextmanager
def organization(organization_id: UUID) -> Iterator[None]:
    """`acting_for` and `transaction` in one, for work that makes no call to the outside."""
    if _current.get() is None and connection.in_atomic_block:
        raise WrongOrganization("An open transaction can't be given an organization: it would outlive this block.")
    with acting_for(organization_id), transaction():
        yield
