"""What calendars' tables hold of people."""

from calendars.models import Calendar, Channel, Colleague, Event, GoogleConnection, OutboxWrite, SetAsideEvent
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
        "lists": "Google's settings for you: time zone, week start, time format, language",
    },
    secret={"credentials": "tokens, sealed", "to_revoke": "a token that Google is still to be told to forget"},
    technical="problem writes_parked_until next_list_at alive_at",
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
        "is_read": "whether its events are read",
        "time_zone": "its time zone",
        "access_role": "what you may do in it",
        "synced_at": "when it was last read",
        "changed_at": "when something in it last changed",
    },
    secret={"google_id_index": "keyed index of its address"},
    technical="connection window_start window_end request_shape writes_settled problem "
    "listed_at next_sync_at wake_ups wake_ups_answered failures",
)
table(
    Event,
    "Events",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention="six weeks after they end, at most",
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
table(
    SetAsideEvent,
    "Events that can't be read",
    purpose=Purpose.SYNC,
    basis=Basis.CONTRACT,
    retention="until they can be read, six weeks after they end, or you leave",
    person=["member_id"],
    personal={"member": "on whose calendar", "calendar": "on which calendar", "google_id": "Google's id of it"},
    technical="reason since",
)
table(
    Channel,
    "Messages that Google was asked for",
    purpose=Purpose.SYNC,
    basis=Basis.CONTRACT,
    retention="a week, until you disconnect or leave",
    person=["member_id"],
    personal={"member": "whose calendar", "calendar": "which calendar", "resource": "events or the list of calendars"},
    technical="connection resource_id opened_at expires_at renew_at heard_at refused_at ended_at",
)
table(
    Colleague,
    "When colleagues without a connected calendar are busy",
    purpose=Purpose.SCHEDULING,
    basis=Basis.LEGITIMATE_INTEREST,
    retention="as long as a member is going to meet them, four weeks ahead at most",
    personal={
        "details": "address",
        "busy": "when they are busy, and nothing of why",
        "known_from": "from when on it is known",
        "known_until": "until when it is known",
        "asked_at": "when Google was asked",
    },
    secret={"address_index": "keyed index of the address"},
    technical="problem",
    kept_because="They are no members; the rows go by themselves.",
)
