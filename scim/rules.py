"""What groups become: a team, a role or nothing, by the organization's rules."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from uuid import UUID

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member, Team, TeamMembership
from clockwise.organizations.roles import Role
from scim.journal import Journal
from scim.models import GroupRule, Membership, ProvisioningSettings, Resource
from scim.models.rules import Outcome, RuleDetails

MOST_RULES = 200


def add(pattern: str, *, outcome: str, role: str = "", by: Member) -> GroupRule:
    """Add a rule and apply it to the groups that there are. Raises ValueError in words for people."""
    pattern = pattern.strip()
    if not 1 <= len(pattern) <= 200:
        raise ValueError("Name the groups, with * for anything, in at most 200 characters.")
    if outcome not in Outcome.values or (outcome == Outcome.ROLE and role not in Role.values):
        raise ValueError("Choose what the groups become.")
    if role == Role.OWNER and by.role != Role.OWNER:
        raise ValueError("Only an owner can let a group make owners.")
    if GroupRule.objects.count() >= MOST_RULES:
        raise ValueError(f"There are {MOST_RULES} rules already.")
    rule = GroupRule.objects.create(
        details=RuleDetails(pattern=pattern),
        outcome=outcome,
        role=role if outcome == Outcome.ROLE else "",
        created_at=clock.now(),
    )
    record("scim.rule_added", by=by.pk, target=rule, outcome=rule.outcome, role=rule.role)
    apply_to_all()
    return rule


def remove(rule: GroupRule, *, by: Member) -> None:
    record("scim.rule_removed", by=by.pk, target=rule, outcome=rule.outcome, role=rule.role)
    rule.delete()
    apply_to_all()


def in_order() -> list[GroupRule]:
    return list(GroupRule.objects.order_by("created_at", "id"))


def apply_to_all() -> None:
    """Bring every group in line with the rules as they are now; while the organization is on trial, none."""
    if ProvisioningSettings.objects.filter(is_trial=True).exists():
        return
    journal = Journal()
    for group in Resource.objects.filter(resource_type="Group").select_for_update(no_key=True).order_by("id"):
        settle_group(group, str(group.document.get("displayName", "")), journal)


def settle_group(group: Resource, name: str, journal: Journal) -> None:
    """Give a group the team or role that its name has by the rules; its members follow."""
    outcome, role = _outcome(name)
    _settle_team(group, name, wanted=outcome == Outcome.TEAM, journal=journal)
    if group.granted_role != role:
        group.granted_role = role
        group.save(update_fields=["granted_role"])
        regrant(_users_in(group), journal)


def remove_group(group: Resource, journal: Journal) -> None:
    """The group is going: its team goes, and so do roles that only it gave."""
    users = _users_in(group) if group.granted_role else []
    Membership.objects.filter(group=group).delete()
    regrant(users, journal)
    _settle_team(group, "", wanted=False, journal=journal)


def members_changed(group: Resource, added: Iterable[UUID], removed: Iterable[UUID], journal: Journal) -> None:
    """Users came into or left a group: they join or leave its team, and gain or lose its role."""
    added, removed = list(added), list(removed)
    if group.team_id is not None:
        _join(group.team_id, _members_of(added))
        TeamMembership.objects.filter(team_id=group.team_id, member_id__in=_members_of(removed)).delete()
    if group.granted_role:
        regrant([*added, *removed], journal)


def settle_user(user: Resource, journal: Journal) -> None:
    """A user has got a member: it joins the teams of its groups and takes their role."""
    if user.member_id is None:
        return
    teams = Membership.objects.filter(member=user, group__team__isnull=False).values_list("group__team_id", flat=True)
    for team_id in teams:
        _join(team_id, [user.member_id])
    regrant([user.pk], journal)


def regrant(user_ids: Iterable[UUID], journal: Journal) -> None:
    """Give each user's member the highest role of their groups, and take back what only rules gave.

    A role that somebody was given by hand is never lowered, and the last owner stays one.
    """
    ids = list(user_ids)
    roles: dict[UUID, str] = {}
    granting = Membership.objects.filter(member_id__in=ids).exclude(group__granted_role="")
    for user_id, role in granting.values_list("member_id", "group__granted_role"):
        roles[user_id] = max(roles.get(user_id, role), role, key=_rank)
    users = Resource.objects.filter(pk__in=ids, member__isnull=False).select_related("member")
    for user in users.select_for_update(of=("self",), no_key=True).order_by("id"):
        _grant(user, roles.get(user.pk, ""), journal)


def _grant(user: Resource, role: str, journal: Journal) -> None:
    member = user.member
    if member is None or role == user.granted_role == member.role:
        return
    by_hand = member.role != user.granted_role and not (user.granted_role == "" and member.role == Role.MEMBER)
    wanted = role or Role.MEMBER
    if by_hand and _rank(member.role) >= _rank(wanted):
        wanted = member.role
    if wanted != member.role:
        if member.role == Role.OWNER and is_last_owner(member):
            journal.alert(
                "The last owner stays owner, although no group gives that role any more. Appoint another one."
            )
            return
        before, member.role = member.role, wanted
        member.save(update_fields=["role"])
        record("member.role_changed", by=None, target=member, before=before, after=wanted, reason="group rule")
        journal.say(f"Changed a member's role from {before} to {wanted}.")
    if user.granted_role != role:
        Resource.objects.filter(pk=user.pk).update(granted_role=role)


def is_last_owner(member: Member) -> bool:
    others = Member.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=member.pk)
    return member.role == Role.OWNER and member.is_active and not others.exists()


def _settle_team(group: Resource, name: str, *, wanted: bool, journal: Journal) -> None:
    if wanted and group.team_id is None:
        group.team = Team.objects.create(details=Team.Details(name=name))
        group.save(update_fields=["team"])
        _join(group.team.pk, _members_of(_users_in(group)))
        journal.say("Made the group a team.")
    elif wanted and group.team is not None and group.team.details.name != name:
        group.team.details = Team.Details(name=name)
        group.team.save(update_fields=["details"])
        journal.say("Renamed the group's team.")
    elif not wanted and group.team is not None:
        team, group.team = group.team, None
        group.save(update_fields=["team"])
        team.delete()
        journal.say("Removed the group's team.")


def _join(team_id: UUID, member_ids: Iterable[UUID]) -> None:
    TeamMembership.objects.bulk_create(
        [TeamMembership(team_id=team_id, member_id=member_id) for member_id in member_ids], ignore_conflicts=True
    )


def _members_of(user_ids: Iterable[UUID]) -> list[UUID]:
    users = Resource.objects.filter(pk__in=list(user_ids), member__isnull=False)
    return [member_id for member_id in users.values_list("member_id", flat=True) if member_id]


def _users_in(group: Resource) -> list[UUID]:
    """Direct members alone: nothing flows through groups in groups."""
    users = Membership.objects.filter(group=group, member__resource_type="User")
    return list(users.values_list("member_id", flat=True))


def _outcome(name: str) -> tuple[str, str]:
    for rule in in_order():
        if fnmatchcase(name.casefold(), rule.details.pattern.casefold()):
            return rule.outcome, rule.role
    return Outcome.TEAM, ""


def _rank(role: str) -> int:
    return list(Role.values).index(role) if role in Role.values else -1
