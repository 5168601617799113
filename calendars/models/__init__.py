from calendars.models.calendar import Calendar
from calendars.models.channel import Channel
from calendars.models.colleague import Colleague, DirectoryPerson
from calendars.models.connection import GoogleConnection
from calendars.models.event import Event, SetAsideEvent
from calendars.models.outbox import OutboxWrite

__all__ = [
    "Calendar",
    "Channel",
    "Colleague",
    "DirectoryPerson",
    "Event",
    "GoogleConnection",
    "OutboxWrite",
    "SetAsideEvent",
]
