from calendars.models.calendar import Calendar
from calendars.models.connection import GoogleConnection
from calendars.models.event import Event
from calendars.models.outbox import OutboxWrite

__all__ = ["Calendar", "Event", "GoogleConnection", "OutboxWrite"]
