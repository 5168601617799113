"""What scheduling has placed on a member's calendar, and takes away when their connection ends (A10)."""

from datetime import datetime
from uuid import UUID

from calendars.leftovers import Leftover, Owner, owner
from scheduling.models import Hold, PersonalBlock


def _upcoming_holds(member_id: UUID, at: datetime) -> list[Leftover]:
    """Those that the person has made theirs stay."""
    holds = Hold.objects.filter(member=member_id, state__in=Hold.GIVES_WAY, end__gt=at).order_by("start", "id")
    return [Leftover(hold.google_id, hold.etag) for hold in holds]


def _forget_holds(member_id: UUID, google_id: str) -> None:
    Hold.objects.filter(member=member_id, google_id=google_id).update(state=Hold.State.DELETED)


def _upcoming_blocks(member_id: UUID, at: datetime) -> list[Leftover]:
    """Also those that the person moved: they tell of appointments that nobody keeps in step any more."""
    blocks = PersonalBlock.objects.filter(member=member_id, end__gt=at).exclude(state=PersonalBlock.State.RELEASED)
    return [Leftover(block.google_id) for block in blocks.order_by("start", "id")]


def _forget_blocks(member_id: UUID, google_id: str) -> None:
    PersonalBlock.objects.filter(member=member_id, google_id=google_id).delete()


owner(Owner(_upcoming_holds, _forget_holds))
owner(Owner(_upcoming_blocks, _forget_blocks))
