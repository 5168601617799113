"""Writes audit entries, in the transaction of what they tell of."""

from typing import Any
from uuid import UUID

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.tenancy.models import TenantModel


def record(action: str, *, by: UUID | None, target: TenantModel | None = None, **body: Any) -> None:
    """Add an entry. `by` is the acting member's id, None for the system; `body` is sealed JSON."""
    AuditEntry.objects.create(
        at=clock.now(),
        action=action,
        actor_id=by,
        target_type=(target._meta.model_name or "") if target else "",
        target_id=target.pk if target else None,
        body=body,
    )
