"""Two organizations without calendars, for tests of walls, sign-in and access. (`tests/company.py` adds calendars.)"""

from dataclasses import dataclass
from uuid import UUID

from clockwise.organizations import members
from clockwise.organizations.models import Member
from clockwise.organizations.roles import Role
from clockwise.tenancy import current


@dataclass(frozen=True)
class Pair:
    """Ada owns the first organization, Ben is her colleague; Mallory owns the second."""

    organization_id: UUID
    ada: Member
    ben: Member
    other_organization_id: UUID
    mallory: Member


def make_pair() -> Pair:
    first = members.create_organization(domain="company.example", name="Company", plan="enterprise")
    second = members.create_organization(domain="mallory.example", name="Mallory's", plan="enterprise")
    with current.organization(first):
        ada = members.add(address="ada@company.example", name="Ada", role=Role.OWNER, subject="1001")
        ben = members.add(address="ben@company.example", name="Ben", subject="1002")
    with current.organization(second):
        mallory = members.add(address="mallory@mallory.example", name="Mallory", role=Role.OWNER, subject="2001")
    return Pair(first, ada, ben, second, mallory)
