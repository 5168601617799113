"""What calendars' tables hold of people."""

from calendars.models import Calendar, Event, GoogleConnection, OutboxWrite
from privacy.register import Basis, Purpose, table

table(
    GoogleConnection,
    "Connected Google grants",
    purpose=Purpose.SYNC,
    basis=Basis.CONTRACT,
    retention="until you disconnect or leave; ended grants without their tokens until you leave",
    person=["member_id"],
    personal={
        "member": "whose grant",
        "state": "whether it is used",
        "scopes": "what Google lets Clockwise do",
        "connected_at": "when it was given",
        "ended_at": "when it ended",
    },
    secret={"credentials": "tokens, sealed", "to_revoke": "a token that Google is still to be told to forget"},
    technical="problem writes_parked_until",
)
table(
    Calendar,
    "Calendars",
    purpose=Purpose.SYNC,
    basis=Basis.CONTRACT,
    retention="until the calendar is left out, disconnected or you leave",
    person=["member_id"],
    personal={
        "member": "whose calendar",
        "details": "address, name, published working hours",
        "is_primary": "whether it is your main one",
        "time_zone": "its time zone",
        "access_role": "what you may do in it",
        "synced_at": "when it was last read",
    },
    secret={"google_id_index": "keyed index of its address"},
    technical="connection window_start window_end request_shape writes_settled problem",
)
table(
    Event,
    "Events",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention="five weeks after they end",
    person=["member_id"],
    personal={
        "member": "on whose calendar",
        "calendar": "on which calendar",
        "start": "start",
        "end": "end",
        "is_all_day": "whether it takes whole days",
        "is_busy": "whether it takes your time",
        "event_type": "Google's type of it",
        "visibility": "who may see it",
        "response": "your answer",
        "is_organizer": "whether you organize it",
        "attendee_count": "number of guests",
        "details": "title, description, place, link, organizer, guests",
        "google_id": "Google's id of it",
        "series_id": "Google's id of its series",
        "original_start": "when it was first meant to be",
    },
    technical="meeting_index series_index guests_can_modify is_locked etag",
)
table(
    OutboxWrite,
    "Changes sent to Google",
    purpose=Purpose.SYNC,
    basis=Basis.CONTRACT,
    retention="30 days after they were sent, unless an admin chose otherwise",
    person=["member_id"],
    personal={
        "member": "through whose grant",
        "calendar": "in which calendar",
        "kind": "what kind of change",
        "google_id": "of which event",
        "body": "what was sent",
        "state": "how it ended",
        "decided_at": "when it was decided",
        "settled_at": "when it ended",
    },
    technical="etag purpose purpose_id not_before leased_until attempts problem notices",
)
