"""What members consent or object to. Whoever uses data in such a way asks here first."""

from dataclasses import dataclass
from uuid import UUID

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member
from privacy.models import PrivacyChoice

Use = PrivacyChoice.Use


@dataclass(frozen=True)
class Asked:
    """`by_default`: whether it is done as long as nobody said anything (an objection stops it), or only on consent."""

    use: str
    label: str
    what: str
    by_default: bool


NOT_YET = "Nothing of the kind is made yet; your answer is kept for when it is. "
ASKED = (
    Asked(
        Use.COLLEAGUES,
        "My name in what colleagues see of a plan",
        "What a move brings you, and that something of yours stands in its way; never what. And, where an admin lets "
        "Clockwise read the Workspace directory, your name and photo beside meetings that you share. Legitimate "
        "interest; you may object, and are “a colleague” then.",
        True,
    ),
    Asked(
        Use.TEAM_FIGURES,
        "My time in figures of teams",
        "Hours of meetings and focus time, added up with at least four others'. "
        f"{NOT_YET}Legitimate interest; you may object.",
        True,
    ),
    Asked(
        Use.SUGGESTIONS,
        "Suggestions from my past weeks",
        f"Which of my meetings could be flexible. {NOT_YET}Legitimate interest; you may object.",
        True,
    ),
    Asked(
        Use.PRODUCT_NEWS,
        "News about Clockwise by mail",
        f"At most once a month. {NOT_YET}Only with your consent.",
        False,
    ),
)
_BY_USE = {asked.use: asked for asked in ASKED}


def allows(member_id: UUID, use: str) -> bool:
    newest = PrivacyChoice.objects.filter(member=member_id, use=use).order_by("-at", "-id").first()
    return not newest.objects_to_it if newest else _BY_USE[use].by_default


def who_allows(member_ids: frozenset[UUID], use: str) -> frozenset[UUID]:
    """Of these members, those whose data may be used so: in one query, for whoever adds up figures."""
    newest: dict[UUID, bool] = {}
    rows = PrivacyChoice.objects.filter(use=use, member__in=member_ids).order_by("at", "id")
    for member_id, objects_to_it in rows.values_list("member_id", "objects_to_it"):
        newest[member_id] = not objects_to_it
    default = _BY_USE[use].by_default
    return frozenset(member_id for member_id in member_ids if newest.get(member_id, default))


def choose(member: Member, use: str, *, allowed: bool) -> None:
    """Write down a yes or no; the old one stays as the record of what held until now."""
    if use not in _BY_USE or allows(member.pk, use) == allowed:
        return
    PrivacyChoice.objects.create(member=member, use=use, objects_to_it=not allowed, at=clock.now())
    record("privacy.choice_made", by=member.pk, target=member, use=use, allowed=allowed)
