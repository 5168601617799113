"""A room that can't come along: the meeting goes back to where it had one (SYNC W6)."""

from collections.abc import Sequence
from datetime import timedelta

from calendars import changes
from calendars.changes import Change
from calendars.models import Calendar
from clockwise import clock
from clockwise.google.event import GoogleEvent
from scheduling import undo
from scheduling.models import Move

DECLINED = "declined"
# A room that says no later than this had its time taken by somebody: no answer to our move.
ANSWERS_WITHIN = timedelta(minutes=30)


@changes.on_events_changed
def rooms_answered(calendar: Calendar, changed: Sequence[Change], removed: Sequence[str]) -> None:
    """Google asks a meeting's rooms anew when its time changes, and tells their answers as those of guests."""
    without = [change.event_id for change in changed if _is_without_room(change.event)]
    if not without:
        return
    recent = Move.objects.filter(
        event__in=without,
        state=Move.State.APPLIED,
        decided_at__gt=clock.now() - ANSWERS_WITHIN,
    )
    at = {change.event_id: change.place for change in changed}
    for move in recent.select_related("event", "event__calendar").select_for_update(of=("self",)):
        if at[move.event_id] == (move.start, move.end):
            undo.for_want_of_a_room(move)


def _is_without_room(event: GoogleEvent) -> bool:
    return any(attendee.is_room and attendee.response == DECLINED for attendee in event.attendees)
