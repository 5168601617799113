"""Names of people in what others are shown of a plan: only of those who don't object to it."""

from collections.abc import Iterable
from uuid import UUID

from clockwise.organizations.models import Member
from privacy import choices


def shown_to(viewer: Member, member_ids: Iterable[UUID]) -> dict[UUID, str]:
    """By id; the viewer's own is always among them. Who objects is left out and stays "a colleague"."""
    wanted = frozenset(member_ids)
    open_to_view = choices.who_allows(wanted, choices.Use.COLLEAGUES) | {viewer.pk}
    return {member.pk: member.details.name for member in Member.objects.filter(pk__in=wanted & open_to_view)}
