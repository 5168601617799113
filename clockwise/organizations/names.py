"""Names of those whom the audit log knows by number: members, and others whom apps know."""

from collections.abc import Callable
from uuid import UUID

from clockwise.organizations.models import Member

Names = Callable[[frozenset[UUID]], dict[UUID, str]]
_others: list[Names] = []


def tells_names(function: Names) -> Names:
    """Register who knows names of people who act in an organization without being its members."""
    _others.append(function)
    return function


def of(ids: set[UUID]) -> dict[UUID, str]:
    """Those that are known in the current organization; who has left is not among them."""
    found = {member.pk: member.details.name for member in Member.objects.filter(pk__in=ids)}
    for function in _others:
        found |= function(frozenset(ids - found.keys()))
    return found
