"""The Workspace directory: who is suspended, and who was deleted (Admin SDK, users.list).

developers.google.com/workspace/admin/directory/reference/rest/v1/users/list. An account's `id` there is the `sub` of
its ID tokens.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlencode

from clockwise.google.configuration import GoogleSettings
from clockwise.google.errors import GoogleUnavailable
from clockwise.google.transport import AccessTokens, AuthorizedTransport

PAGE = 500
MOST_PAGES = 200
FIELDS = "nextPageToken,users(id,suspended,deletionTime)"
State = Literal["suspended", "deleted"]


def shut_out(settings: GoogleSettings, tokens: AccessTokens) -> dict[str, State]:
    """By `sub`, whom Google no longer lets in: only those of whom it says so itself.

    Deleted accounts are listed for twenty days. Raises any GoogleError; then nothing is known of anybody.
    """
    http = AuthorizedTransport(tokens)
    found: dict[str, State] = {}
    for user in _users(http, settings, query="isSuspended=true"):
        if user.get("suspended") is True:
            found[str(user["id"])] = "suspended"
    for user in _users(http, settings, showDeleted="true"):
        if user.get("deletionTime"):
            found[str(user["id"])] = "deleted"
    return found


def _users(http: AuthorizedTransport, settings: GoogleSettings, **wanted: str) -> Iterator[dict[str, Any]]:
    asked = {"customer": "my_customer", "maxResults": str(PAGE), "fields": FIELDS, **wanted}
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
