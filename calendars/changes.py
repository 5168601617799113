"""Tells the apps above what a sync has changed, inside the transaction that changes it."""

from collections.abc import Callable, Sequence

from calendars.models import Calendar, Event

Listener = Callable[[Calendar, Sequence[Event], Sequence[str]], None]
_listeners: list[Listener] = []


def on_events_changed(listener: Listener) -> Listener:
    """Register `listener(calendar, changed events, Google ids of removed ones)`."""
    _listeners.append(listener)
    return listener


def tell(calendar: Calendar, changed: Sequence[Event], removed: Sequence[str]) -> None:
    if changed or removed:
        for listener in _listeners:
            listener(calendar, changed, removed)
