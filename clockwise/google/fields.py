"""The `fields` masks: what is asked of Google at all, and so what can ever be stored.

A write's answer carries the whole event back unless it has a mask too, so each request gets one.
"""

EVENT = (
    "id", "status", "etag", "updated", "sequence", "summary", "location", "start", "end", "transparency", "visibility",
    "eventType", "iCalUID", "recurringEventId", "originalStartTime", "organizer(email,self)",
    "attendees(email,displayName,responseStatus,optional,self,resource,organizer)", "attendeesOmitted",
    "guestsCanModify", "locked", "privateCopy", "hangoutLink", "conferenceData(entryPoints(uri,entryPointType))",
    "extendedProperties(private)",
)  # fmt: skip


def event_fields(*, descriptions: bool) -> str:
    return ",".join((*EVENT, "description") if descriptions else EVENT)


def list_fields(*, descriptions: bool) -> str:
    """For a page of events. Without the two tokens by name, sync would stop silently (SYNC S5)."""
    return f"nextPageToken,nextSyncToken,timeZone,items({event_fields(descriptions=descriptions)})"
