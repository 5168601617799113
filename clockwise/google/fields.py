"""The `fields` masks: what is asked of Google at all, and so what can ever be stored.

A write's answer carries the whole event back unless it has a mask too, so each request gets one.
"""

EVENT = (
    "id",
    "status",
    "etag",
    "start",
    "end",
    "transparency",
    "visibility",
    "eventType",
    "iCalUID",
    "recurringEventId",
    "originalStartTime",
    "guestsCanModify",
    "locked",
    "privateCopy",
    "extendedProperties(private)",
)
TITLES = ("summary",)
ATTENDEES = (
    "organizer(email,self)",
    "attendees(email,displayName,responseStatus,optional,self,resource,organizer)",
    "attendeesOmitted",
)
# Whose event it is, without saying who that is.
NO_ATTENDEES = ("organizer(self)",)
LOCATIONS = ("location",)
CONFERENCE_LINKS = ("hangoutLink", "conferenceData(entryPoints(uri,entryPointType))")
DESCRIPTIONS = ("description",)
CALENDAR = "timeZone,workingHours"
CALENDAR_ENTRY = "id,summary,summaryOverride,primary,accessRole,timeZone,selected,hidden,deleted"
CALENDAR_LIST = f"nextPageToken,nextSyncToken,items({CALENDAR_ENTRY})"
SETTINGS = "nextPageToken,nextSyncToken,items(id,value)"
CHANNEL = "resourceId,expiration"


def event_fields(
    *,
    descriptions: bool,
    locations: bool = True,
    conference_links: bool = True,
    attendees: bool = True,
    titles: bool = True,
) -> str:
    """For one event: read, inserted or patched. The arguments are `privacy.processing.wanted()`.

    There is no argument that lets attachments in: nothing of ours uses them.
    """
    names = (
        EVENT
        + TITLES * titles
        + (ATTENDEES if attendees else NO_ATTENDEES)
        + LOCATIONS * locations
        + CONFERENCE_LINKS * conference_links
        + DESCRIPTIONS * descriptions
    )
    return ",".join(names)


def list_fields(**wanted: bool) -> str:
    """For a page of events. Without the two tokens by name, sync would stop silently (S5)."""
    return f"nextPageToken,nextSyncToken,timeZone,accessRole,items({event_fields(**wanted)})"
