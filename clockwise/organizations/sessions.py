"""Sessions in the database, of which a dump opens none: keys are stored as hashes, contents sealed.

A signed-in browser has a row of its own besides (`BrowserSession`): it ends by its limits, from the list of sessions,
or with the member's access.
"""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.sessions.backends import db
from django.core.signing import JSONSerializer
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from clockwise import clock
from clockwise.audit import origin
from clockwise.audit.record import record
from clockwise.organizations.models import BrowserSession, Member, SessionDetails
from clockwise.organizations.roles import ADMINISTRATORS
from clockwise.tenancy import current
from clockwise.tenancy.prepared import by_ids

ORGANIZATION = "organization_id"
BROWSER = "browser_session"
ABSOLUTE = timedelta(days=7)
IDLE = timedelta(hours=12)
IDLE_ADMINISTRATORS = timedelta(minutes=30)
# How long a proof of who somebody is counts for dangerous acts.
FRESH = timedelta(minutes=10)
# `seen_at` is written once in so long.
SEEN_EVERY = timedelta(minutes=1)


def organization_of_request(request: HttpRequest) -> UUID | None:
    """The organization that the browser's session was opened for."""
    value = request.session.get(ORGANIZATION)
    return UUID(value) if value else None


def open_for(request: HttpRequest, member: Member) -> None:
    """Note that this browser is signed in; the session's contents are new already."""
    here, at = origin.current(), clock.now()
    opened = BrowserSession.objects.create(
        member=member, details=SessionDetails(here.address, here.agent), opened_at=at, seen_at=at
    )
    request.session[ORGANIZATION] = str(member.organization_id)
    request.session[BROWSER] = str(opened.pk)
    request.session.set_expiry(int(ABSOLUTE.total_seconds()))


def of_request(request: HttpRequest) -> BrowserSession | None:
    """The signed-in browser, whether or not its time has run out; looked up once a request."""
    if not hasattr(request, "_browser_session"):
        named = request.session.get(BROWSER)
        found = BrowserSession.objects.filter(pk=named).first() if named else None
        request._browser_session = found  # type: ignore[attr-defined]
    session: BrowserSession | None = request._browser_session  # type: ignore[attr-defined]
    return session


def is_alive(request: HttpRequest, member: Member) -> bool:
    """Whether the browser is still signed in as the member. One that isn't loses its session here."""
    session, at = of_request(request), clock.now()
    if session is None or session.member_id != member.pk or session.ended_at is not None:
        return False
    idle = IDLE_ADMINISTRATORS if member.role in ADMINISTRATORS else IDLE
    if at >= min(session.opened_at + ABSOLUTE, session.seen_at + idle):
        end(session)
        record("session.expired", by=member.pk, target=session)
        request.session.flush()
        return False
    if at >= session.seen_at + SEEN_EVERY:
        session.seen_at = at
        # After the request's own work, which may end other browsers: it holds no row meanwhile that they could want.
        transaction.on_commit(lambda: _note_seen(session.pk, at))
    return True


def _note_seen(session_id: UUID, at: datetime) -> None:
    with current.transaction():
        BrowserSession.objects.filter(pk=session_id).update(seen_at=at)


def end(session: BrowserSession) -> None:
    """From its next request on the browser isn't signed in."""
    BrowserSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=clock.now())
    session.refresh_from_db(fields=["ended_at"])


def end_all(member: Member, *, but: BrowserSession | None = None) -> list[BrowserSession]:
    """End the member's browsers, those that were open, in one order: two who do it at once wait for each other once."""
    ended = [session for session in _alive().rows(member.pk) if but is None or session.pk != but.pk]
    if ended:
        BrowserSession.objects.filter(pk__in=[session.pk for session in ended]).update(ended_at=clock.now())
    return ended


@by_ids
def _alive(member_id: UUID) -> QuerySet[BrowserSession]:
    alive = BrowserSession.objects.filter(member=member_id, ended_at=None)
    return alive.select_for_update(of=("self",)).order_by("pk")


def open_sessions(member: Member) -> list[BrowserSession]:
    """The member's signed-in browsers, the one seen last first."""
    alive = BrowserSession.objects.filter(member=member, ended_at=None, opened_at__gt=clock.now() - ABSOLUTE)
    return list(alive.order_by("-seen_at"))


def is_fresh(session: BrowserSession) -> bool:
    """Whether the person has just proved to Google who they are."""
    return session.confirmed_at is not None and session.confirmed_at + FRESH > clock.now()


def _sealing_key() -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"clockwise.sessions").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


class SessionStore(db.SessionStore):
    """Django's database sessions with `stored_key`, a hash, in place of the cookie's value."""

    @staticmethod
    def stored_key(session_key: str) -> str:
        return hashlib.sha256(session_key.encode()).hexdigest()[:40]

    def encode(self, session_dict: dict[str, Any]) -> str:
        return _sealing_key().encrypt(JSONSerializer().dumps(session_dict)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            return JSONSerializer().loads(_sealing_key().decrypt(session_data))  # type: ignore[no-any-return]
        except InvalidToken:
            return {}

    def _get_session_from_db(self) -> Any:
        key = self.session_key
        found = (
            self.model.objects.filter(session_key=self.stored_key(key), expire_date__gt=clock.now()).first()
            if key
            else None
        )
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return bool(self.model.objects.filter(session_key=self.stored_key(session_key)).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        return self.model(
            session_key=self.stored_key(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(modification=clock.now()),
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            self.model.objects.filter(session_key=self.stored_key(key)).delete()
