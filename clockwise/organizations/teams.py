"""Teams: made, named, filled, deleted."""

from collections.abc import Iterable
from uuid import UUID

from clockwise.audit.record import record
from clockwise.organizations.models import Member, Team, TeamMembership
from clockwise.organizations.plans import Feature, ensure

LONGEST_NAME = 120


class BadTeam(ValueError):
    """The message says what to write instead."""


def create(name: str, *, by: Member) -> Team:
    """Raises BadTeam and FeatureLocked."""
    ensure(Feature.TEAMS)
    team = Team()
    team.claim_for_current_organization()
    team.details = Team.Details(_free_name(name, None))
    team.save(force_insert=True)
    record("team.created", by=by.pk, target=team)
    return team


def change(team: Team, *, name: str, member_ids: Iterable[UUID], by: Member) -> None:
    """Its name and who is in it. Ids of nobody here are passed over. Raises BadTeam and FeatureLocked."""
    ensure(Feature.TEAMS)
    name = _free_name(name, team)
    if name != team.details.name:
        team.details = Team.Details(name)
        team.save()
    wanted = set(Member.objects.filter(pk__in=list(member_ids)).values_list("pk", flat=True))
    present = set(TeamMembership.objects.filter(team=team).values_list("member_id", flat=True))
    TeamMembership.objects.filter(team=team, member__in=present - wanted).delete()
    TeamMembership.objects.bulk_create(
        TeamMembership(team=team, member_id=member_id) for member_id in sorted(wanted - present)
    )
    record("team.changed", by=by.pk, target=team, added=len(wanted - present), removed=len(present - wanted))


def delete(team: Team, *, by: Member) -> None:
    """The people stay."""
    record("team.deleted", by=by.pk, target=team)
    team.delete()


def _free_name(name: str, team: Team | None) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > LONGEST_NAME or not cleaned.isprintable():
        raise BadTeam(f"Give the team a name of at most {LONGEST_NAME} characters.")
    others = Team.objects.exclude(pk=team.pk) if team else Team.objects.all()
    if any(other.details.name.casefold() == cleaned.casefold() for other in others):
        raise BadTeam("Another team has this name already.")
    return cleaned
