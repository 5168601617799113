"""The one gate that ends access, whichever signal asked for it."""

from collections.abc import Callable

from django.db.models import F

from clockwise.audit.record import record
from clockwise.organizations import tokens
from clockwise.organizations.models import Member

_enders: list[Callable[[Member], None]] = []


def at_end(ender: Callable[[Member], None]) -> Callable[[Member], None]:
    """Apps register what ends with a member's access (connections, channels, queued work)."""
    _enders.append(ender)
    return ender


def end_sessions(member: Member) -> None:
    """Sign the member out everywhere: sessions of an earlier epoch are no longer theirs."""
    Member.objects.filter(pk=member.pk).update(epoch=F("epoch") + 1)
    member.refresh_from_db(fields=["epoch"])


def end(member: Member, *, reason: str, by: Member | None = None) -> None:
    """End sessions, tokens and all that apps have registered, in the caller's transaction."""
    end_sessions(member)
    tokens.revoke_all(member)
    for ender in _enders:
        ender(member)
    record("access.ended", by=by.pk if by else None, target=member, reason=reason)
