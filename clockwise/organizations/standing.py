"""A member's standing in the organization: role, and whether they may come in at all."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from clockwise.audit.record import record
from clockwise.organizations import access
from clockwise.organizations.models import Member
from clockwise.organizations.reasons import Reason
from clockwise.organizations.roles import Role

Synced = Callable[[list[UUID]], dict[UUID, datetime]]
_synced: list[Synced] = []


class LastOwner(ValueError):
    """The organization would be left without an owner who can sign in."""

    def __init__(self) -> None:
        super().__init__("An organization keeps at least one active owner. Make somebody else an owner first.")


class NotAllowed(ValueError):
    """Only an owner makes or unmakes owners."""

    def __init__(self) -> None:
        super().__init__("Only an owner can make, change or deactivate an owner.")


def tells_last_sync(function: Synced) -> Synced:
    """Register who knows when a member's calendars were last synchronized."""
    _synced.append(function)
    return function


def last_synced(member_ids: list[UUID]) -> dict[UUID, datetime]:
    return {member_id: at for function in _synced for member_id, at in function(member_ids).items()}


def change_role(member: Member, role: Role, *, by: Member) -> None:
    """Raises NotAllowed and LastOwner. It counts from the member's next request on."""
    member = Member.objects.select_for_update().get(pk=member.pk)
    if role == member.role:
        return
    if Role.OWNER in (role, member.role) and by.role != Role.OWNER:
        raise NotAllowed
    if member.role == Role.OWNER:
        ensure_other_owners([member.pk])
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    record("member.role_changed", by=by.pk, target=member, before=before, after=str(role))


def deactivate(members: Iterable[Member], *, by: Member) -> int:
    """End the access of each, at once, in the caller's transaction. Returns how many were active.

    Raises NotAllowed and LastOwner, and then changes nobody.
    """
    ids = [member.pk for member in members]
    active = list(Member.objects.select_for_update().filter(pk__in=ids, is_active=True).order_by("id"))
    if by.role != Role.OWNER and any(member.role == Role.OWNER for member in active):
        raise NotAllowed
    if any(member.role == Role.OWNER for member in active):
        ensure_other_owners(ids)
    for member in active:
        access.end(member, reason=Reason.ADMIN, by=by)
    return len(active)


def reactivate(member: Member, *, by: Member) -> None:
    """They sign in again and connect their calendar again; nothing that was ended comes back by itself."""
    if member.role == Role.OWNER and by.role != Role.OWNER:
        raise NotAllowed
    access.restore(member, reason=Reason.ADMIN, by=by)


def ensure_other_owners(leaving: list[UUID]) -> None:
    """Raises LastOwner unless somebody else owns the organization once these are gone."""
    owners = Member.objects.select_for_update().filter(role=Role.OWNER, is_active=True).order_by("id")
    if not set(owners.values_list("pk", flat=True)) - set(leaving):
        raise LastOwner
