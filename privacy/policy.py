"""Keeps what may be stored and what is being stored from passing each other."""

from django.db import connection

from clockwise.tenancy import current

_EXCLUSIVE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"


def hold_still() -> None:
    """Until this transaction ends, no exclusion and no processing setting changes. For who stores what Google sent.

    Without it a sync could read the old setting, be overtaken by a purge, and store what was just erased.
    """
    _lock(_SHARED)


def change() -> None:
    """Wait for everybody who is storing, and keep them waiting until this transaction ends."""
    _lock(_EXCLUSIVE)


def _lock(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [f"privacy:{current.require_organization_id()}"])
