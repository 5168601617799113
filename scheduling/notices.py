"""Whom Google mails about our changes: each organizer's own choice."""

from collections.abc import Iterable
from uuid import UUID

from calendars.models import OutboxWrite
from scheduling.models import Preferences


def to_guests(member_ids: Iterable[UUID]) -> dict[UUID, str]:
    """By member through whose calendar a meeting is written."""
    chosen = dict.fromkeys(member_ids, str(OutboxWrite.Notices.ALL))
    saved = Preferences.objects.filter(member__in=chosen).values_list("member_id", "guest_notices")
    return chosen | dict(saved)
