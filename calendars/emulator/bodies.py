"""What may stand in an event's body: checks before a write, and how a patch is merged into what was there."""

from datetime import timedelta
from typing import Any

from calendars.emulator.errors import ApiError, invalid
from calendars.emulator.recurrence import check, instant, normal
from calendars.emulator.state import Calendar, Person

Json = dict[str, Any]
READ_ONLY = frozenset(
    (
        "kind", "etag", "id", "htmlLink", "created", "updated", "creator", "organizer", "recurringEventId", "sequence",
        "originalStartTime", "hangoutLink", "locked", "privateCopy", "attendeesOmitted", "endTimeUnspecified",
    )
)  # fmt: skip
# What every calendar has for itself, and what a guest may choose for the own copy.
ALWAYS_OWN = frozenset(("reminders", "colorId", "eventLabelId"))
GUESTS_OWN = ALWAYS_OWN | {"transparency", "visibility"}
ORGANIZERS_ONLY = frozenset(("guestsCanModify", "guestsCanInviteOthers", "guestsCanSeeOtherGuests"))
INSERTABLE_TYPES = ("default", "focusTime", "outOfOffice", "workingLocation")
LONGEST = timedelta(days=366)


def split(body: Json, *, as_guest: bool) -> tuple[Json, Json]:
    """The shared part, and the part for one calendar's own copy (its private properties under `private`)."""
    names = GUESTS_OWN if as_guest else ALWAYS_OWN
    shared = {key: value for key, value in body.items() if key not in READ_ONLY and key not in names}
    own = {key: value for key, value in body.items() if key in names}
    if "extendedProperties" in body:
        extended = shared.pop("extendedProperties") or {}
        own["private"] = extended.get("private", {} if extended else None)
        if "shared" in extended:
            shared["extendedProperties"] = {"shared": extended["shared"]}
    return shared, own


def merged(old: Json, changes: Json, *, replace: bool = False) -> Json:
    """PATCH: objects are merged, arrays replaced, null removes. With `replace` only what is sent stays."""
    result = {} if replace else dict(old)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        elif isinstance(value, dict):
            result[key] = {name: inner for name, inner in value.items() if inner is not None}
        else:
            result[key] = value
    return result


def checked(fields: Json, zone: str) -> Json:
    """With its times in the form that is kept. Raises 400."""
    for key in ("start", "end"):
        _check_time(fields.get(key), key, needs_zone=bool(fields.get("recurrence")))
    start, end = fields["start"], fields["end"]
    if ("date" in start) is not ("date" in end):
        raise invalid("Start and end times must either both be date or both be dateTime.")
    try:
        start, end = normal(start, zone), normal(end, zone)
        length = instant(end, zone) - instant(start, zone)
    except (KeyError, ValueError, TypeError, OSError):
        raise invalid("Invalid start or end time.") from None
    if length < timedelta() or (not length and "date" in start):
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    if length > LONGEST:
        raise invalid("The event is too long.")
    fields = {**fields, "start": start, "end": end}
    try:
        if fields.get("recurrence"):
            check(fields, zone)
    except (KeyError, ValueError, TypeError, OSError):
        raise invalid("Invalid recurrence rule.") from None
    if "attendees" in fields:
        fields["attendees"] = [_guest(guest) for guest in fields["attendees"]]
    return fields


def _guest(guest: Json) -> Json:
    """Without what depends on who looks."""
    if "@" not in guest.get("email", ""):
        raise invalid("Invalid attendee email.")
    return {key: value for key, value in guest.items() if key not in ("self", "organizer") and value is not None}


def _check_time(when: Json | None, key: str, *, needs_zone: bool) -> None:
    if not when:
        raise ApiError(400, "required", f"Missing {key} time.")
    if bool(when.get("date")) is bool(when.get("dateTime")):
        raise invalid(f"Invalid {key} time.")
    text = when.get("dateTime", "")
    has_offset = text[-1:] in ("Z", "z") or "+" in text or "-" in text[19:]
    if text and not when.get("timeZone") and (needs_zone or not has_offset):
        raise ApiError(400, "required", f"Missing time zone definition for {key} time.")


def check_type(fields: Json, calendar: Calendar, person: Person | None) -> None:
    """Status events live on the primary calendars of Workspace users alone (guide "Status events")."""
    kind = fields.get("eventType", "default")
    if kind not in INSERTABLE_TYPES:
        raise ApiError(400, "eventTypeRestriction", "This event type cannot be created.", domain="calendar")
    if kind == "default":
        return
    if person is None or person.domain is None or person.email != calendar.id:
        message = "This event type is only available on primary calendars of Workspace users."
        raise ApiError(400, "eventTypeRestriction", message, domain="calendar")
    if fields.get("attendees"):
        message = "Attendees cannot be invited to this event type."
        raise ApiError(400, "eventTypeRestriction", message, domain="calendar")
    if kind == "focusTime" and "date" in fields["start"]:
        raise ApiError(400, "malformedFocusTimeEvent", "A focus time event must be timed.", domain="calendar")


def may_change(old: Json, new: Json, guest: str) -> bool:
    """Whether a guest's write is allowed: all but the guests' rights with guestsCanModify, else the own answer."""
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    if changed & ORGANIZERS_ONLY:
        return False
    if old.get("guestsCanModify"):
        return True
    if changed - {"attendees"}:
        return False
    before = {entry["email"].lower(): entry for entry in old.get("attendees", ())}
    after = {entry["email"].lower(): entry for entry in new.get("attendees", ())}
    added = set(after) - set(before)
    if added and not old.get("guestsCanInviteOthers", True):
        return False
    if set(before) - set(after):
        return False
    return all(_same_but_answer(before[email], after[email], email == guest) for email in before)


def _same_but_answer(before: Json, after: Json, is_own: bool) -> bool:
    skipped = {"displayName", "self", "organizer", "resource", "id"} | (
        {"responseStatus", "comment", "additionalGuests"} if is_own else set()
    )
    defaults = {"responseStatus": "needsAction"}
    return {k: v for k, v in {**defaults, **before}.items() if k not in skipped} == {
        k: v for k, v in {**defaults, **after}.items() if k not in skipped
    }
