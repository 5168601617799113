"""Who may see and change which calendar (developers.google.com/workspace/calendar/api/concepts/sharing)."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from calendars.emulator.errors import ApiError, invalid, not_found
from calendars.emulator.state import Calendar, State

SCOPE = "https://www.googleapis.com/auth/"
BLOCKS_ONLY = {SCOPE + "calendar.events.freebusy"}
WRITERS = ("owner", "writer", "writerWithoutPrivateAccess")


@dataclass(frozen=True)
class Reader:
    """How somebody sees a calendar: `details` is off where only times may be seen; `zone` is that of the answer."""

    calendar: Calendar
    role: str
    details: bool
    zone: ZoneInfo

    @property
    def sees_private(self) -> bool:
        return self.role in ("owner", "writer")


def reader(
    state: State, email: str, calendar_id: str, *, scopes: frozenset[str] = frozenset(), zone: str = ""
) -> Reader:
    """`primary` is the caller's own; `scopes`: those that let the method be called at all. Raises 404."""
    wanted = email if calendar_id == "primary" else calendar_id.lower()
    calendar = state.calendars.get(wanted)
    found = role(state, email, calendar) if calendar else None
    if calendar is None or found is None:
        raise not_found()
    try:
        shown_in = ZoneInfo(zone or calendar.time_zone)
    except (ValueError, KeyError, OSError):
        raise invalid("Invalid time zone", locationType="parameter", location="timeZone") from None
    details = found != "freeBusyReader" and not (scopes and scopes <= BLOCKS_ONLY)
    return Reader(calendar, found, details, shown_in)


def writable(state: State, email: str, calendar_id: str, *, scopes: frozenset[str] = frozenset()) -> Reader:
    """Raises 404, or 403 for one who may only read. `calendar.events.owned` reaches own calendars alone."""
    found = reader(state, email, calendar_id)
    is_own_only = bool(scopes) and scopes <= {SCOPE + "calendar.events.owned"}
    if found.role not in WRITERS or (is_own_only and found.role != "owner"):
        message = "You need to have writer access to this calendar."
        raise ApiError(403, "requiredAccessLevel", message, domain="calendar")
    return found


def role(state: State, email: str, calendar: Calendar) -> str | None:
    person = state.people[email]
    entry = person.entries.get(calendar.id)
    if entry is not None and not entry.fields.get("deleted"):
        return entry.role
    if person.domain is None or person.domain != calendar.domain:
        return None
    shared = state.sharing.get(person.domain, "reader")
    return None if shared == "none" else shared
