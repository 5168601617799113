"""What the page of personal calendars shows. The address of a calendar is a secret, and isn't shown again."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from clockwise.organizations.models import Member
from scheduling.models import PersonalCalendar

PROBLEMS = {
    "bad_address": "This is no address of a calendar. Copy the secret address in iCal format from your calendar.",
    "not_https": "The address begins with http://, so that anybody on the way could read it. Use one with https://.",
    "not_public": "The address leads to a private network. Clockwise reads calendars from the public internet alone.",
    "unknown_host": "There is no such host. Check the address.",
    "no_answer": "The calendar's server doesn't answer as it should. Clockwise goes on trying.",
    "refused": "The calendar's server refuses the address. Perhaps it was renewed: link the new one.",
    "too_large": "The calendar is larger than 5 MB, or has more than 10,000 entries.",
    "too_slow": "Reading the calendar takes too long. Clockwise goes on trying.",
    "too_many_redirects": "The address leads from one server to the next.",
    "not_a_calendar": "What the address holds is no calendar in iCal format.",
    "no_work_calendar": "Your work calendar isn't connected, so there is nowhere to put the blocks.",
}


@dataclass(frozen=True)
class Row:
    id: UUID
    host: str
    shows: str
    read_at: datetime | None
    blocks: int
    set_aside: int
    problem: str


def rows_of(member: Member) -> list[Row]:
    linked = PersonalCalendar.objects.filter(member=member, unlinked_at=None).order_by("linked_at")
    return [_row(calendar) for calendar in linked.prefetch_related("blocks")]


def explained(reason: str) -> str:
    return PROBLEMS.get(reason, "")


def _row(calendar: PersonalCalendar) -> Row:
    return Row(
        id=calendar.pk,
        host=urlsplit(calendar.source.address).hostname or "",
        shows=calendar.shows,
        read_at=calendar.read_at,
        blocks=len(calendar.blocks.all()),
        set_aside=calendar.set_aside,
        problem=explained(calendar.problem),
    )
