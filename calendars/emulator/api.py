"""Calendar v3's methods, from a checked request to a JSON answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calendars.emulator import access, busy, calendar_list, contract, listing, masks, views
from calendars.emulator.access import Reader
from calendars.emulator.errors import ApiError, full_sync_required, insufficient_scopes, not_found
from calendars.emulator.events import Events
from calendars.emulator.push import CALENDAR_LIST, SETTINGS, Push, events_of
from calendars.emulator.state import Event, Person, State, Token, text

Json = dict[str, Any]
MOST_FREE_BUSY = 50


@dataclass(frozen=True)
class Request:
    """`path` still quoted; `fault`: what shall go wrong inside (`expire_sync_tokens`, `empty_page`)."""

    http: str
    path: str
    query: dict[str, list[str]]
    body: Json
    etag: str
    token: Token
    fault: str = ""


@dataclass(frozen=True)
class Call:
    """A request to a known method by a person who may make it. `scopes`: those of the token that allow it."""

    person: Person
    query: dict[str, list[str]]
    body: Json
    etag: str
    scopes: frozenset[str]
    path: dict[str, str]
    fault: str

    def one(self, name: str) -> str:
        return self.query.get(name, [""])[-1]


class CalendarApi:
    def __init__(self, state: State, push: Push) -> None:
        self.state, self.push = state, push
        self.events = Events(state, on_change=lambda calendar_id: push.changed(events_of(calendar_id)))

    def answer(self, request: Request) -> Json | None:
        """None for an empty answer. Raises ApiError."""
        method, path = contract.find(request.http, request.path)
        scopes = method.scopes & set(request.token.scopes)
        if not scopes:
            raise insufficient_scopes()
        contract.check_query(method, request.query)
        contract.check_body(method.body, request.body)
        if method.id not in METHODS:
            raise ApiError(501, "notImplemented", f"The emulator has no {method.id}.")
        person = self.state.people[request.token.email]
        call = Call(person, request.query, request.body, request.etag, scopes, path, request.fault)
        answer = METHODS[method.id](self, call)
        fields = call.one("fields")
        return masks.apply(masks.parse(fields), answer) if fields and answer is not None else answer

    # calendarList, calendars, settings

    def list_calendars(self, call: Call) -> Json:
        if call.fault == "expire_sync_tokens":
            raise full_sync_required()
        return calendar_list.page(self.state, call.person, call.query)

    def get_entry(self, call: Call) -> Json:
        return calendar_list.line(self.state, call.person, self._reader(call).calendar.id)

    def get_calendar(self, call: Call) -> Json:
        return calendar_list.calendar(self.state, self._reader(call))

    def list_settings(self, call: Call) -> Json:
        return calendar_list.settings(call.person)

    def get_setting(self, call: Call) -> Json:
        return calendar_list.setting(call.person, call.path["setting"])

    # events

    def list_events(self, call: Call) -> Json:
        if call.fault == "expire_sync_tokens":
            raise full_sync_required()
        reader = self._reader(call)
        found = listing.page(self.state, reader, call.query, empty=call.fault == "empty_page")
        return self._collection(reader) | found

    def list_instances(self, call: Call) -> Json:
        reader = self._reader(call)
        event, suffix = self.events.locate(reader.calendar, call.path["eventId"])
        if suffix or not event.is_series:
            raise ApiError(400, "invalid", "Not a recurring event.")
        return self._collection(reader) | listing.page(self.state, reader, call.query, series=event.id)

    def _collection(self, reader: Reader) -> Json:
        return {
            "kind": "calendar#events",
            "etag": f'"p{self.state.counter}"',
            "summary": reader.calendar.summary,
            "updated": text(self.state.now()),
            "timeZone": reader.zone.key,
            "accessRole": reader.role,
            "defaultReminders": [],
        }

    def get_event(self, call: Call) -> Json:
        reader = self._reader(call)
        return self._view(reader, *self.events.locate(reader.calendar, call.path["eventId"]))

    def insert(self, call: Call) -> Json:
        target = self._writable(call)
        event = self.events.insert(target.calendar, call.body, by=call.person.email, conference=_conference(call))
        return self._view(target, event, None)

    def patch(self, call: Call) -> Json:
        return self._write(call, replace=False)

    def update(self, call: Call) -> Json:
        return self._write(call, replace=True)

    def _write(self, call: Call, *, replace: bool) -> Json:
        target = self._writable(call)
        event_id = call.path["eventId"]
        found = self.events.write(
            target.calendar, event_id, call.body, etag=call.etag, replace=replace, conference=_conference(call)
        )
        return self._view(target, *found)

    def delete(self, call: Call) -> None:
        self.events.delete(self._writable(call).calendar, call.path["eventId"], etag=call.etag)

    def move(self, call: Call) -> Json:
        source = self._writable(call)
        target = access.writable(self.state, call.person.email, call.one("destination"), scopes=call.scopes)
        event = self.events.move(source.calendar, call.path["eventId"], target.calendar)
        return self._view(target, event, None)

    # freeBusy, channels

    def query_free_busy(self, call: Call) -> Json:
        start, end = listing.instant_of(call.body.get("timeMin")), listing.instant_of(call.body.get("timeMax"))
        if start is None or end is None:
            raise ApiError(400, "required", "Required")
        if start >= end:
            raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
        wanted = [str(item.get("id", "")) for item in call.body.get("items") or ()]
        answer: dict[str, Json] = {}
        for calendar_id in wanted:
            try:
                if len(wanted) > MOST_FREE_BUSY:
                    raise ApiError(400, "tooManyCalendarsRequested")
                found = access.reader(self.state, call.person.email, calendar_id).calendar
                ranges = busy.ranges(found, start, end)
                answer[calendar_id] = {"busy": [{"start": _short(s), "end": _short(e)} for s, e in ranges]}
            except ApiError as error:
                reason = error.body["error"]["errors"][0]["reason"]
                answer[calendar_id] = {"errors": [{"domain": "global", "reason": reason}], "busy": []}
        return {"kind": "calendar#freeBusy", "timeMin": text(start), "timeMax": text(end), "calendars": answer}

    def watch_events(self, call: Call) -> Json:
        calendar = self._reader(call).calendar
        if not calendar.pushes:
            message = "Push notifications are not supported by this resource."
            raise ApiError(400, "pushNotSupportedForRequestedResource", message)
        return self.push.watch(call.person.email, events_of(calendar.id), call.body)

    def watch_calendars(self, call: Call) -> Json:
        return self.push.watch(call.person.email, CALENDAR_LIST, call.body)

    def watch_settings(self, call: Call) -> Json:
        return self.push.watch(call.person.email, SETTINGS, call.body)

    def stop(self, call: Call) -> None:
        self.push.stop(call.person.email, call.body)

    # Helpers

    def _reader(self, call: Call) -> Reader:
        zone = call.one("timeZone")
        return access.reader(self.state, call.person.email, call.path["calendarId"], scopes=call.scopes, zone=zone)

    def _writable(self, call: Call) -> Reader:
        return access.writable(self.state, call.person.email, call.path["calendarId"], scopes=call.scopes)

    def _view(self, reader: Reader, event: Event, suffix: str | None) -> Json:
        """A guest who was taken off an event knows no more of it than that."""
        if not event.is_on(reader.calendar.id, suffix):
            if not event.is_on(reader.calendar.id, None):
                raise not_found()
            return views.tombstone(event, suffix, reader)
        return views.whole(self.state, event, suffix, reader)


METHODS: dict[str, Callable[[CalendarApi, Call], Json | None]] = {
    "calendarList.list": CalendarApi.list_calendars,
    "calendarList.get": CalendarApi.get_entry,
    "calendarList.watch": CalendarApi.watch_calendars,
    "calendars.get": CalendarApi.get_calendar,
    "settings.list": CalendarApi.list_settings,
    "settings.get": CalendarApi.get_setting,
    "settings.watch": CalendarApi.watch_settings,
    "events.list": CalendarApi.list_events,
    "events.get": CalendarApi.get_event,
    "events.instances": CalendarApi.list_instances,
    "events.insert": CalendarApi.insert,
    "events.patch": CalendarApi.patch,
    "events.update": CalendarApi.update,
    "events.delete": CalendarApi.delete,
    "events.move": CalendarApi.move,
    "events.watch": CalendarApi.watch_events,
    "freebusy.query": CalendarApi.query_free_busy,
    "channels.stop": CalendarApi.stop,
}


def _conference(call: Call) -> bool:
    return call.one("conferenceDataVersion") == "1"


def _short(at: Any) -> str:
    return text(at).replace(".000Z", "Z")
