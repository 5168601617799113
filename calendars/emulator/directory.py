"""The Admin SDK's Directory, as far as it tells who is suspended or deleted, and people's names and photos.

developers.google.com/workspace/admin/directory/reference/rest/v1/users/list; searching: .../v1/guides/search-users;
photos: .../v1/reference/users.photos/get.
"""

import hashlib
from typing import Any
from urllib.parse import unquote

from calendars.emulator.errors import ApiError, insufficient_scopes
from calendars.emulator.masks import apply, parse
from calendars.emulator.state import Person, State, Token, text

Json = dict[str, Any]
PATH = "/admin/directory/v1/users"
SCOPES = {
    "https://www.googleapis.com/auth/admin.directory.user",
    "https://www.googleapis.com/auth/admin.directory.user.readonly",
}
PHOTO = "/photos/thumbnail"
# Google's own "web-safe" Base64.
PHOTO_ALPHABET = str.maketrans("+/=", "-_*")
MOST = 500
QUERIES = {"": None, "isSuspended=true": True, "isSuspended=false": False}


def answer(state: State, http: str, path: str, query: dict[str, list[str]], token: Token) -> Json:
    """Raises ApiError."""
    is_photo = path.startswith(f"{PATH}/") and path.endswith(PHOTO)
    if http != "GET" or not (is_photo or path == PATH):
        raise ApiError(404, "notFound", "Not Found")
    if not SCOPES & set(token.scopes):
        raise insufficient_scopes()
    one = {name: values[-1] for name, values in query.items()}
    caller = state.people[token.email]
    if caller.domain is None or not caller.is_admin:
        raise ApiError(403, "forbidden", "Not Authorized to access this resource/api")
    if is_photo:
        found = _photo(state, caller, unquote(path.removeprefix(f"{PATH}/").removesuffix(PHOTO)))
        return apply(parse(one["fields"]), found) if "fields" in one else found
    if one.get("customer") != "my_customer" and one.get("domain") != caller.domain:
        raise ApiError(400, "badRequest", "Bad Request")
    if one.get("query", "") not in QUERIES:
        raise ApiError(400, "invalid", "Invalid Input: query")
    found = _page(_people(state, caller, one), one)
    return apply(parse(one["fields"]), found) if "fields" in one else found


def _people(state: State, caller: Person, one: dict[str, str]) -> list[Person]:
    """Deleted people are found by `showDeleted` alone, and are in no other list."""
    mine = [person for person in state.people.values() if person.domain == caller.domain]
    if one.get("showDeleted") == "true":
        return [person for person in mine if person.deleted_at]
    wanted = QUERIES[one.get("query", "")]
    return [p for p in mine if not p.deleted_at and wanted in (None, p.is_suspended)]


def _page(people: list[Person], one: dict[str, str]) -> Json:
    size = int(one.get("maxResults") or 100)
    if not 1 <= size <= MOST:
        raise ApiError(400, "invalid", "Invalid value for: maxResults")
    first = int(one.get("pageToken") or 0)
    shown = people[first : first + size]
    found: Json = {"kind": "admin#directory#users", "etag": '"users"'}
    if shown:
        found["users"] = [_user(person) for person in shown]
    if first + size < len(people):
        found["nextPageToken"] = str(first + size)
    return found


def _photo(state: State, caller: Person, key: str) -> Json:
    person = next((p for p in state.people.values() if key.lower() in (p.email, p.subject)), None)
    if person is None or person.domain != caller.domain or person.deleted_at or not person.photo:
        raise ApiError(404, "notFound", "Resource Not Found: photo")
    return {
        "kind": "admin#directory#user#photo",
        "id": person.subject,
        "etag": _photo_etag(person),
        "primaryEmail": person.email,
        "mimeType": "image/png",
        "width": 96,
        "height": 96,
        "photoData": person.photo.translate(PHOTO_ALPHABET),
    }


def _photo_etag(person: Person) -> str:
    return f'"{hashlib.sha256(person.photo.encode()).hexdigest()[:27]}"'


def _user(person: Person) -> Json:
    given, _, family = person.name.partition(" ")
    found: Json = {
        "kind": "admin#directory#user",
        "id": person.subject,
        "primaryEmail": person.email,
        "name": {"givenName": given, "familyName": family, "fullName": person.name},
        "isAdmin": person.is_admin,
        "suspended": person.is_suspended,
        "archived": False,
    }
    if person.is_suspended:
        found["suspensionReason"] = "ADMIN"
    if person.photo:
        found["thumbnailPhotoEtag"] = _photo_etag(person)
    return found | ({"deletionTime": text(person.deleted_at)} if person.deleted_at else {})
