"""Who is in which group: a table, changed row by row, so that ten thousand members are never loaded to add one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from scim.filters.evaluate import predicate
from scim.filters.narrow import as_id
from scim.models import Membership, Resource
from scim.patch import MembersChange


@dataclass
class Changed:
    added: set[UUID] = field(default_factory=set)
    removed: set[UUID] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def change(group: Resource, changes: Sequence[MembersChange]) -> Changed:
    """Make the changes in order. The group's row is locked, so that parallel ones come one after the other."""
    total = Changed()
    for each in changes:
        done = _change(group, each)
        total.added = (total.added - done.removed) | done.added
        total.removed = (total.removed - done.added) | done.removed
    return total


def _change(group: Resource, change: MembersChange) -> Changed:
    if change.verb == "remove":
        return Changed(removed=_remove(group, _doomed(group, change)))
    wanted = _known(change.ids)
    if change.verb == "add":
        return Changed(added=_add(group, wanted))
    present = set(Membership.objects.filter(group=group).values_list("member_id", flat=True))
    return Changed(added=_add(group, wanted - present), removed=_remove(group, present - wanted))


def _known(ids: Iterable[str]) -> set[UUID]:
    """Ids of users and groups that there are. Okta keeps ids that are long gone: they are dropped."""
    wanted = {found for text in ids if (found := as_id(text))}
    present = Resource.objects.filter(pk__in=wanted, resource_type__in=("User", "Group"))
    return set(present.values_list("pk", flat=True)) if wanted else set()


def _add(group: Resource, ids: set[UUID]) -> set[UUID]:
    if not ids:
        return set()
    present = set(Membership.objects.filter(group=group, member_id__in=ids).values_list("member_id", flat=True))
    new = ids - present
    Membership.objects.bulk_create(
        [Membership(group=group, member_id=member_id) for member_id in sorted(new)],
        ignore_conflicts=True,
        batch_size=2000,
    )
    return new


def _remove(group: Resource, ids: set[UUID]) -> set[UUID]:
    if not ids:
        return set()
    doomed = Membership.objects.filter(group=group, member_id__in=ids)
    gone = set(doomed.values_list("member_id", flat=True))
    doomed.delete()
    return gone


def _doomed(group: Resource, change: MembersChange) -> set[UUID]:
    if change.matching is None and not change.everybody:
        return {found for text in change.ids if (found := as_id(text))}
    rows = Membership.objects.filter(group=group).values_list("member_id", "member__resource_type")
    if change.matching is None:
        return {member_id for member_id, _ in rows}
    holds = predicate(change.matching)
    return {member_id for member_id, kind in rows if holds({"value": str(member_id), "type": kind})}
