"""What an event takes of its member's day: time, the day itself, or the lunch. By Google's own types first, else by the
organization's keyword lists (H14). Titles that the organization shuts out say nothing.
"""

from calendars.models import Event
from clockwise.organizations import rules
from clockwise.organizations.titles import AWAY, HOLIDAY, LUNCH, Reader

OUT_OF_OFFICE = "outOfOffice"
WORKING_LOCATION = "workingLocation"
ORDINARY = "default"


def reader() -> Reader:
    """By the current organization's lists as they are now."""
    return Reader(rules.current().keywords)


def takes_time(row: Event, words: Reader) -> bool:
    """PRODUCT's `B(u, d)`, absences left out: those take working hours away instead."""
    return (
        row.is_busy
        and not row.is_all_day
        and row.response != Event.Response.DECLINED
        and row.event_type not in (WORKING_LOCATION, OUT_OF_OFFICE)
        and not _is_away_by_words(row, words)
    )


def is_away(row: Event, words: Reader) -> bool:
    """The member is out of office, or has a holiday, for its whole time."""
    if row.response == Event.Response.DECLINED:
        return False
    if row.event_type == OUT_OF_OFFICE:
        return row.is_busy
    return _is_away_by_words(row, words)


def is_lunch(row: Event, words: Reader) -> bool:
    """It stands in for the lunch of its day (H10, "Team lunch")."""
    if row.event_type != ORDINARY or not takes_time(row, words):
        return False
    return words.read(row.details.title, all_day=False).kind == LUNCH


def _is_away_by_words(row: Event, words: Reader) -> bool:
    """A holiday is everybody's who hasn't declined it; an absence only of whom it is about.

    Google shows whole days as free unless told otherwise, so that there the words alone count. An absence with guests
    tells them of it: for them it is none, and a meeting about absences is a meeting.
    """
    if row.event_type != ORDINARY or not (row.is_all_day or _is_alone(row)):
        return False
    kind = words.read(row.details.title, all_day=row.is_all_day).kind
    if kind == HOLIDAY:
        return True
    is_own = _is_alone(row) or row.is_organizer
    return kind == AWAY and is_own and (row.is_busy or row.is_all_day)


def _is_alone(row: Event) -> bool:
    return row.attendee_count < 2
