"""A flexible meeting that somebody moves by hand is pinned (F13): a person's choice of time stands."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Q

from calendars import changes
from calendars.changes import Change, Interval
from calendars.models import Calendar, Event, GoogleConnection
from clockwise import clock
from scheduling import flexibility
from scheduling.models import Move, Pin

# States of moves that have written a meeting's time, or are about to.
OURS = frozenset({Move.State.DECIDED, Move.State.APPLIED, Move.State.UNDOING, Move.State.UNDONE})
TAKEN_BACK = frozenset({Move.State.UNDOING, Move.State.UNDONE})


@dataclass
class Standing:
    """What we know of a meeting besides the changed copy: of several moves, the last says where it belongs."""

    has_organizers_copy: bool = False
    state: str = ""
    old: Interval | None = None
    new: Interval | None = None

    def explains(self, change: Change) -> bool:
        """Whether Clockwise put it there. Guests' copies may arrive late: at the new place while the move is being
        taken back, or at the old one, from a move before it, while the new one is on its way."""
        if not self.state:
            return False
        if change.place == self.new:
            return True
        return change.place == self.old and (change.before != self.new or self.state in TAKEN_BACK)

    def hears_from(self, change: Change) -> bool:
        """A guest's copy may be late, after somebody has made the meeting flexible anew; the organizer's tells."""
        return change.event.organizer_self or not self.has_organizers_copy


@changes.on_events_changed
def meetings_changed(calendar: Calendar, changed: Sequence[Change], removed: Sequence[str]) -> None:
    moved = {change.meeting_index: change for change in changed if change.has_moved}
    if not moved:
        return
    standings = _standings(moved)
    by_hand = [c for c in moved.values() if standings[c.meeting_index].hears_from(c)]
    by_hand = [c for c in by_hand if not standings[c.meeting_index].explains(c)]
    flexible = flexibility.covering_any((c.meeting_index, c.series_index) for c in by_hand)
    at = clock.now()
    pins = [
        Pin(meeting_index=c.meeting_index, reason=Pin.Reason.MANUAL_EDIT, created_at=at)
        for c in by_hand
        if c.meeting_index in flexible or standings[c.meeting_index].state
    ]
    if pins:
        Pin.objects.bulk_create(pins, ignore_conflicts=True)


def _standings(indexes: Collection[bytes]) -> dict[bytes, Standing]:
    """In one query, since each change of a calendar asks."""
    found = {index: Standing() for index in indexes}
    copies = Event.objects.filter(Q(is_organizer=True) | Q(moves__state__in=OURS), meeting_index__in=list(indexes))
    of_moves = [f"moves__{name}" for name in ("state", "old_start", "old_end", "start", "end")]
    columns = ("meeting_index", "is_organizer", "calendar__connection__state", *of_moves)
    rows = copies.order_by("moves__decided_at").values_list(*columns)
    for index, is_organizer, connection, state, old_start, old_end, start, end in rows:
        standing = found[bytes(index)]
        standing.has_organizers_copy |= is_organizer and connection == GoogleConnection.State.ACTIVE
        if state in OURS:
            standing.state, standing.old, standing.new = state, (old_start, old_end), (start, end)
    return found
