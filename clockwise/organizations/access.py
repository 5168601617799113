"""The one gate that ends access, whichever signal asked for it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations import sessions, tokens
from clockwise.organizations.models import Member
from clockwise.organizations.reasons import BLOCKING, Reason
from clockwise.tenancy.prepared import by_ids

_enders: list[Callable[[Member], None]] = []


def at_end(ender: Callable[[Member], None]) -> Callable[[Member], None]:
    """Apps register what ends with a member's access (connections, channels, open streams, queued work).

    An ender runs in the transaction that ends the access, makes no call to the outside, and does no harm twice.
    """
    _enders.append(ender)
    return ender


def end(member: Member, *, reason: Reason, by: Member | None = None, signalled_at: datetime | None = None) -> bool:
    """End sessions, tokens and all that apps have registered, in the caller's transaction.

    signalled_at: when what the signal tells of happened. One that is older than the member's last sign-in is passed
    over, since Google let them in after it. Doing it again does no harm. False if the signal was passed over.
    """
    kept = _locked(member)
    if signalled_at is not None and kept.signed_in_at is not None and signalled_at < kept.signed_in_at:
        return False
    is_new = kept.access_ended_reason != reason or _came_back(kept)
    changes: dict[str, Any] = {"access_ended_at": clock.now(), "access_ended_reason": reason}
    if reason in BLOCKING:
        changes["is_active"] = False
    _end_sessions(member, changes)
    tokens.revoke_all(member)
    for ender in _enders:
        ender(member)
    if is_new:
        record("access.ended", by=by.pk if by else None, target=member, reason=str(reason))
    for name, value in {**changes, "epoch": kept.epoch + 1}.items():
        setattr(member, name, value)
    return True


def restore(member: Member, *, reason: Reason, by: Member | None = None) -> bool:
    """Let the member in again. They sign in and connect anew; nothing that was ended comes back by itself.

    reason: whose word it is. What an admin or an identity provider ended, a signal of Google's doesn't restore.
    False if there was nothing to restore.
    """
    kept = _locked(member)
    if not kept.access_ended_reason and kept.is_active:
        return False
    if kept.access_ended_reason in BLOCKING and reason not in BLOCKING:
        return False
    Member.objects.filter(pk=member.pk).update(is_active=True, access_ended_reason="")
    record("access.restored", by=by.pk if by else None, target=member, reason=str(reason))
    member.refresh_from_db(fields=["is_active", "access_ended_reason"])
    return True


def _end_sessions(member: Member, changes: dict[str, Any]) -> None:
    """Sign the member out everywhere, with the changes: sessions of an earlier epoch are no longer theirs."""
    Member.objects.filter(pk=member.pk).update(**changes, epoch=F("epoch") + 1)
    sessions.end_all(member)


def _locked(member: Member) -> Member:
    for found in _by_id().rows(member.pk):
        return found
    raise Member.DoesNotExist


@by_ids
def _by_id(member_id: UUID) -> QuerySet[Member]:
    return Member.objects.select_for_update().filter(pk=member_id)


def _came_back(member: Member) -> bool:
    ended, came = member.access_ended_at, member.signed_in_at
    return ended is None or (came is not None and came > ended)
