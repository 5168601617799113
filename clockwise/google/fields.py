"""The `fields` masks: what is asked of Google at all, and so what can ever be stored.

A write's answer carries the whole event back unless it has a mask too, so each request gets one.
"""

EVENT = (
    "id",
    "status",
    "etag",
    "updated",
    "sequence",
    "summary",
    "start",
    "end",
    "transparency",
    "visibility",
    "eventType",
    "iCalUID",
    "recurringEventId",
    "originalStartTime",
    "organizer(email,self)",
    "attendees(email,displayName,responseStatus,optional,self,resource,organizer)",
    "attendeesOmitted",
    "guestsCanModify",
    "locked",
    "privateCopy",
    "extendedProperties(private)",
    "colorId",
)
CONFERENCING = ("hangoutLink", "conferenceData(entryPoints(uri,entryPointType))")
CALENDAR = "id,summary,timeZone,workingHours"
CALENDAR_LIST = (
    "nextPageToken,nextSyncToken,"
    "items(id,summary,summaryOverride,primary,accessRole,timeZone,selected,hidden,deleted,backgroundColor)"
)


def event_fields(*, descriptions: bool, locations: bool = True, conferencing: bool = True) -> str:
    """For one event: read, inserted or patched."""
    names = EVENT + ("location",) * locations + CONFERENCING * conferencing + ("description",) * descriptions
    return ",".join(names)


def list_fields(*, descriptions: bool, locations: bool = True, conferencing: bool = True) -> str:
    """For a page of events. Without the two tokens by name, sync would stop silently (S5)."""
    item = event_fields(descriptions=descriptions, locations=locations, conferencing=conferencing)
    return f"nextPageToken,nextSyncToken,timeZone,accessRole,items({item})"
