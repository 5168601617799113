"""Writing events: one meeting stands on the calendars of its organizer and of all guests whom this Google knows.

Documented at developers.google.com/workspace/calendar/api/v3/reference/events; rules W1 to W5 of the sync design.
"""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from calendars.emulator import bodies, rooms, views
from calendars.emulator.errors import ApiError, condition_not_met, deleted, invalid, not_found
from calendars.emulator.recurrence import cut, instant, moved, occurrence, occurrences
from calendars.emulator.state import CANCELLED, Calendar, Copy, Event, State, Version, text

Json = dict[str, Any]
CLIENT_ID = re.compile(r"[0-9a-v]{5,1024}")
INSTANCE = re.compile(r"(?P<series>.+)_(?P<suffix>\d{8}(T\d{6}Z)?)")
KEPT_BY_PUT = ("created", "sequence", "iCalUID", "status", "eventType", "originalStartTime")
# How far ahead the instances are known that a change of a series makes vanish.
FORGETTING = timedelta(days=730)


class Events:
    """`on_change(calendar_id)` is called once for each calendar that a write touched."""

    def __init__(self, state: State, on_change: Callable[[str], None] = lambda calendar_id: None) -> None:
        self.state, self.on_change = state, on_change

    def locate(self, calendar: Calendar, event_id: str) -> tuple[Event, str | None]:
        """The event and, for an instance, its suffix. Raises 404."""
        found = calendar.events.get(event_id)
        if found is not None:
            return found, None
        match = INSTANCE.fullmatch(event_id)
        series = calendar.events.get(match["series"]) if match else None
        if match is None or series is None or not series.is_series:
            raise not_found()
        if occurrence(series.fields, calendar.time_zone, match["suffix"]) is None:
            raise not_found()
        return series, match["suffix"]

    def plant(self, organizer: str, body: Json) -> None:
        """A seeded event: believed as it stands. Its organizer may be nobody whom this Google knows."""
        event_id = body.get("id") or secrets.token_hex(13)
        calendar = self.state.calendars.get(organizer) or Calendar(organizer, "UTC", organizer)
        shared, own = bodies.split({"eventType": "default", **body}, as_guest=False)
        links: Json = {key: body[key] for key in ("hangoutLink", "locked") if key in body}
        event = self._made(event_id, organizer, organizer, {**bodies.checked(shared, calendar.time_zone), **links})
        rooms.believe(self.state, event)
        self._place(event, None, self.state.next_change())
        if own and organizer in event.copies:
            event.copies[organizer].fields |= own

    def insert(self, calendar: Calendar, body: Json, *, by: str, conference: bool = False) -> Event:
        """Raises 400, and 409 for an id that is or ever was in use on this calendar (W1)."""
        event_id = body.get("id") or secrets.token_hex(13)
        if not CLIENT_ID.fullmatch(event_id):
            raise invalid("Invalid resource id value.")
        if event_id in calendar.events:
            raise ApiError(409, "duplicate", "The requested identifier already exists.")
        shared, own = bodies.split({"eventType": "default", **body}, as_guest=False)
        _settle_conference(shared, allowed=conference)
        shared = bodies.checked(bodies.merged({}, shared), calendar.time_zone)
        bodies.check_type(shared, calendar, self.state.people.get(by))
        event = self._made(event_id, calendar.id, by, shared)
        rooms.answer(self.state, event, None, None)
        self._touch(event, None)
        event.copies[calendar.id].fields |= bodies.merged({}, own)
        return event

    def write(
        self, calendar: Calendar, event_id: str, body: Json, *, etag: str = "", replace: bool = False,
        conference: bool = False,
    ) -> tuple[Event, str | None]:  # fmt: skip
        """PATCH, or PUT with `replace`. Raises 400, 403, 404, 410, 412 and changes nothing then."""
        event, suffix = self.locate(calendar, event_id)
        restored = body.get("status") not in (None, CANCELLED)
        if event.is_cancelled(calendar.id, suffix) and not (restored and event.is_on(calendar.id, suffix)):
            raise deleted()
        self._ensure_unchanged(event, suffix, calendar, etag)
        if body.get("status") == CANCELLED:
            self._remove(event, suffix, calendar)
            return event, suffix
        as_guest = event.organizer != calendar.id
        shared, own = bodies.split(body, as_guest=as_guest)
        _settle_conference(shared, allowed=conference)
        old = views.facts(event, suffix, calendar.time_zone)
        new = self._merged(old, shared, body, replace)
        if as_guest and not bodies.may_change(old, new, calendar.id):
            message = "Shared properties can only be changed by the organizer of the event."
            raise ApiError(403, "forbiddenForNonOrganizer", message, domain="calendar")
        if new.get("eventType") != old.get("eventType"):
            raise ApiError(400, "eventTypeRestriction", "The event type cannot be changed.", domain="calendar")
        new = bodies.checked(new, calendar.time_zone)
        self._store(event, suffix, calendar, old, new)
        self._store_own(event, suffix, calendar, own, replace)
        return event, suffix

    def delete(self, calendar: Calendar, event_id: str, *, etag: str = "") -> None:
        """The organizer's deletion cancels the event for everybody; a guest's declines it. Raises 410, 412."""
        event, suffix = self.locate(calendar, event_id)
        if event.is_cancelled(calendar.id, suffix):
            raise deleted()
        self._ensure_unchanged(event, suffix, calendar, etag)
        self._remove(event, suffix, calendar)

    def move(self, calendar: Calendar, event_id: str, destination: Calendar) -> Event:
        """To another calendar, which becomes the organizer."""
        event, suffix = self.locate(calendar, event_id)
        if suffix:
            raise ApiError(400, "cannotChangeOrganizerOfInstance", "Cannot change the organizer of an instance.")
        if event.is_cancelled(calendar.id, None):
            raise deleted()
        if event.organizer != calendar.id:
            raise ApiError(403, "forbiddenForNonOrganizer", "Only the organizer may move it.", domain="calendar")
        if event.fields["eventType"] != "default":
            raise ApiError(400, "eventTypeRestriction", "Only default events can be moved.", domain="calendar")
        if event.id in destination.events and destination.events[event.id] is not event:
            raise ApiError(409, "duplicate", "The requested identifier already exists.")
        event.organizer = destination.id
        self._touch(event, None)
        return event

    def split(self, calendar: Calendar, instance_id: str, changes: Json) -> Event:
        """ "This and following events": the series ends before the instance, another one goes on (SYNC S7).

        Its id and iCalUID are the first one's with the cut in them, as Google's own pages make it. Exceptions after
        the cut are lost, as there.
        """
        series, suffix = self.locate(calendar, instance_id)
        if suffix is None:
            raise ApiError(400, "invalid", "Not an instance.")
        before, rest = cut(series.fields, calendar.time_zone, suffix)
        times = views.facts(series, suffix, calendar.time_zone)
        kept = {key: value for key, value in series.fields.items() if key not in ("iCalUID", "created", "sequence")}
        fields = {**kept, "start": times["originalStartTime"], "recurrence": rest}
        length = instant(series.fields["end"], calendar.time_zone) - instant(series.fields["start"], calendar.time_zone)
        fields["end"] = moved(fields["start"], calendar.time_zone, length)
        shared, _ = bodies.split(changes, as_guest=False)
        fields = bodies.checked(bodies.merged(fields, shared), calendar.time_zone)
        self.write(calendar, series.id, {"recurrence": before})
        root = series.id.partition("_R")[0]
        follower = self._made(f"{root}_R{suffix.removesuffix('Z')}", series.organizer, series.creator, fields)
        self._touch(follower, None)
        return follower

    # Helpers

    def _made(self, event_id: str, organizer: str, creator: str, shared: Json) -> Event:
        now = text(self.state.now())
        fields = {"iCalUID": f"{event_id}@google.com", "status": "confirmed", "sequence": 0, "created": now, **shared}
        for guest in fields.get("attendees", ()):
            if guest["email"].lower() == organizer:
                guest.setdefault("responseStatus", "accepted")
        return Event(fields, updated=now, id=event_id, organizer=organizer, creator=creator)

    def _ensure_unchanged(self, event: Event, suffix: str | None, calendar: Calendar, etag: str) -> None:
        if etag not in ("", "*", views.etag(event, suffix, calendar)):
            raise condition_not_met()

    def _merged(self, old: Json, shared: Json, body: Json, replace: bool) -> Json:
        kept: Json = {key: old[key] for key in KEPT_BY_PUT if key in old}
        new: Json = {**kept, **bodies.merged(old, shared, replace=replace), "sequence": old["sequence"]}
        if body.get("attendeesOmitted") and "attendees" in shared:
            sent = {guest["email"].lower(): guest for guest in shared["attendees"]}
            new["attendees"] = [{**guest, **sent.get(guest["email"].lower(), {})} for guest in old.get("attendees", ())]
        return new

    def _store(self, event: Event, suffix: str | None, calendar: Calendar, old: Json, new: Json) -> None:
        changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        if not changed:
            return
        if changed & {"start", "end", "recurrence", "location"}:
            new["sequence"] = old["sequence"] + 1
            changed.add("sequence")
        if suffix is not None:
            changed |= {"start", "end"} if changed & {"start", "end"} else set()
            instance = event.instances.setdefault(suffix, Version({}))
            instance.fields |= {key: new.get(key) for key in changed}
        else:
            before = self._suffixes(event, calendar)
            event.fields = new
            if changed & {"start", "recurrence"}:
                self._forget(event, before, self._suffixes(event, calendar))
        rooms.answer(self.state, event, suffix, old)
        self._touch(event, suffix)

    def _store_own(self, event: Event, suffix: str | None, calendar: Calendar, own: Json, replace: bool) -> None:
        version = list(event.versions(suffix))[-1]
        if suffix and suffix not in event.instances:
            version = event.instances.setdefault(suffix, Version({}, updated=event.updated))
        known = version.copies.get(calendar.id) or Copy()
        fields = bodies.merged(known.fields, own, replace=replace)
        if fields == known.fields:
            return
        changed = self.state.next_change()
        version.copies[calendar.id] = Copy(fields, changed)
        version.updated = text(self.state.now())
        self.on_change(calendar.id)

    def _remove(self, event: Event, suffix: str | None, calendar: Calendar) -> None:
        version: Version = event if suffix is None else event.instances.setdefault(suffix, Version({}))
        if event.organizer == calendar.id:
            version.fields["status"] = CANCELLED
            self._touch(event, suffix)
            return
        guests = event.facts(suffix).get("attendees", ())
        version.fields["attendees"] = [
            {**guest, "responseStatus": "declined"} if guest["email"].lower() == calendar.id else guest
            for guest in guests
        ]
        self._touch(event, suffix)
        version.copies[calendar.id] = Copy(changed=version.changed, removed=True)

    def _suffixes(self, event: Event, calendar: Calendar) -> set[str]:
        """Ids under which clients that list single events know it; "" is its own."""
        if not event.is_series:
            return {""}
        until = max(self.state.now(), instant(event.fields["start"], calendar.time_zone)) + FORGETTING
        return {suffix for suffix, _, _ in occurrences(event.fields, calendar.time_zone, None, until)}

    def _forget(self, event: Event, before: set[str], after: set[str]) -> None:
        """Instances that a changed series no longer has come as cancelled once more, and lose their exceptions."""
        changed = self.state.next_change()
        for suffix in before - after:
            event.gone[suffix] = changed
        for suffix in after:
            event.gone.pop(suffix, None)
        if event.is_series:
            event.instances = {suffix: v for suffix, v in event.instances.items() if suffix in after}

    def _touch(self, event: Event, suffix: str | None) -> None:
        """A new change on all its calendars."""
        changed = self.state.next_change()
        for calendar_id in self._place(event, suffix, changed):
            self.on_change(calendar_id)

    def _place(self, event: Event, suffix: str | None, changed: int) -> list[str]:
        """Put it on the calendars of all whom it concerns, take it off the others'; the ids of both."""
        version: Version = event.instances[suffix] if suffix else event
        version.changed, version.updated = changed, text(self.state.now())
        known = {**event.copies, **version.copies}
        guests = event.facts(suffix).get("attendees", ())
        invited = dict.fromkeys([event.organizer, *(guest["email"].lower() for guest in guests)])
        refused = {guest["email"].lower() for guest in guests if guest.get("responseStatus") == "declined"}
        for calendar_id in invited:
            calendar = self.state.calendars.get(calendar_id)
            if calendar is None or calendar.events.setdefault(event.id, event) is not event:
                continue
            if not event.is_on(calendar_id, suffix) and not (calendar_id in known and calendar_id in refused):
                version.copies[calendar_id] = Copy(changed=changed)
        for calendar_id in known:
            if calendar_id not in invited and event.is_on(calendar_id, suffix):
                version.copies[calendar_id] = Copy(changed=changed, removed=True)
        return list({**event.copies, **version.copies})


def _settle_conference(shared: Json, *, allowed: bool) -> None:
    """Without conferenceDataVersion=1 the field is ignored; a requested conference is ready at once."""
    if "conferenceData" not in shared:
        return
    if not allowed:
        del shared["conferenceData"]
        return
    wanted = (shared["conferenceData"] or {}).get("createRequest")
    if wanted:
        link = f"https://meet.google.com/{secrets.token_hex(5)}"
        shared["conferenceData"] = {
            "createRequest": {**wanted, "status": {"statusCode": "success"}},
            "entryPoints": [{"entryPointType": "video", "uri": link}],
        }
        shared["hangoutLink"] = link
