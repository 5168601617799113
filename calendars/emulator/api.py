"""Calendar v3's resources and methods, from a parsed request to a JSON answer."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calendars.emulator import masks, oauth
from calendars.emulator.errors import ApiError
from calendars.emulator.events import Calendars
from calendars.emulator.push import Push
from calendars.emulator.state import Calendar, State, Token

Json = dict[str, Any]
WITHOUT_TOKEN = ("iCalUID", "orderBy", "q", "timeMin", "timeMax", "updatedMin", "privateExtendedProperty")
READ = ("calendar.events", "calendar", "calendar.readonly", "calendar.events.readonly", "calendar.events.owned")
WRITE = ("calendar.events", "calendar", "calendar.events.owned")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: Json
    etag: str | None
    token: Token


class CalendarApi:
    def __init__(self, state: State, push: Push) -> None:
        self.state = state
        self.push = push
        self.calendars = Calendars(state, on_change=push.changed)

    def answer(self, request: Request) -> tuple[int, Json | None]:
        """Raises ApiError."""
        for method, pattern, handler in ROUTES:
            found = re.fullmatch(pattern, request.path)
            if method == request.method and found:
                answer = handler(self, request, **found.groupdict())
                if answer is None:
                    return 204, None
                fields = request.query.get("fields")
                return 200, masks.apply(masks.parse(fields), answer) if fields else answer
        raise ApiError(404, "notFound", "Not Found")

    # calendarList, calendars, settings

    def calendar_list(self, request: Request) -> Json:
        oauth.require(request.token, "calendar.calendarlist.readonly", "calendar", "calendar.readonly")
        return {"kind": "calendar#calendarList", "items": [self._entry(request)], "nextSyncToken": "list-1"}

    def calendar_list_entry(self, request: Request, calendar: str) -> Json:
        oauth.require(request.token, "calendar.calendarlist.readonly", "calendar", "calendar.readonly")
        self._calendar(request, calendar)
        return self._entry(request)

    def _entry(self, request: Request) -> Json:
        person = self.state.people[request.token.email]
        entry = {"kind": "calendar#calendarListEntry", "id": person.email, "summary": person.email, "primary": True}
        return entry | {"timeZone": person.time_zone, "accessRole": "owner", "selected": True}

    def calendar(self, request: Request, calendar: str) -> Json:
        oauth.require(
            request.token, "calendar.calendars.readonly", "calendar.calendars", "calendar", "calendar.readonly"
        )
        found = self._calendar(request, calendar)
        answer: Json = {"kind": "calendar#calendar", "id": found.id, "summary": found.id, "timeZone": found.time_zone}
        person = self.state.people.get(found.id)
        return answer | ({"workingHours": person.working_hours} if person and person.working_hours else {})

    def settings(self, request: Request) -> Json:
        oauth.require(request.token, "calendar.settings.readonly", "calendar", "calendar.readonly")
        person = self.state.people[request.token.email]
        values = {"timezone": person.time_zone, "locale": "en", "weekStart": "1", "format24HourTime": "true"}
        return {"kind": "calendar#settings", "items": [{"id": key, "value": value} for key, value in values.items()]}

    # events

    def events(self, request: Request, calendar: str) -> Json:
        oauth.require(request.token, *READ)
        found = self._calendar(request, calendar)
        listing = self._listing(request)
        if listing.get("since") is not None and listing["since"] < self.state.oldest_token:
            extra = {"locationType": "parameter", "location": "syncToken"}
            raise ApiError(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.", **extra)
        items = self._items(found, listing)
        if not listing["deleted"] and listing["since"] is None:
            items = [item for item in items if item["status"] != "cancelled"]
        if request.query.get("orderBy") == "startTime":
            items.sort(key=lambda item: str(item["start"]))
        return self._page(request, found, listing, items)

    def _listing(self, request: Request) -> Json:
        """The parameters of this listing: from a page's token, a sync token, or the query."""
        query = request.query
        if query.get("pageToken"):
            return _decoded(query["pageToken"])
        single = query.get("singleEvents") == "true"
        listing: Json = {"start": query.get("timeMin"), "end": query.get("timeMax"), "single": single, "since": None}
        listing |= {"deleted": query.get("showDeleted") == "true", "offset": 0, "until": self.state.counter}
        if query.get("syncToken"):
            if any(query.get(name) for name in WITHOUT_TOKEN) or query.get("showDeleted") == "false":
                raise ApiError(400, "invalid", "Sync token cannot be used with these parameters.")
            kept = _decoded(query["syncToken"])
            listing |= {"start": kept["start"], "end": kept["end"], "single": kept["single"], "since": kept["until"]}
        return listing

    def _items(self, calendar: Calendar, listing: Json) -> list[Json]:
        start, end = _instant(listing["start"]), _instant(listing["end"])
        found = self.calendars.listed(calendar, start=start, end=end, single=listing["single"], since=listing["since"])
        return list(found)

    def _page(self, request: Request, calendar: Calendar, listing: Json, items: list[Json]) -> Json:
        size = min(int(request.query.get("maxResults", 250)), 2500)
        offset = listing["offset"]
        answer: Json = {
            "kind": "calendar#events",
            "summary": calendar.id,
            "timeZone": calendar.time_zone,
            "accessRole": "owner",
            "items": items[offset : offset + size],
        }
        if offset + size < len(items):
            answer["nextPageToken"] = _encoded({**listing, "offset": offset + size})
        else:
            kept = {key: listing[key] for key in ("start", "end", "single", "until")}
            answer["nextSyncToken"] = _encoded(kept)
        return answer

    def get_event(self, request: Request, calendar: str, event: str) -> Json:
        oauth.require(request.token, *READ)
        return self.calendars.get(self._calendar(request, calendar), event)

    def instances(self, request: Request, calendar: str, event: str) -> Json:
        oauth.require(request.token, *READ)
        start, end = _instant(request.query.get("timeMin")), _instant(request.query.get("timeMax"))
        found = self.calendars.instances(self._calendar(request, calendar), event, start, end)
        return {"kind": "calendar#events", "items": list(found)}

    def insert(self, request: Request, calendar: str) -> Json:
        oauth.require(request.token, *WRITE)
        return self.calendars.insert(self._calendar(request, calendar).id, request.body)

    def patch(self, request: Request, calendar: str, event: str) -> Json:
        oauth.require(request.token, *WRITE)
        return self.calendars.patch(self._calendar(request, calendar), event, request.body, request.etag)

    def update(self, request: Request, calendar: str, event: str) -> Json:
        oauth.require(request.token, *WRITE)
        return self.calendars.replace(self._calendar(request, calendar), event, request.body, request.etag)

    def delete(self, request: Request, calendar: str, event: str) -> None:
        oauth.require(request.token, *WRITE)
        self.calendars.delete(self._calendar(request, calendar), event, request.etag)

    def move(self, request: Request, calendar: str, event: str) -> Json:
        oauth.require(request.token, *WRITE)
        destination = self.state.calendars.get(request.query.get("destination", "").lower())
        if destination is None:
            raise ApiError(400, "required", "Required parameter: destination")
        return self.calendars.move(self._calendar(request, calendar), event, destination)

    # freeBusy, channels

    def freebusy(self, request: Request) -> Json:
        oauth.require(request.token, "calendar.freebusy", "calendar", "calendar.readonly")
        start, end = _instant(request.body.get("timeMin")), _instant(request.body.get("timeMax"))
        if start is None or end is None:
            raise ApiError(400, "required", "Required")
        items = request.body.get("items", [])
        if len(items) > 50:
            raise ApiError(400, "tooManyCalendarsRequested", "Too many calendars requested")
        answer: Json = {}
        for item in items:
            found = self.state.calendars.get(str(item["id"]).lower())
            if found is None:
                answer[item["id"]] = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
            else:
                answer[item["id"]] = {"busy": self.calendars.busy(found, start, end)}
        return {"kind": "calendar#freeBusy", "timeMin": request.body["timeMin"], "calendars": answer}

    def watch(self, request: Request, calendar: str) -> Json:
        oauth.require(request.token, *READ)
        return self.push.watch(self._calendar(request, calendar).id, request.body)

    def stop(self, request: Request) -> None:
        self.push.stop(request.body)

    def _calendar(self, request: Request, calendar_id: str) -> Calendar:
        return self.calendars.calendar(calendar_id, request.token.email)


EVENTS = r"/calendar/v3/calendars/(?P<calendar>[^/]+)/events"
EVENT = EVENTS + r"/(?P<event>[^/]+)"
LIST = r"/calendar/v3/users/me/calendarList"
Handler = Callable[..., Json | None]
ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", LIST, CalendarApi.calendar_list),
    ("GET", LIST + r"/(?P<calendar>[^/]+)", CalendarApi.calendar_list_entry),
    ("GET", r"/calendar/v3/calendars/(?P<calendar>[^/]+)", CalendarApi.calendar),
    ("GET", r"/calendar/v3/users/me/settings", CalendarApi.settings),
    ("GET", EVENTS, CalendarApi.events),
    ("POST", EVENTS, CalendarApi.insert),
    ("POST", EVENTS + "/watch", CalendarApi.watch),
    ("GET", EVENT + "/instances", CalendarApi.instances),
    ("POST", EVENT + "/move", CalendarApi.move),
    ("GET", EVENT, CalendarApi.get_event),
    ("PATCH", EVENT, CalendarApi.patch),
    ("PUT", EVENT, CalendarApi.update),
    ("DELETE", EVENT, CalendarApi.delete),
    ("POST", r"/calendar/v3/freeBusy", CalendarApi.freebusy),
    ("POST", r"/calendar/v3/channels/stop", CalendarApi.stop),
]


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(400, "badRequest", "Bad Request") from None
    if found.tzinfo is None:
        raise ApiError(400, "badRequest", "Bad Request")
    return found


def _encoded(content: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def _decoded(text: str) -> Json:
    try:
        found: Json = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        raise ApiError(400, "invalid", "Invalid sync token value.") from None
    return found
