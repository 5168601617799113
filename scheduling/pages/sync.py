"""Where a member's connection to Google stands, for the page."""

from datetime import datetime, timedelta

from calendars.models import Calendar, GoogleConnection, SetAsideEvent
from clockwise.organizations.models import Member
from scheduling.week import SyncState

LOST = "Google no longer lets Clockwise see it: the access was taken back, or it expired."
PROBLEMS = {
    "quota": "Google asks for a pause: too many requests for now.",
    "not_found": "The calendar can't be found at Google.",
    "no_access": "Google no longer shows this calendar.",
    "misconfigured": "Google refuses this installation, not you: its operator has to repair the OAuth client.",
    "blocked_by_admin": "Your Google Workspace admin doesn't let Clockwise in. Ask them to allow it.",
}
UNREACHABLE = "Google doesn't answer as it should."


def sync_state(member: Member, calendar: Calendar | None, *, now: datetime) -> SyncState:
    connection = calendar.connection if calendar else GoogleConnection.objects.filter(member=member).first()
    if connection is None or connection.state == GoogleConnection.State.DISCONNECTED:
        return SyncState(state="not_connected")
    finished = ago(now - calendar.synced_at) if calendar and calendar.synced_at else ""
    if connection.state != GoogleConnection.State.ACTIVE:
        return SyncState(state="lost", finished_label=finished, problem=LOST)
    if connection.problem:
        return SyncState(state="failing", finished_label=finished, problem=explained(connection.problem))
    if calendar is None or calendar.synced_at is None:
        return SyncState(state="first")
    if calendar.problem:
        return SyncState(state="failing", finished_label=finished, problem=explained(calendar.problem))
    set_aside = SetAsideEvent.objects.filter(member=member).count()
    return SyncState(state="done", finished_label=finished, set_aside=set_aside)


def explained(word: str) -> str:
    """A problem's word as a sentence; empty for none."""
    return PROBLEMS.get(word, UNREACHABLE) if word else ""


def ago(passed: timedelta) -> str:
    """ "just now", "5 minutes ago", "3 hours ago", "2 days ago" """
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    for size, unit in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
