"""Resources as they are answered, a list of them with a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from scim import locations
from scim.models import Membership, Resource
from scim.projection import Projection
from scim.schema import registry
from scim.schema.attributes import Json
from scim.schema.registry import ResourceType

Links = dict[UUID, list[Json]]


def of_many(resources: Sequence[Resource], projection: Projection) -> list[Json]:
    """At most one query for the members of all groups, and two for the groups of all users: one with `in_groups`."""
    groups = [resource.pk for resource in resources if resource.resource_type == "Group"]
    users = [resource for resource in resources if resource.resource_type == "User"]
    members: Links = {}
    groups_of: Links = {}
    if groups and projection.wants(registry.of("Group"), "members"):
        members = members_of(groups)
    if users and projection.wants(registry.of("User"), "groups"):
        groups_of = _groups_known(users) if hasattr(users[0], "group_ids") else groups_of_users(u.pk for u in users)
    return [_shown(resource, projection, members, groups_of) for resource in resources]


def of_one(resource: Resource, projection: Projection) -> Json:
    return of_many([resource], projection)[0]


def members_of(group_ids: Iterable[UUID]) -> Links:
    """The `members` of each group, in the order in which they came."""
    users, groups = registry.of("User"), registry.of("Group")
    rows = Membership.objects.filter(group_id__in=list(group_ids)).order_by("id")
    links: Links = defaultdict(list)
    for group_id, member_id, kind in rows.values_list("group_id", "member_id", "member__resource_type"):
        place = locations.of_resource(groups if kind == "Group" else users, member_id)
        links[group_id].append({"value": str(member_id), "$ref": place, "type": kind})
    return links


def in_groups(rows: QuerySet[Resource]) -> QuerySet[Resource]:
    """The resources with `group_ids`: the groups that each is in, so that they are answered without a further query.

    For few rows: of a page far down a list, PostgreSQL would look for the groups of all that it passes over.
    """
    groups = Membership.objects.filter(member=OuterRef("pk")).order_by("id").values("group_id")
    # The model declares the attribute, so that its type is known.
    found: dict[str, Any] = {"group_ids": ArraySubquery(groups)}
    return rows.annotate(**found)


def groups_of_users(user_ids: Iterable[UUID]) -> Links:
    """The `groups` that each user is in itself."""
    memberships = Membership.objects.filter(member_id__in=list(user_ids)).order_by("id")
    return _linked(list(memberships.values_list("member_id", "group_id")))


def _groups_known(users: Iterable[Resource]) -> Links:
    return _linked([(user.pk, group_id) for user in users for group_id in user.group_ids])


def _linked(rows: list[tuple[UUID, UUID]]) -> Links:
    """Links of users to groups, from pairs of their ids."""
    if not rows:
        return {}
    groups = Resource.objects.in_bulk({group_id for _, group_id in rows})
    kind = registry.of("Group")
    links: Links = defaultdict(list)
    for user_id, group_id in rows:
        entry = {"value": str(group_id), "$ref": locations.of_resource(kind, group_id), "type": "direct"}
        links[user_id].append(entry | {"display": groups[group_id].document.get("displayName", "")})
    return links


def whole(resource: Resource) -> Json:
    """The document with what lies in columns, as the evaluator and PATCH see it."""
    return with_columns(
        resource.document,
        registry.of(resource.resource_type),
        resource.pk,
        resource.active,
        resource.version,
        resource.created_at,
        resource.modified_at,
    )


def with_columns(
    document: Json,
    kind: ResourceType,
    resource_id: UUID,
    active: bool | None,
    version: int,
    created_at: datetime,
    modified_at: datetime,
) -> Json:
    schemas = [kind.schema.id, *(e.schema.id for e in kind.extensions if e.schema.id in document)]
    shown: Json = {"schemas": schemas, "id": str(resource_id), **document}
    if active is not None:
        shown["active"] = active
    shown["meta"] = {
        "resourceType": kind.name,
        "created": instant(created_at),
        "lastModified": instant(modified_at),
        "location": locations.of_resource(kind, resource_id),
        "version": f'W/"{version}"',
    }
    return shown


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _shown(resource: Resource, projection: Projection, members: Links, groups_of: Links) -> Json:
    kind = registry.of(resource.resource_type)
    shown: dict[str, Any] = whole(resource)
    if linked := members.get(resource.pk):
        shown["members"] = linked
    if linked := groups_of.get(resource.pk):
        shown["groups"] = linked
    return projection.project(kind, shown)
