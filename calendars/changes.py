"""Tells the apps above what a sync has changed, inside the transaction that changes it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from calendars.models import Calendar
from clockwise.google.event import GoogleEvent

Interval = tuple[datetime, datetime]


class Change(NamedTuple):
    """An event as it is from now on. `before`: where it was; None if it wasn't here."""

    event_id: UUID
    event: GoogleEvent
    meeting_index: bytes
    series_index: bytes
    before: Interval | None

    @property
    def place(self) -> Interval:
        return self.event.start, self.event.end

    @property
    def has_moved(self) -> bool:
        return self.before is not None and self.before != self.place


Listener = Callable[[Calendar, Sequence[Change], Sequence[str]], None]
_listeners: list[Listener] = []


def on_events_changed(listener: Listener) -> Listener:
    """Register `listener(calendar, changes, Google ids of removed ones)`."""
    _listeners.append(listener)
    return listener


def tell(calendar: Calendar, changed: Sequence[Change], removed: Sequence[str]) -> None:
    if changed or removed:
        for listener in _listeners:
            listener(calendar, changed, removed)
