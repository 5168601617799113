"""Linking a personal calendar to the work calendar, and taking it off again."""

from django.db import transaction

from calendars import tasks as calendar_tasks
from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member
from clockwise.tenancy import messages
from scheduling.models import PersonalCalendar
from scheduling.models.personal import PersonalSource
from scheduling.personal import blocks, fetch

MOST = 5


class TooMany(Exception):
    """The member has as many personal calendars as anybody may have."""


def link(member: Member, *, address: str, shows: str = PersonalCalendar.Shows.BUSY) -> PersonalCalendar:
    """Read an ICS address from now on. Raises FetchFailed for one that never will be, TooMany, ValueError."""
    if shows not in PersonalCalendar.Shows.values:
        raise ValueError(f"What colleagues see is one of: {', '.join(PersonalCalendar.Shows.values)}.")
    address, at = fetch.checked(address), clock.now()
    if PersonalCalendar.objects.filter(member=member, unlinked_at=None).count() >= MOST:
        raise TooMany
    linked = PersonalCalendar.objects.create(
        member=member, source=PersonalSource(address), shows=shows, linked_at=at, next_read_at=at
    )
    record("personal_calendar.linked", by=member.pk, target=linked)
    _read_soon(linked)
    return linked


def unlink(linked: PersonalCalendar, *, by: Member) -> None:
    """Remove all its blocks from the work calendar, whatever became of them there, and forget the address (H13)."""
    linked.unlinked_at = clock.now()
    linked.source = PersonalSource("")
    linked.save(update_fields=["unlinked_at", "source"])
    record("personal_calendar.unlinked", by=by.pk, target=linked)
    blocks.remove_all(linked)
    calendar_tasks.write_soon()


def _read_soon(linked: PersonalCalendar) -> None:
    from scheduling import tasks

    transaction.on_commit(lambda: messages.wake(tasks.read_personal_calendar, linked.pk))
