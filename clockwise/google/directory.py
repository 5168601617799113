"""The Workspace directory: who is suspended or deleted, and names and photos (Admin SDK, users.list, photos.get).

developers.google.com/workspace/admin/directory/reference/rest/v1/users/list. An account's `id` there is the `sub` of
its ID tokens. Photos: .../reference/rest/v1/users.photos/get.
"""

import binascii
import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

from clockwise.google.configuration import GoogleSettings
from clockwise.google.errors import GoogleUnavailable, NotFound
from clockwise.google.transport import AccessTokens, AuthorizedTransport

PAGE = 500
MOST_PAGES = 200
SHUT_OUT_FIELDS = "id,suspended,deletionTime"
PERSON_FIELDS = "id,primaryEmail,name/fullName,thumbnailPhotoEtag"
# Google's own "web-safe" Base64, which isn't RFC 4648's: `*` and `.` both stand for the padding.
PHOTO_ALPHABET = str.maketrans("-_*.", "+/==")
State = Literal["suspended", "deleted"]


@dataclass(frozen=True)
class Person:
    """`photo_etag`: another one means another photo; empty where there is none."""

    address: str
    name: str
    photo_etag: str = ""


def shut_out(settings: GoogleSettings, tokens: AccessTokens) -> dict[str, State]:
    """By `sub`, whom Google no longer lets in: only those of whom it says so itself.

    Deleted accounts are listed for twenty days. Raises any GoogleError; then nothing is known of anybody.
    """
    http = AuthorizedTransport(tokens)
    found: dict[str, State] = {}
    for user in _users(http, settings, SHUT_OUT_FIELDS, query="isSuspended=true"):
        if user.get("suspended") is True:
            found[str(user["id"])] = "suspended"
    for user in _users(http, settings, SHUT_OUT_FIELDS, showDeleted="true"):
        if user.get("deletionTime"):
            found[str(user["id"])] = "deleted"
    return found


def people(settings: GoogleSettings, tokens: AccessTokens) -> Iterator[Person]:
    """Everybody whom Google lets in. Raises any GoogleError."""
    for user in _users(AuthorizedTransport(tokens), settings, PERSON_FIELDS, query="isSuspended=false"):
        address, name = user.get("primaryEmail"), user.get("name")
        full_name = name.get("fullName") if isinstance(name, dict) else None
        if isinstance(address, str) and isinstance(full_name, str):
            yield Person(address, full_name, str(user.get("thumbnailPhotoEtag") or ""))


def photo(settings: GoogleSettings, tokens: AccessTokens, address: str) -> bytes:
    """An image as Google keeps it, 96 pixels wide at most; empty for somebody without one. Raises any GoogleError."""
    try:
        _, content = AuthorizedTransport(tokens).request(
            f"{settings.api_root}admin/directory/v1/users/{quote(address, safe='')}/photos/thumbnail?fields=photoData"
        )
    except NotFound:
        return b""
    try:
        return b64decode(str(_parsed(content).get("photoData", "")).translate(PHOTO_ALPHABET), validate=True)
    except (binascii.Error, ValueError):
        raise GoogleUnavailable("unreadable_answer") from None


def _users(http: AuthorizedTransport, settings: GoogleSettings, fields: str, **wanted: str) -> Iterator[dict[str, Any]]:
    mask = f"nextPageToken,users({fields})"
    asked = {"customer": "my_customer", "maxResults": str(PAGE), "fields": mask, **wanted}
    for _ in range(MOST_PAGES):
        _, content = http.request(f"{settings.api_root}admin/directory/v1/users?{urlencode(asked)}")
        answer = _parsed(content)
        yield from (user for user in answer.get("users", ()) if user.get("id"))
        if not answer.get("nextPageToken"):
            return
        asked["pageToken"] = str(answer["nextPageToken"])
    raise GoogleUnavailable("endless_pages")


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise GoogleUnavailable("unreadable_answer")  # a page of a proxy in between
    return answer
