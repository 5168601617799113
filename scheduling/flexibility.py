"""Consent: a meeting moves only after its organizer, or a guest whom Google lets modify it, has said so (F1)."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from calendars.models import Event
from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member
from scheduling.models import Flexibility, Pin

Window = tuple[int, int]
TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


class NotPermittedToMove(Exception):
    """Neither the organizer nor a guest whom Google lets modify the meeting."""


class NotAMeeting(ValueError):
    """Nobody else attends it."""


def make_flexible(
    event: Event,
    *,
    by: Member,
    series: bool = False,
    range: str = Flexibility.Range.WEEK,  # noqa: A002 - the glossary's word
    window: Window | None = None,
) -> Flexibility:
    """Let a meeting, or each instance of its series, move within `range` and the local minutes of `window`.

    Asking anew replaces what was said before and lets a pinned instance go.
    Raises NotPermittedToMove, NotAMeeting, and ValueError for an unknown range or an empty window.
    """
    ensure_may_move(event, by=by)
    if event.attendee_count < 2:
        raise NotAMeeting("Only a meeting with somebody else can be made flexible.")
    if range not in Flexibility.Range.values:
        raise ValueError("The range is day or week.")
    flexible, _ = Flexibility.objects.update_or_create(
        meeting_index=event.series_index if series else event.meeting_index,
        is_series=series,
        defaults={"member": by, "range": range, **_window_fields(window), "created_at": clock.now()},
    )
    Pin.objects.filter(meeting_index=event.meeting_index).delete()
    record("meeting.made_flexible", by=by.pk, target=flexible, range=range, series=series)
    return flexible


def make_fixed(event: Event, *, by: Member) -> None:
    """Withdraw what covers the event: the instance's own flexibility, else its whole series'."""
    ensure_may_move(event, by=by)
    flexible = covering(event)
    if flexible is None:
        return
    record("meeting.made_fixed", by=by.pk, target=flexible, series=flexible.is_series)
    flexible.delete()


def covering(event: Event) -> Flexibility | None:
    """The flexibility that holds for an event: its own before its series'."""
    own = Flexibility.objects.filter(meeting_index=event.meeting_index, is_series=False).first()
    return own or Flexibility.objects.filter(meeting_index=event.series_index, is_series=True).first()


def covered(events: Collection[Event], *, until: datetime | None = None) -> set[UUID]:
    """Which of the events a flexibility covers, in one query. `until`: one that was given by then."""
    pairs = {event.pk: (bytes(event.meeting_index), bytes(event.series_index)) for event in events}
    covered_meetings = covering_any(pairs.values(), until=until)
    return {event_id for event_id, (meeting, _) in pairs.items() if meeting in covered_meetings}


def covering_any(pairs: Iterable[tuple[bytes, bytes]], *, until: datetime | None = None) -> set[bytes]:
    """The same for pairs of meeting and series index, answered as meeting indexes."""
    asked = set(pairs)
    rows = Flexibility.objects.filter(meeting_index__in={index for pair in asked for index in pair})
    if until is not None:
        rows = rows.filter(created_at__lte=until)
    found = {(bytes(index), is_series) for index, is_series in rows.values_list("meeting_index", "is_series")}
    return {meeting for meeting, series in asked if (meeting, False) in found or (series, True) in found}


def may_move(event: Event, *, by: Member) -> bool:
    """`event` is a copy on the member's own calendar."""
    return event.member_id == by.pk and (event.is_organizer or event.guests_can_modify)


def ensure_may_move(event: Event, *, by: Member) -> None:
    if not may_move(event, by=by):
        raise NotPermittedToMove("Only the organizer, or a guest who may modify the meeting, can decide that.")


def parse_window(start: str, end: str) -> Window | None:
    """Local minutes of the day from "13:00" and "16:00"; None where both are empty. Raises ValueError."""
    if not start and not end:
        return None
    return _minute(start), _minute(end)


def _minute(text: str) -> int:
    found = TIME.fullmatch(text.strip())
    minute = int(found[1]) * 60 + int(found[2]) if found else -1
    if not 0 <= minute <= 24 * 60:
        raise ValueError("A window has two times like 13:00 and 16:00.")
    return minute


def _window_fields(window: Window | None) -> dict[str, int | None]:
    if window is None:
        return {"window_from_minute": None, "window_to_minute": None}
    if not window[0] < window[1]:
        raise ValueError("The window must end after it begins.")
    return {"window_from_minute": window[0], "window_to_minute": window[1]}
