"""The operator's people: who is on the staff, and whether their papers let them work.

They are members of the operator's organization (`CLOCKWISE_OPERATOR_DOMAIN`) and sign in as everybody does. They are
registered by command alone (`manage.py staff`); no page and no organization makes anybody staff.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations import lookups
from clockwise.organizations.guard import recognizes
from clockwise.organizations.models import Member
from clockwise.organizations.requests import member_of
from clockwise.organizations.roles import Caller
from privacy import legal
from privacy.legal import Document
from privacy.models import PolicySignature, StaffMember

# Training and signatures are renewed each year.
YEAR = timedelta(days=365)
# Names of staff pages in the table of roles start so.
PAGES = "staff"

POLICIES = (
    Document("staff_confidentiality", "Confidentiality", "", "1.0", date(2026, 11, 25)),
    Document("staff_non_disclosure", "Non-disclosure", "", "1.0", date(2026, 11, 25)),
    Document("staff_anti_harassment", "Anti-harassment", "", "1.0", date(2026, 11, 25)),
    Document("staff_conduct", "Code of conduct", "", "1.0", date(2026, 11, 25)),
    Document("staff_security", "Security", "", "1.0", date(2026, 11, 25)),
)


class NotStaff(ValueError):
    """The message says what is missing."""


@dataclass(frozen=True)
class Paper:
    """One thing that a staff member must have. `valid_until`: None for one that doesn't run out, or is missing."""

    name: str
    label: str
    is_valid: bool
    valid_until: datetime | None = None


@recognizes
def caller(request: HttpRequest) -> Caller | None:
    """A staff page is opened by a signed-in member whose papers are all valid now, and by nobody else."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    if not name.startswith(PAGES) or "Authorization" in request.headers:
        return None
    member = member_of(request)
    return Caller.STAFF if member is not None and may_work(member) else None


def is_operators(member: Member) -> bool:
    """Whether the member is of the operator's organization."""
    domain = settings.CLOCKWISE_OPERATOR_DOMAIN
    return bool(domain) and lookups.organization_by_domain(domain) == member.organization_id


def of(member: Member) -> StaffMember | None:
    """The member's entry in the register, in their own organization."""
    if not is_operators(member):
        return None
    return StaffMember.objects.filter(member=member, removed_at=None).first()


def may_work(member: Member) -> bool:
    person = of(member)
    return person is not None and all(paper.is_valid for paper in papers(person))


def papers(person: StaffMember) -> list[Paper]:
    """The background check, this year's training, and this year's signature under each policy as it now reads."""
    at = clock.now()
    checked, trained = person.background_checked_on, person.trained_on
    until = datetime.combine(trained, datetime.min.time(), at.tzinfo) + YEAR if trained else None
    return [
        Paper("background check", "Background check", checked is not None and checked <= at.date()),
        Paper("training", "Security and privacy training", until is not None and at < until, until),
        *_signatures(person, at),
    ]


def _signatures(person: StaffMember, at: datetime) -> Iterator[Paper]:
    for policy in POLICIES:
        signed = PolicySignature.objects.filter(
            member=person.member_id, policy=policy.name, sha256=legal.digest(policy), signed_at__gt=at - YEAR
        )
        newest = signed.order_by("-signed_at").first()
        yield Paper(policy.name, policy.title, newest is not None, newest.signed_at + YEAR if newest else None)


def sign(person: StaffMember, policy: Document, sha256: str) -> None:
    """Acknowledge a policy. sha256: of the text that was read. Raises NotStaff if it reads differently by now."""
    if sha256 != legal.digest(policy):
        raise NotStaff("The text has changed since you opened it. Read it again.")
    PolicySignature.objects.create(member_id=person.member_id, policy=policy.name, sha256=sha256, signed_at=clock.now())
    record("staff.policy_signed", by=person.member_id, target=person, policy=policy.name, sha256=sha256)


def register(member: Member, *, checked_on: date | None = None, trained_on: date | None = None) -> StaffMember:
    """Add somebody to the staff, or write down newer dates; a date left out stays. Raises NotStaff."""
    if not settings.CLOCKWISE_OPERATOR_DOMAIN:
        raise NotStaff("Set CLOCKWISE_OPERATOR_DOMAIN to the operator's Workspace domain first.")
    if not is_operators(member):
        raise NotStaff(f"Only members of {settings.CLOCKWISE_OPERATOR_DOMAIN} can be staff.")
    if any(day is not None and day > clock.now().date() for day in (checked_on, trained_on)):
        raise NotStaff("A check or a training can't be in the future.")
    person = StaffMember.objects.select_for_update().filter(member=member).first()
    person = person or StaffMember(member=member, registered_at=clock.now())
    person.removed_at = None
    person.background_checked_on = checked_on or person.background_checked_on
    person.trained_on = trained_on or person.trained_on
    person.save()
    days = {"checked_on": person.background_checked_on, "trained_on": person.trained_on}
    record("staff.registered", by=None, target=person, **{name: str(day or "") for name, day in days.items()})
    return person


def remove(member: Member) -> None:
    """From the next request on no staff page opens to them. Raises NotStaff."""
    person = of(member)
    if person is None:
        raise NotStaff("This member isn't on the staff.")
    person.removed_at = clock.now()
    person.save(update_fields=["removed_at"])
    record("staff.removed", by=None, target=person)
