"""Calendar v3's events: one meeting on the calendars of all whom it concerns.

Documented at developers.google.com/workspace/calendar/api/v3/reference/events.
"""

import copy
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from calendars.emulator.errors import ApiError
from calendars.emulator.recurrence import instance_suffix, instant, starts
from calendars.emulator.state import Calendar, Event, Override, State

Json = dict[str, Any]
CLIENT_ID = re.compile(r"[0-9a-v]{5,1024}")
INSTANCE = re.compile(r"(?P<series>.+)_(?P<suffix>\d{8}(T\d{6}Z)?)")
# Parts that each calendar keeps for itself.
PRIVATE = ("reminders", "colorId")
FAR = datetime(2100, 1, 1, tzinfo=UTC)


class Calendars:
    """Reads and changes the state. `on_change(calendar_id)` is called once for each calendar that a change touched."""

    def __init__(self, state: State, on_change: Callable[[str], None] | None = None) -> None:
        self.state = state
        self.on_change = on_change or (lambda calendar_id: None)

    def calendar(self, calendar_id: str, caller: str) -> Calendar:
        """`primary` is the caller's own. Raises 404 for one that the caller may not see."""
        wanted = caller if calendar_id == "primary" else calendar_id.lower()
        found = self.state.calendars.get(wanted)
        if found is None or (wanted != caller and not found.is_room):
            raise ApiError(404, "notFound", "Not Found")
        return found

    # Writing

    def insert(self, owner: str, body: Json) -> Json:
        calendar = self.state.calendars[owner.lower()]
        event_id = body.get("id") or secrets.token_hex(13)
        if not CLIENT_ID.fullmatch(event_id):
            raise ApiError(400, "invalid", "Invalid resource id value.")
        if event_id in calendar.events:
            raise ApiError(409, "duplicate", "The requested identifier already exists.")
        _check_times(body, calendar.time_zone)
        fields = {"iCalUID": f"{event_id}@google.com", "sequence": 0, "status": "confirmed", "eventType": "default"}
        fields |= {key: copy.deepcopy(value) for key, value in body.items() if key not in ("id", "extendedProperties")}
        fields |= {"id": event_id, "created": _text(self.state.now())}
        event = Event(fields, organizer=calendar.id, changed=0)
        self._keep_private(event, calendar.id, body)
        self._answer_for_rooms(fields)
        for holder in self._holders(event):
            holder.events[event_id] = event
        self._touch(event)
        return self.view(event, calendar)

    def patch(self, calendar: Calendar, event_id: str, body: Json, etag: str | None) -> Json:
        """Only the fields that are sent; null removes one. Raises 404, 410, 412, 403."""
        event, suffix = self._locate(calendar, event_id)
        before = self.instance_view(event, calendar, suffix) if suffix else self.view(event, calendar)
        if before["status"] == "cancelled":
            raise ApiError(410 if suffix is None else 404, "deleted" if suffix is None else "notFound", "Gone")
        if etag and etag != "*" and etag != before["etag"]:
            raise ApiError(412, "conditionNotMet", "Precondition Failed", locationType="header", location="If-Match")
        shared = {k: v for k, v in body.items() if k not in ("extendedProperties", *PRIVATE)}
        if shared and not self._may_modify(event, calendar, shared):
            raise ApiError(403, "forbiddenForNonOrganizer", "Shared properties can only be changed by the organizer.")
        _check_times({**before, **shared}, calendar.time_zone)
        self._keep_private(event, calendar.id, body)
        if suffix is None:
            _merge(event.fields, shared)
            event.fields["sequence"] = event.fields.get("sequence", 0) + 1
            self._answer_for_rooms(event.fields)
            for holder in self._holders(event):
                holder.events.setdefault(event.fields["id"], event)
            self._touch(event)
            return self.view(event, calendar)
        override = event.overrides.setdefault(suffix, Override({}, 0))
        _merge(override.fields, shared)
        self._touch(event, override)
        return self.instance_view(event, calendar, suffix)

    def replace(self, calendar: Calendar, event_id: str, body: Json, etag: str | None) -> Json:
        """PUT: what isn't sent is removed."""
        event, suffix = self._locate(calendar, event_id)
        keep = {"id", "iCalUID", "created", "sequence", "status", "eventType", "organizer", "recurringEventId"}
        known = self.instance_view(event, calendar, suffix) if suffix else self.view(event, calendar)
        removed = {key: None for key in known if key not in keep and key not in body and key != "originalStartTime"}
        derived = {"etag", "updated", "creator", "kind", "htmlLink"}
        return self.patch(calendar, event_id, {k: v for k, v in {**removed, **body}.items() if k not in derived}, etag)

    def delete(self, calendar: Calendar, event_id: str, etag: str | None) -> None:
        """The organizer's deletion cancels the event for everybody; a guest's declines it."""
        event, suffix = self._locate(calendar, event_id)
        before = self.instance_view(event, calendar, suffix) if suffix else self.view(event, calendar)
        if before["status"] == "cancelled":
            raise ApiError(410, "deleted", "Resource has been deleted")
        if etag and etag != "*" and etag != before["etag"]:
            raise ApiError(412, "conditionNotMet", "Precondition Failed", locationType="header", location="If-Match")
        if event.organizer != calendar.id:
            self._decline(event, calendar.id)
            self._touch(event)
        elif suffix is None:
            event.fields["status"] = "cancelled"
            self._touch(event)
        else:
            override = event.overrides.setdefault(suffix, Override({}, 0))
            override.fields["status"] = "cancelled"
            self._touch(event, override)

    def move(self, calendar: Calendar, event_id: str, destination: Calendar) -> Json:
        """To another organizer's calendar."""
        event, suffix = self._locate(calendar, event_id)
        if suffix or event.organizer != calendar.id:
            raise ApiError(400, "cannotChangeOrganizerOfInstance", "Cannot change the organizer of an instance.")
        event.organizer = destination.id
        destination.events[event_id] = event
        self._touch(event)
        return self.view(event, destination)

    # Reading

    def get(self, calendar: Calendar, event_id: str) -> Json:
        event, suffix = self._locate(calendar, event_id)
        return self.instance_view(event, calendar, suffix) if suffix else self.view(event, calendar)

    def listed(
        self, calendar: Calendar, *, start: datetime | None, end: datetime | None, single: bool, since: int | None
    ) -> Iterator[Json]:
        """What lies in the window; with `since`, only what changed after that count, cancelled events included."""
        for event in list(calendar.events.values()):
            if single and event.fields.get("recurrence"):
                yield from self._instances_listed(event, calendar, start, end, since)
                continue
            if since is not None and event.changed <= since:
                continue
            found = self.view(event, calendar)
            if since is not None or found["status"] == "cancelled" or _within(found, calendar, start, end):
                yield found

    def instances(
        self, calendar: Calendar, event_id: str, start: datetime | None, end: datetime | None
    ) -> Iterator[Json]:
        event, _ = self._locate(calendar, event_id)
        yield from self._instances_listed(event, calendar, start, end, None)

    def _instances_listed(
        self, event: Event, calendar: Calendar, start: datetime | None, end: datetime | None, since: int | None
    ) -> Iterator[Json]:
        whole = since is None or event.changed > since
        if not whole and all(override.changed <= (since or 0) for override in event.overrides.values()):
            return
        for begins, _ in starts(event.fields, calendar.time_zone, end or FAR):
            suffix = instance_suffix(begins, calendar.time_zone)
            override = event.overrides.get(suffix)
            if not whole and (override is None or override.changed <= (since or 0)):
                continue
            found = self.instance_view(event, calendar, suffix)
            if _within(found, calendar, start, end) or (override is not None and since is not None):
                yield found

    def busy(self, calendar: Calendar, start: datetime, end: datetime) -> list[Json]:
        found = []
        for item in self.listed(calendar, start=start, end=end, single=True, since=None):
            response = next((a["responseStatus"] for a in item.get("attendees", ()) if a.get("self")), "accepted")
            if item["status"] != "cancelled" and item.get("transparency") != "transparent" and response != "declined":
                s, e = instant(item["start"], calendar.time_zone), instant(item["end"], calendar.time_zone)
                found.append({"start": _text(max(s, start)), "end": _text(min(e, end))})
        return sorted(found, key=lambda item: item["start"])

    # Views

    def view(self, event: Event, calendar: Calendar) -> Json:
        """The event as one calendar shows it."""
        found = {key: value for key, value in event.fields.items() if value is not None}
        found |= event.private.get(calendar.id, {})
        found |= {
            "kind": "calendar#event",
            "etag": f'"{event.changed * 2}"',
            "updated": _text(self.state.now()),
            "organizer": self._person(event.organizer, calendar.id),
            "creator": self._person(event.organizer, calendar.id),
        }
        if event.fields.get("attendees"):
            found["attendees"] = [self._attendee(a, event, calendar) for a in event.fields["attendees"]]
        return found

    def instance_view(self, event: Event, calendar: Calendar, suffix: str) -> Json:
        found = self.view(event, calendar)
        begins, ends = self._times_of(event, calendar, suffix)
        found.pop("recurrence", None)
        found |= {
            "id": f"{event.fields['id']}_{suffix}",
            "recurringEventId": event.fields["id"],
            "originalStartTime": begins,
            "start": begins,
            "end": ends,
        }
        override = event.overrides.get(suffix)
        if override:
            found |= copy.deepcopy(override.fields)
            found["etag"] = f'"{max(event.changed, override.changed) * 2}"'
        return found

    def _times_of(self, event: Event, calendar: Calendar, suffix: str) -> tuple[Json, Json]:
        for begins, ends in starts(event.fields, calendar.time_zone, FAR):
            if instance_suffix(begins, calendar.time_zone) == suffix:
                return begins, ends
        raise ApiError(404, "notFound", "Not Found")

    def _person(self, email: str, viewer: str) -> Json:
        person = self.state.people.get(email)
        found: Json = {"email": email}
        if person:
            found["displayName"] = person.name
        if email == viewer:
            found["self"] = True
        return found

    def _attendee(self, attendee: Json, event: Event, calendar: Calendar) -> Json:
        found = {"responseStatus": "needsAction", **attendee}
        email = found["email"].lower()
        if email == event.organizer:
            found["organizer"] = True
        if email == calendar.id:
            found["self"] = True
        if person := self.state.people.get(email):
            found.setdefault("displayName", person.name)
        return found

    # Helpers

    def _locate(self, calendar: Calendar, event_id: str) -> tuple[Event, str | None]:
        """The event, and for an instance its suffix."""
        if event_id in calendar.events:
            return calendar.events[event_id], None
        match = INSTANCE.fullmatch(event_id)
        event = calendar.events.get(match["series"]) if match else None
        if match is None or event is None or not event.fields.get("recurrence"):
            raise ApiError(404, "notFound", "Not Found")
        return event, match["suffix"]

    def _holders(self, event: Event) -> list[Calendar]:
        """The organizer's calendar, and those of all attendees whom this Google knows."""
        emails = [event.organizer, *(a["email"].lower() for a in event.fields.get("attendees") or ())]
        return [self.state.calendars[email] for email in dict.fromkeys(emails) if email in self.state.calendars]

    def _touch(self, event: Event, override: Override | None = None) -> None:
        changed = self.state.next_change()
        if override is None:
            event.changed = changed
        else:
            override.changed = changed
        for holder in self._holders(event):
            self.on_change(holder.id)

    def _may_modify(self, event: Event, calendar: Calendar, body: Json) -> bool:
        if event.organizer == calendar.id or event.fields.get("guestsCanModify"):
            return True
        return set(body) <= {"attendees"}  # a guest's own answer

    def _keep_private(self, event: Event, calendar_id: str, body: Json) -> None:
        kept = event.private.setdefault(calendar_id, {})
        kept |= {key: body[key] for key in PRIVATE if key in body}
        if "extendedProperties" in body:
            kept["extendedProperties"] = copy.deepcopy(body["extendedProperties"])

    def _answer_for_rooms(self, fields: Json) -> None:
        """A room accepts by itself, as Workspace's resources do."""
        for attendee in fields.get("attendees") or ():
            room = self.state.calendars.get(attendee["email"].lower())
            if room is not None and room.is_room:
                attendee |= {"resource": True, "responseStatus": "accepted"}

    def _decline(self, event: Event, email: str) -> None:
        for attendee in event.fields.get("attendees") or ():
            if attendee["email"].lower() == email:
                attendee["responseStatus"] = "declined"


def _within(item: Json, calendar: Calendar, start: datetime | None, end: datetime | None) -> bool:
    """`timeMin` is exclusive of events that end by then, `timeMax` of those that start by then."""
    begins, ends = instant(item["start"], calendar.time_zone), instant(item["end"], calendar.time_zone)
    return (start is None or ends > start) and (end is None or begins < end)


def _check_times(body: Json, zone: str) -> None:
    if not body.get("start") or not body.get("end"):
        raise ApiError(400, "required", "Missing end time.")
    try:
        begins, ends = instant(body["start"], zone), instant(body["end"], zone)
    except (KeyError, ValueError, TypeError):
        raise ApiError(400, "invalid", "Invalid Value") from None
    if ends < begins or (ends == begins and "date" in body["start"]):
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.")
    if ends - begins > timedelta(days=366):
        raise ApiError(400, "invalid", "Invalid Value")


def _merge(fields: Json, body: Json) -> None:
    for key, value in body.items():
        if value is None:
            fields.pop(key, None)
        elif key not in ("id", "etag", "iCalUID"):
            fields[key] = copy.deepcopy(value)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
