"""Chains committed entries, organization by organization.

An entry is written without a lock, so that a busy organization's transactions don't wait for each other; the chain is
extended right after their commit, by whoever comes first for all who wait.
"""

from uuid import UUID

from django.db import connection

from clockwise.tenancy import current


def extend_current() -> int:
    """Chain what the current organization has waiting; the number of entries. Opens its own transaction."""
    with current.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_extend(%s)", [current.require_organization_id()])
        return int(cursor.fetchone()[0])


def extend_all() -> None:
    """What a crashed process left unchained, in every organization. Belongs to no organization's transaction."""
    for organization_id in organizations_waiting():
        with current.acting_for(organization_id):
            extend_current()


def organizations_waiting() -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id FROM lookup_audit_waiting()")
        return [organization_id for (organization_id,) in cursor.fetchall()]
