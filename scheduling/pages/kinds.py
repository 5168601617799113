"""How an event is shown: its kind, its title for the viewer, its place in local time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from calendars.models import Event
from clockwise.organizations.titles import Reader
from scheduling.models import Hold
from scheduling.recognition import is_away
from scheduling.week import Kind

HOLD_KINDS: dict[str, Kind] = {Hold.Kind.FOCUS: "focus", Hold.Kind.LUNCH: "lunch"}


def kind_of(event: Event, *, hold: Hold | None, is_flexible: bool, domains: frozenset[str], words: Reader) -> Kind:
    """The first that fits, as PRODUCT's categories rank them; a flexible meeting shows that it may move."""
    if hold is not None:
        return HOLD_KINDS[hold.kind]
    if is_away(event, words):
        return "ooo"
    people = [attendee for attendee in event.details.attendees if not attendee.is_room]
    if any(attendee.address.rpartition("@")[2].lower() not in domains for attendee in people):
        return "external"
    if is_flexible:
        return "flex"
    if len(people) == 2:
        return "oneone"
    return "meeting" if len(people) > 2 else "other"


def title_of(event: Event) -> str:
    """The viewer's own event, so nothing is masked."""
    return event.details.title or "(no title)"


def local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone)


def day_and_time(at: datetime, zone: ZoneInfo) -> str:
    """ "Tue 11:00" """
    there = at.astimezone(zone)
    return f"{there:%a} {there.hour}:{there.minute:02d}"


def day_and_span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """ "Tue 11:00-12:00", with a dash."""
    until = end.astimezone(zone)
    return f"{day_and_time(start, zone)}\N{EN DASH}{until.hour}:{until.minute:02d}"
