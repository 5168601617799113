"""The one place that reads and writes resources: scoped to the current organization here, and again by the database."""

from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import IntegrityError
from django.db.models import QuerySet

from clockwise import clock
from clockwise.audit.record import record
from clockwise.tenancy.prepared import Prepared, by_ids
from scim import documents, indexes, memberships, patch, provisioning, representations, rules
from scim.errors import ScimError, invalid_value, not_found, uniqueness
from scim.filters.narrow import as_id
from scim.journal import Journal
from scim.models import Resource
from scim.patch import MembersChange
from scim.schema.attributes import Json
from scim.schema.registry import ResourceType
from scim.tokens import Grant

TRIAL = "Trial: nothing was changed for members."
UNIQUE_VALUE = "scim_indexedvalue_unique_resource_type_path_value_index"


@by_ids
def _read(resource_id: UUID) -> QuerySet[Resource]:
    return representations.in_groups(Resource.objects.filter(pk=resource_id))


@by_ids
def _locked(resource_id: UUID) -> QuerySet[Resource]:
    rows = Resource.objects.select_for_update(no_key=True, of=("self",)).select_related("member", "team")
    return representations.in_groups(rows.filter(pk=resource_id))


class Store:
    """Resources under one token's grant. Each write locks its resource's row, and tells the journal what it did."""

    def __init__(self, grant: Grant, journal: Journal, reserved: list[UUID] | None = None) -> None:
        """`reserved`: ids of members to be, whose keys were made before the transaction opened."""
        self._grant = grant
        self._journal = journal
        self._reserved = reserved or []

    def get(self, kind: ResourceType, resource_id: str) -> Resource:
        """Raises ScimError: 404, the same for foreign, unknown and impossible ids."""
        return self._find(kind, resource_id, _read)

    def create(self, kind: ResourceType, body: Json, *, resource_id: UUID | None = None) -> Resource:
        """Raises ScimError: 400, or 409 `uniqueness`."""
        members, body = _members_apart(kind, body)
        self._refuse_beyond_trial(kind)
        document = documents.from_client(kind, body)
        at = clock.now()
        active = document.pop("active", True if "active" in kind.attributes else None)
        resource = Resource(resource_type=kind.name, active=active, created_at=at, modified_at=at)
        resource.group_ids = []
        if resource_id is not None:
            resource.id = resource_id
        resource.document = document
        self._journal.about(f"{kind.name.lower()}.created", kind.name, resource.pk)
        self._journal.say(f"Created the {kind.name.lower()}{', not active' if active is False else ''}.")
        if kind.name == "User" and self._takes_effect():
            provisioning.link_new(resource, document, self._journal, reserved=self._reserved)
        resource.save(force_insert=True)
        _write_indexes(resource, document)
        if kind.name == "Group":
            if self._takes_effect():
                rules.settle_group(resource, document["displayName"], self._journal)
            self._change_members(resource, [MembersChange("add", members or ())])
        _record(kind, "created", resource)
        return resource

    def replace(self, kind: ResourceType, resource_id: str, body: Json, *, if_match: str = "") -> Resource:
        """PUT. Memberships stay where the body says nothing of them, and so does `active`.

        Raises ScimError: 400, 404, 409 `uniqueness`, 412.
        """
        members, body = _members_apart(kind, body)
        resource = self._lock(kind, resource_id, if_match)
        self._journal.about(f"{kind.name.lower()}.replaced", kind.name, resource.pk)
        before = resource.document
        document = documents.from_client(kind, body)
        active = document.pop("active", resource.active)
        documents.ensure_immutables_kept(kind, before, document)
        changes = [] if members is None else [MembersChange("replace", members)]
        self._save(kind, resource, document, active, changes)
        return resource

    def patch(self, kind: ResourceType, resource_id: str, body: Json, *, if_match: str = "") -> Resource:
        """PATCH: all operations or none; one that changes nothing moves neither lastModified nor the version.

        Raises ScimError: 400, 404, 409 `uniqueness`, 412.
        """
        resource = self._lock(kind, resource_id, if_match)
        self._journal.about(f"{kind.name.lower()}.changed", kind.name, resource.pk)
        before = {**resource.document}
        if resource.active is not None:
            before["active"] = resource.active
        patched = patch.apply(kind, before, body, tolerant=self._grant.entra_tolerant)
        active = patched.document.pop("active", None)
        self._save(kind, resource, patched.document, active, patched.members)
        return resource

    def delete(self, kind: ResourceType, resource_id: str, *, if_match: str = "") -> None:
        """Raises ScimError: 404, 412."""
        resource = self._lock(kind, resource_id, if_match)
        self._journal.about(f"{kind.name.lower()}.deleted", kind.name, resource.pk)
        if kind.name == "User":
            self._leave_groups(resource)
            if self._takes_effect():
                provisioning.leave(resource, self._journal)
        elif kind.name == "Group":
            rules.remove_group(resource, self._journal)
        _record(kind, "deleted", resource)
        resource.delete()
        self._journal.say(f"Deleted the {kind.name.lower()}.")

    def add_members(self, group_id: UUID, ids: Iterable[UUID]) -> None:
        """Members that were made later in the same Bulk request."""
        group = Resource.objects.select_for_update(no_key=True).get(pk=group_id)
        self._change_members(group, [MembersChange("add", tuple(str(each) for each in ids))])

    def _find(self, kind: ResourceType, resource_id: str, by_id: Callable[[], Prepared[Resource]]) -> Resource:
        wanted = as_id(resource_id)
        for found in by_id().rows(wanted) if wanted else ():
            if found.resource_type == kind.name:
                return found
        raise not_found()

    def _lock(self, kind: ResourceType, resource_id: str, if_match: str) -> Resource:
        resource = self._find(kind, resource_id, _locked)
        if if_match and not etag_matches(if_match, resource):
            raise ScimError(412, "The resource has changed since: fetch it and try again.")
        return resource

    def _save(
        self, kind: ResourceType, resource: Resource, document: Json, active: bool | None, changes: list[MembersChange]
    ) -> None:
        before, was_active = resource.document, resource.active
        changed = document != before or active != was_active
        if changed:
            resource.document, resource.active = document, active
            _write_indexes(resource, document, before=before)
        if self._change_members(resource, changes) or changed:
            resource.version += 1
            resource.modified_at = clock.now()
            resource.save(update_fields=["document", "active", "version", "modified_at"])
            _record(kind, "changed", resource)
        if not changed:
            self._journal.did = self._journal.did or ["Nothing changed."]
            return
        self._journal.say(_what_changed(before, document, was_active, active))
        if kind.name == "Group" and self._takes_effect():
            rules.settle_group(resource, document["displayName"], self._journal)
        elif kind.name == "User" and self._takes_effect():
            provisioning.settle(resource, document, self._journal, before=before)

    def _change_members(self, group: Resource, changes: list[MembersChange]) -> bool:
        changed = memberships.change(group, changes)
        if changed:
            if self._takes_effect():
                rules.members_changed(group, changed.added, changed.removed, self._journal)
            self._journal.say(f"Members: {len(changed.added)} added, {len(changed.removed)} removed.")
        return bool(changed)

    def _leave_groups(self, user: Resource) -> None:
        for membership in user.groups.select_related("group"):
            memberships.change(membership.group, [MembersChange("remove", (str(user.pk),))])
            if self._takes_effect():
                rules.members_changed(membership.group, [], [user.pk], self._journal)

    def _takes_effect(self) -> bool:
        """Whether members and teams follow; on trial they don't, and the log says so."""
        if self._grant.is_trial and TRIAL not in self._journal.did:
            self._journal.say(TRIAL)
        return not self._grant.is_trial

    def _refuse_beyond_trial(self, kind: ResourceType) -> None:
        if not self._grant.is_trial or kind.name != "User":
            return
        if Resource.objects.filter(resource_type="User").count() >= provisioning.TRIAL_USERS:
            raise ScimError(403, f"Provisioning is on trial, which takes {provisioning.TRIAL_USERS} users.")


def etag_matches(header: str, resource: Resource) -> bool:
    """Whether an If-Match or If-None-Match header names the resource's version. Compared weakly (RFC 9110, 8.8.3)."""
    named = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in named or resource.etag.removeprefix("W/") in named


def as_scim_error(error: IntegrityError) -> ScimError | None:
    """409 for a value that must be unique; None for any other broken constraint."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return uniqueness() if getattr(diagnosis, "constraint_name", None) == UNIQUE_VALUE else None


def _record(kind: ResourceType, what: str, resource: Resource) -> None:
    if kind.name in {"User", "Group"}:
        record(f"scim.{kind.name.lower()}_{what}", by=None, target=resource)


def _write_indexes(resource: Resource, document: Json, *, before: Json | None = None) -> None:
    try:
        indexes.write(resource, document, before=before)
    except IntegrityError as error:
        raise as_scim_error(error) or error from None


def _members_apart(kind: ResourceType, body: Json) -> tuple[tuple[str, ...] | None, Json]:
    """A group's member ids (None where the body says nothing of them), and the body without them."""
    if kind.name != "Group":
        return None, body
    named = [name for name in body if name.lower() == "members"]
    if len(named) > 1:
        raise invalid_value("members is given twice.")
    members = patch.member_ids(body[named[0]]) if named else None
    return members, {name: value for name, value in body.items() if name not in named}


def _what_changed(before: Json, after: Json, was_active: bool | None, active: bool | None) -> str:
    names = sorted(name.rpartition(":")[2] for name in {*before, *after} if before.get(name) != after.get(name)) + (
        ["active"] if was_active != active else []
    )
    return f"Changed {', '.join(names)}."
