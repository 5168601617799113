"""Which calendars a connection has. In this version the primary one is kept."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from calendars import connections, exclusions
from calendars.models import Calendar, GoogleConnection
from calendars.models.calendar import CalendarDetails
from clockwise import clock
from clockwise.encryption.blind_index import organization_index
from clockwise.google.client import CalendarClient
from clockwise.google.errors import CalendarExcluded, GoogleError, GrantRevoked
from clockwise.tenancy import current
from privacy import policy

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Json = dict[str, Any]


def sync(connection_id: UUID) -> list[UUID]:
    """Make or refresh the row of the primary calendar. Returns the ids of the calendars to sync; none once ended.

    Raises GoogleError for what is worth another try; a revoked grant turns the connection off instead.
    """
    began_at = clock.now()
    with current.transaction():
        if not _active(connection_id).exists():
            return []
    client = connections.client_for(connection_id)
    try:
        entry = _primary(client, exclusions.Admission(connection_id))
    except GrantRevoked as revoked:
        connections.mark_revoked(connection_id, reason=revoked.reason, since=began_at)
        return []
    except CalendarExcluded:
        return []
    return _stored(connection_id, entry) if entry else []


def _active(connection_id: UUID) -> QuerySet[GoogleConnection]:
    return GoogleConnection.objects.filter(pk=connection_id, state=GoogleConnection.State.ACTIVE)


def _primary(client: CalendarClient, admission: exclusions.Admission) -> Json | None:
    """The primary calendar's entry, with zone and working hours where Google publishes them.

    Raises CalendarExcluded before anything is asked of a calendar that is left out.
    """
    page_token = None
    while True:
        page = client.calendar_list(page_token=page_token)
        entry = next((item for item in page.get("items", ()) if item.get("primary")), None)
        page_token = page.get("nextPageToken")
        if entry is not None:
            admission.of_entry(entry)
            return {**entry, **_published(client, entry["id"])}
        if not page_token:
            return None


def _published(client: CalendarClient, google_id: str) -> Json:
    """Zone and working hours; without them calendarList's zone and the defaults do (SYNC S17)."""
    try:
        found = client.calendar(google_id)
    except GrantRevoked:
        raise
    except GoogleError:
        return {}
    return {key: found[key] for key in ("timeZone", "workingHours") if found.get(key)}


def _stored(connection_id: UUID, entry: Json) -> list[UUID]:
    """Nothing, if the connection ended while Google answered."""
    with current.transaction():
        policy.hold_still()
        connection = _active(connection_id).select_for_update().first()
        if connection is None or exclusions.is_left_out(connection.member, entry):
            return []
        google_id = str(entry["id"])
        index = organization_index(connection.organization_id, "calendar", google_id.lower())
        known = Calendar.objects.filter(member=connection.member_id, google_id_index=index)
        calendar = known.select_for_update(no_key=True).first()
        token = calendar.details.sync_token if calendar else ""
        calendar = calendar or Calendar(member_id=connection.member_id, google_id_index=index)
        calendar.connection = connection
        calendar.details = CalendarDetails(
            google_id=google_id,
            title=str(entry.get("summaryOverride") or entry.get("summary") or google_id),
            sync_token=token,
            working_hours=_working_hours(entry.get("workingHours")),
        )
        calendar.is_primary = True
        calendar.time_zone = str(entry.get("timeZone") or "UTC")[:64]
        calendar.access_role = str(entry.get("accessRole") or "owner")[:32]
        calendar.save()
        return [calendar.pk]


def _working_hours(published: Json | None) -> dict[str, list[list[int]]] | None:
    """Weekday "0" (Monday) to minute ranges; None where Google publishes none (SYNC finding 8)."""
    if not published or not published.get("workingHoursEnabled"):
        return None
    hours: dict[str, list[list[int]]] = {}
    for period in published.get("availableTimes", ()):
        if period.get("dayOfWeek") in WEEKDAYS:
            day = str(WEEKDAYS.index(period["dayOfWeek"]))
            hours.setdefault(day, []).append([int(period.get("periodStart", 0)), int(period["periodEnd"])])
    return hours
