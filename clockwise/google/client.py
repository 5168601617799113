"""Calendar v3 as one connection.

One resource object serves the whole process: building it is what costs, and it holds no user (SYNC finding 2). Each
call brings its own authorized transport.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any, Literal

from googleapiclient.discovery import build_from_document  # type: ignore[attr-defined]
from googleapiclient.discovery_cache import get_static_doc

from clockwise.google.configuration import GoogleSettings
from clockwise.google.errors import Gone, GoogleUnavailable, SyncTokenExpired
from clockwise.google.fields import CALENDAR, CALENDAR_ENTRY, CALENDAR_LIST, CHANNEL, SETTINGS
from clockwise.google.transport import AccessTokens, AuthorizedTransport

# The most that Google gives at once (S2); a person's horizon rarely fills one page.
PAGE = 2500
RESOURCES = ("events", "calendars", "calendarList", "settings", "freebusy", "channels")
SendUpdates = Literal["all", "externalOnly", "none"]
Json = dict[str, Any]


class CalendarClient:
    """Answers are Google's JSON, where empty lists and missing values are left out (S1, S17).

    Every method may raise any GoogleError. Nothing is retried here: the caller knows what may be repeated.
    `admit` is asked before each request that names a calendar, and raises CalendarExcluded. `before_each` is called
    before each request that is sent.
    """

    def __init__(
        self,
        settings: GoogleSettings,
        tokens: AccessTokens,
        admit: Callable[[str], None],
        *,
        before_each: Callable[[], None] = lambda: None,
    ) -> None:
        self._resources = _resources(settings.api_root)
        self._http = AuthorizedTransport(tokens, before_each=before_each)
        self._admit = admit

    def calendar_list(self, *, page_token: str | None = None, sync_token: str | None = None) -> Json:
        """A page of the person's calendars. Raises SyncTokenExpired."""
        request = self._resources["calendarList"].list(
            maxResults=250, pageToken=page_token, syncToken=sync_token, fields=CALENDAR_LIST
        )
        return self._listed(request)

    def calendar(self, calendar_id: str) -> Json:
        """Time zone and, on a Workspace user's primary calendar, working hours."""
        self._admit(calendar_id)
        return self._execute(self._resources["calendars"].get(calendarId=calendar_id, fields=CALENDAR))

    def calendar_entry(self, calendar_id: str) -> Json:
        """The calendar's line in the person's list. Raises NotFound if there is none (any more)."""
        self._admit(calendar_id)
        return self._execute(self._resources["calendarList"].get(calendarId=calendar_id, fields=CALENDAR_ENTRY))

    def settings(self, *, page_token: str | None = None, sync_token: str | None = None) -> Json:
        """A page of the person's settings, as `items` of `id` and `value`. Raises SyncTokenExpired."""
        request = self._resources["settings"].list(
            maxResults=250, pageToken=page_token, syncToken=sync_token, fields=SETTINGS
        )
        return self._listed(request)

    def events_page(
        self,
        calendar_id: str,
        *,
        fields: str,
        time_min: datetime | None = None,
        time_max: datetime | None = None,
        page_token: str | None = None,
        sync_token: str | None = None,
        max_results: int = PAGE,
    ) -> Json:
        """A page of single instances, deletions included. With `sync_token`, only what changed since.

        A token remembers its window, which may not be sent along; all else stays the same (S3).
        Raises SyncTokenExpired.
        """
        self._admit(calendar_id)
        window = {} if sync_token else {"timeMin": _text(time_min), "timeMax": _text(time_max)}
        request = self._resources["events"].list(
            calendarId=calendar_id,
            fields=fields,
            singleEvents=True,
            showDeleted=True,
            maxResults=max_results,
            pageToken=page_token,
            syncToken=sync_token,
            **window,
        )
        return self._listed(request)

    def get_event(self, calendar_id: str, event_id: str, *, fields: str) -> Json:
        self._admit(calendar_id)
        return self._execute(self._resources["events"].get(calendarId=calendar_id, eventId=event_id, fields=fields))

    def insert_event(self, calendar_id: str, body: Json, *, fields: str, send_updates: SendUpdates) -> Json:
        """`body` carries a client-chosen id, so that a repeated insert raises Duplicate (W1)."""
        self._admit(calendar_id)
        request = self._resources["events"].insert(
            calendarId=calendar_id, body=body, fields=fields, sendUpdates=send_updates
        )
        return self._execute(request)

    def patch_event(
        self, calendar_id: str, event_id: str, body: Json, *, etag: str, fields: str, send_updates: SendUpdates
    ) -> Json:
        """Only the changed fields, and only if the event is still at `etag`. Raises EventChanged otherwise (W2)."""
        self._admit(calendar_id)
        request = self._resources["events"].patch(
            calendarId=calendar_id, eventId=event_id, body=body, fields=fields, sendUpdates=send_updates
        )
        return self._execute(request, etag=etag)

    def delete_event(self, calendar_id: str, event_id: str, *, etag: str, send_updates: SendUpdates) -> None:
        """Raises EventChanged, and Gone or NotFound if it was deleted before."""
        self._admit(calendar_id)
        request = self._resources["events"].delete(calendarId=calendar_id, eventId=event_id, sendUpdates=send_updates)
        self._execute(request, etag=etag)

    def watch_events(self, calendar_id: str, *, channel: Json) -> Json:
        """Have Google tell of changes. `channel`: `id`, `token`, `address` and `params`; the answer: `resourceId`
        and `expiration` (text, milliseconds since 1970). Raises NotPermitted or BadRequest where it won't."""
        self._admit(calendar_id)
        body = {"type": "web_hook", **channel}
        return self._execute(self._resources["events"].watch(calendarId=calendar_id, body=body, fields=CHANNEL))

    def watch_calendar_list(self, *, channel: Json) -> Json:
        """As `watch_events`, for the list of calendars."""
        body = {"type": "web_hook", **channel}
        return self._execute(self._resources["calendarList"].watch(body=body, fields=CHANNEL))

    def stop_channel(self, channel_id: str, resource_id: str) -> None:
        """Raises NotFound if there is no such channel (any more)."""
        self._execute(self._resources["channels"].stop(body={"id": channel_id, "resourceId": resource_id}))

    def freebusy(self, calendar_ids: Iterable[str], *, start: datetime, end: datetime) -> Json:
        """`calendars`: by id its `busy` ranges, or its `errors`. At most 50 calendars (SYNC 1.5)."""
        items = [{"id": calendar_id} for calendar_id in calendar_ids]
        for item in items:
            self._admit(item["id"])
        body = {"timeMin": _text(start), "timeMax": _text(end), "items": items}
        return self._execute(self._resources["freebusy"].query(body=body))

    def _listed(self, request: Any) -> Json:
        try:
            return self._execute(request)
        except Gone as error:
            failure = SyncTokenExpired(error.reason)
        raise failure

    def _execute(self, request: Any, *, etag: str = "") -> Json:
        if etag:
            request.headers["If-Match"] = etag
        answer = request.execute(http=self._http) or {}
        if not isinstance(answer, dict):
            raise GoogleUnavailable("unreadable_answer")  # a page of a proxy in between
        return answer


@cache
def _resources(api_root: str) -> dict[str, Any]:
    """Google's shipped discovery document with `rootUrl` replaced, which moves the batch address along."""
    document = json.loads(get_static_doc("calendar", "v3"))  # type: ignore[no-untyped-call]
    document["rootUrl"] = api_root
    service: Any = build_from_document(document, http=_Unused())
    return {name: getattr(service, name)() for name in RESOURCES}


class _Unused:
    """Stands where the library wants a default transport; each call brings its own."""

    def request(self, *_: object, **__: object) -> None:
        raise AssertionError("A call to Google without a connection's transport.")


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
