"""What Google tells us of accounts: each signal is heard once, and goes through the gate."""

import hashlib
from datetime import timedelta

from django.db import connection, transaction

from clockwise import clock
from clockwise.audit.record import record
from clockwise.google.risc import Event, Kind, Signal
from clockwise.organizations import access, lookups
from clockwise.organizations.models import HeardSignal, Member
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current

# All of them end everything: a session or token that Google takes back is no ground to keep ours.
ENDING: dict[Kind, Reason] = {
    "account-disabled": Reason.ACCOUNT_DISABLED,
    "account-purged": Reason.ACCOUNT_PURGED,
    "account-credential-change-required": Reason.CREDENTIALS_AT_RISK,
    "sessions-revoked": Reason.SESSIONS_REVOKED,
    "tokens-revoked": Reason.TOKENS_REVOKED,
    "token-revoked": Reason.TOKENS_REVOKED,
}
# Longer than a signal is believed (`risc.OLDEST`).
REMEMBERED_FOR = timedelta(days=30)


def hear(signal: Signal) -> bool:
    """Do what a verified signal asks for, in one transaction. False if it was heard before.

    A signal may concern several accounts; Google sends one, and events without a `sub` name no member of ours.
    """
    for event in signal.events:
        reference = lookups.member_by_subject(event.subject) if event.subject else None
        if reference is None:
            continue
        with current.organization(reference.organization_id):
            if not _is_first(f"{signal.jti}:{event.kind}"):
                return False
            _act(Member.objects.get(pk=reference.member_id), event, signal)
    return True


def _act(member: Member, event: Event, signal: Signal) -> None:
    record("access.signal_received", by=None, target=member, kind=event.kind, reason=event.reason)
    if event.kind == "account-enabled":
        access.restore(member, reason=Reason.ACCOUNT_DISABLED)
    elif event.kind in ENDING and not access.end(member, reason=ENDING[event.kind], signalled_at=signal.issued_at):
        record("access.signal_refused", by=None, target=member, kind=event.kind)


def _is_first(jti: str) -> bool:
    """Remembered in the transaction of what the signal does: one that failed half-way is heard again."""
    digest = hashlib.sha256(jti.encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organizations_heardsignal (jti_hash, heard_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [digest, clock.now()],
        )
        return bool(cursor.rowcount)


def forget_old() -> None:
    with transaction.atomic():
        HeardSignal.objects.filter(heard_at__lt=clock.now() - REMEMBERED_FOR).delete()
