"""A meeting that somebody moves by hand after Clockwise had moved it is pinned (F13)."""

from collections.abc import Sequence

from calendars import changes
from calendars.models import Calendar, Event
from clockwise import clock
from scheduling.models import Move, Pin


@changes.on_events_changed
def meetings_changed(calendar: Calendar, changed: Sequence[Event], removed: Sequence[str]) -> None:
    by_index = {bytes(event.meeting_index): event for event in changed}
    # One that is on its way may have arrived already; of several, the last one says where the meeting belongs.
    ours = [Move.State.APPLIED, Move.State.DECIDED, Move.State.UNDOING]
    moves = Move.objects.filter(state__in=ours, event__meeting_index__in=list(by_index))
    last = {bytes(move.event.meeting_index): move for move in moves.select_related("event").order_by("decided_at")}
    for index, move in last.items():
        event = by_index[index]
        if (event.start, event.end) not in ((move.start, move.end), (move.old_start, move.old_end)):
            Pin.objects.get_or_create(
                meeting_index=event.meeting_index,
                defaults={"reason": Pin.Reason.MANUAL_EDIT, "created_at": clock.now()},
            )
