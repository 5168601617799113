"""Watches the Workspace directory where an admin consented: who is suspended or deleted there loses access here.

Asked each LOOK_SECONDS, of everybody at once, also of those who connected no calendar and are nowhere signed in.
Only an account that Google itself calls suspended or deleted is ended; an answer that doesn't come ends nobody.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from clockwise import clock
from clockwise.audit.record import record
from clockwise.google import directory, oauth
from clockwise.google.configuration import configured
from clockwise.google.errors import GoogleError, GrantRevoked
from clockwise.google.transport import AccessTokens
from clockwise.organizations import access, lookups
from clockwise.organizations.models import DirectoryCredentials, DirectoryWatch, Member
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current
from clockwise.tenancy.prepared import by_ids

log = logging.getLogger(__name__)
LOOK_SECONDS = 30
REASONS = {"suspended": Reason.ACCOUNT_DISABLED, "deleted": Reason.ACCOUNT_PURGED}


def start(member: Member, grant: oauth.Grant) -> bool:
    """Look into the directory by this admin's grant from now on, instead of by anybody else's.

    False where Google gave no refresh token.
    """
    if not grant.refresh_token:
        return False
    stop(by=member, reason="replaced")
    credentials = DirectoryCredentials(grant.refresh_token, grant.access_token, grant.expires_at)
    watch = DirectoryWatch.objects.create(member=member, credentials=credentials, started_at=clock.now())
    record("directory_watch.started", by=member.pk, target=watch)
    return True


def stop(*, by: Member | None, reason: str) -> None:
    """Forget the grant. Google is told nothing: it may be the one by which the admin's own calendar is read."""
    _stop(DirectoryWatch.objects.select_for_update(), by=by, reason=reason)


def _stop(watches: Iterable[DirectoryWatch], *, by: Member | None, reason: str) -> None:
    for watch in watches:
        record("directory_watch.stopped", by=by.pk if by else None, target=watch, reason=reason)
        watch.delete()


@access.at_end
def end_with_access(member: Member) -> None:
    _stop(_watches_of().rows(member.pk), by=None, reason="access_ended")


@by_ids
def _watches_of(member_id: UUID) -> QuerySet[DirectoryWatch]:
    return DirectoryWatch.objects.select_for_update().filter(member=member_id)


def is_watched() -> bool:
    return DirectoryWatch.objects.exists()


def reader_of_people() -> AccessTokens | None:
    """By whose grant names and photos may be read; None where no admin lets us. Opens its own transaction."""
    with current.transaction():
        watch = DirectoryWatch.objects.filter(shows_people=True).first()
    return _Tokens(watch) if watch else None


def look() -> int:
    """Ask Google about the current organization once; how many lost access. Opens its own transactions."""
    with current.transaction():
        watch = DirectoryWatch.objects.first()
    if watch is None:
        return 0
    began_at = clock.now()
    try:
        found = directory.shut_out(configured(), _Tokens(watch))
    except GrantRevoked as revoked:
        with current.transaction():
            # Another admin may have consented meanwhile.
            _stop(DirectoryWatch.objects.select_for_update().filter(pk=watch.pk), by=None, reason=revoked.reason)
        return 0
    except GoogleError as error:
        log.warning("The directory couldn't be looked into: %s.", error)
        _note(watch.pk, problem=type(error).__name__)
        return 0
    _note(watch.pk, problem="")
    reasons = {lookups.subject_index(subject): REASONS[state] for subject, state in found.items()}
    return sum(_end(member_id, reasons, began_at) for member_id in _let_in(list(reasons)))


def _let_in(indexes: list[bytes]) -> list[UUID]:
    """Members among them who have access here, as far as Clockwise knows."""
    came_back = Q(signed_in_at__gt=F("access_ended_at"))
    with current.transaction():
        members = Member.objects.filter(Q(access_ended_reason="") | came_back, subject_index__in=indexes)
        return list(members.order_by("pk").values_list("pk", flat=True))


def _end(member_id: UUID, reasons: dict[bytes, Reason], began_at: datetime) -> bool:
    """One whose access can't be ended now is met again at the next look; those after them don't wait for it."""
    try:
        with current.transaction():
            member = Member.objects.get(pk=member_id)
            return access.end(member, reason=reasons[bytes(member.subject_index or b"")], signalled_at=began_at)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this member's alone
        log.error("The access of member %s couldn't be ended: %s.", member_id, type(error).__name__)
        return False


def _note(watch_id: UUID, *, problem: str) -> None:
    with current.transaction():
        DirectoryWatch.objects.filter(pk=watch_id).update(problem=problem, looked_at=clock.now())


class _Tokens:
    """The watch's access token, renewed when it is about to end. Two workers who renew at once do no harm."""

    def __init__(self, watch: DirectoryWatch) -> None:
        self._watch = watch

    def current(self) -> str:
        kept = self._watch.credentials
        if oauth.lasts(kept.access_token, kept.access_token_expires_at, now=clock.now()):
            return kept.access_token
        return self.renew(kept.access_token)

    def renew(self, refused: str) -> str:
        kept = self._watch.credentials
        grant = oauth.refresh(configured(), kept.refresh_token, now=clock.now())
        self._watch.credentials = replace(
            kept,
            refresh_token=grant.refresh_token or kept.refresh_token,
            access_token=grant.access_token,
            access_token_expires_at=grant.expires_at,
        )
        with current.transaction():
            if DirectoryWatch.objects.select_for_update().filter(pk=self._watch.pk).exists():
                self._watch.save(update_fields=["credentials"])
        return grant.access_token
