"""Sessions in the database, of which a dump opens none: keys are stored as hashes, contents sealed."""

import base64
import hashlib
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.sessions.backends import db
from django.core.signing import JSONSerializer
from django.http import HttpRequest

from clockwise import clock

ORGANIZATION = "organization_id"


def organization_of_request(request: HttpRequest) -> UUID | None:
    """The organization that the browser's session was opened for."""
    value = request.session.get(ORGANIZATION)
    return UUID(value) if value else None


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
