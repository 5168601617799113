"""Calendar v3 as one connection.

One resource object serves the whole process: building it is what costs, and it holds no user. Each call brings its
own authorized transport.
"""

import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import googleapiclient
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from clockwise.google import errors
from clockwise.google.configuration import GoogleSettings
from clockwise.google.transport import AccessTokens, AuthorizedTransport

PAGE = 1000
SendUpdates = Literal["all", "externalOnly", "none"]
Json = dict[str, Any]


@lru_cache(maxsize=8)
def _resources(api_root: str) -> dict[str, Any]:
    """Google's shipped discovery document, with `rootUrl` replaced: this moves the batch address along."""
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    document = json.loads((folder / "calendar.v3.json").read_text())
    document["rootUrl"] = api_root
    service = build_from_document(document, http=_Unused())
    names = ("events", "calendars", "calendarList", "settings", "freebusy")
    return {name: getattr(service, name)() for name in names}


class _Unused:
    """Stands where the library wants a default transport; each call brings its own."""

    def request(self, *args: object, **kwargs: object) -> None:
        raise AssertionError("A call to Google without a connection's transport.")


class CalendarClient:
    """Every method raises a `GoogleError`; each sends a `fields` mask where events come back."""

    def __init__(self, settings: GoogleSettings, tokens: AccessTokens) -> None:
        self._resources = _resources(settings.api_root)
        self._http = AuthorizedTransport(tokens)

    def calendar_list(self, *, page_token: str | None = None) -> Json:
        return self._execute(self._resources["calendarList"].list(pageToken=page_token, maxResults=250))

    def calendar(self, calendar_id: str) -> Json:
        return self._execute(self._resources["calendars"].get(calendarId=calendar_id))

    def settings(self) -> Json:
        return self._execute(self._resources["settings"].list())

    def events_page(
        self, calendar_id: str, *, fields: str, time_min: datetime | None = None, time_max: datetime | None = None,
        sync_token: str | None = None, page_token: str | None = None,
    ) -> Json:  # fmt: skip
        """A page of single instances. With `sync_token` only what changed, deletions included; Gone when it expired.

        The parameters other than the window are the same for every listing, as Google demands (SYNC S3).
        """
        window = {} if sync_token else {"timeMin": _text(time_min), "timeMax": _text(time_max)}
        return self._execute(
            self._resources["events"].list(
                calendarId=calendar_id, fields=fields, singleEvents=True, showDeleted=True, maxResults=PAGE,
                syncToken=sync_token, pageToken=page_token, **window,
            )
        )  # fmt: skip

    def get_event(self, calendar_id: str, event_id: str, *, fields: str) -> Json:
        return self._execute(self._resources["events"].get(calendarId=calendar_id, eventId=event_id, fields=fields))

    def insert_event(self, calendar_id: str, body: Json, *, fields: str, send_updates: SendUpdates) -> Json:
        """`body` carries a client-chosen id, so that a repeated insert answers Duplicate."""
        request = self._resources["events"].insert(
            calendarId=calendar_id, body=body, fields=fields, sendUpdates=send_updates
        )
        return self._execute(request)

    def patch_event(
        self, calendar_id: str, event_id: str, body: Json, *, etag: str, fields: str, send_updates: SendUpdates
    ) -> Json:
        """Only the changed fields, and only if the event is still at `etag`. Raises EventChanged otherwise."""
        request = self._resources["events"].patch(
            calendarId=calendar_id, eventId=event_id, body=body, fields=fields, sendUpdates=send_updates
        )
        return self._execute(request, etag=etag)

    def delete_event(self, calendar_id: str, event_id: str, *, etag: str, send_updates: SendUpdates) -> None:
        request = self._resources["events"].delete(calendarId=calendar_id, eventId=event_id, sendUpdates=send_updates)
        self._execute(request, etag=etag)

    def _execute(self, request: Any, *, etag: str = "") -> Json:
        if etag:
            request.headers["If-Match"] = etag
        try:
            return request.execute(http=self._http) or {}
        except HttpError as error:
            raise errors.from_answer(error.resp.status, error.content, error.resp) from None
        except ValueError:
            # An HTML page with status 200, from a proxy in between.
            raise errors.GoogleUnavailable("not JSON") from None


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
