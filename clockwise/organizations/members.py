"""Making organizations and members, and finding a member by address."""

from collections.abc import Collection
from uuid import UUID

from clockwise import clock
from clockwise.audit.record import record
from clockwise.encryption import keys
from clockwise.encryption.blind_index import normalize_address
from clockwise.organizations import lookups
from clockwise.organizations.models import (
    Domain,
    DomainDetails,
    Member,
    MemberDetails,
    Organization,
    OrganizationDetails,
)
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from clockwise.tenancy.models import time_ordered_id


class AmbiguousAddress(Exception):
    """The address fits members of more than one organization."""


class UnknownAddress(Exception):
    """No member has this address."""


class DomainTaken(Exception):
    """The domain belongs to an organization already."""


def create_organization(*, domain: str, name: str, plan: str) -> UUID:
    """Make an organization with its key and domain. The key is in the keystore before the first row names it.

    Opens its own transaction. Raises DomainTaken, also when somebody else is making it right now.
    """
    if lookups.organization_by_domain(domain) is not None:
        raise DomainTaken("This domain has an organization already.")
    organization_id = time_ordered_id()
    keys.create_organization_key(organization_id)
    with current.organization(organization_id):
        Organization.objects.create(
            id=organization_id, plan=plan, details=OrganizationDetails(name=name), created_at=clock.now()
        )
        Domain.objects.create(
            domain_index=lookups.domain_index(domain), details=DomainDetails(domain=domain.strip().casefold())
        )
        record("organization.created", by=None, plan=plan)
    return organization_id


def reserve() -> UUID:
    """The id of a member to be in the current organization, with their key made. Comes before the transaction opens.

    A key that no member takes in the end harms nobody.
    """
    member_id = time_ordered_id()
    keys.create_member_key(current.require_organization_id(), member_id)
    return member_id


def add(
    *, address: str, name: str, role: Role = Role.MEMBER, subject: str = "", member_id: UUID | None = None
) -> Member:
    """Make a member of the current organization, with a key of their own.

    `subject` is Google's `sub`; without it the member is linked at the first sign-in with that address.
    `member_id` was reserved before the transaction; without it the keystore is waited for inside.
    """
    member = Member(id=member_id or reserve(), organization_id=current.require_organization_id(), role=role)
    member.details = MemberDetails(address=normalize_address(address), name=name, subject=subject)
    member.address_index = lookups.address_index(address)
    member.subject_index = lookups.subject_index(subject) if subject else None
    member.created_at = clock.now()
    member.save(force_insert=True)
    record("member.added", by=None, target=member, role=str(role))
    return member


def find(address: str, *, organization_domain: str | None = None) -> lookups.MemberReference:
    """The one member with this address. Raises UnknownAddress or AmbiguousAddress."""
    found = lookups.members_by_address(address)
    if organization_domain:
        organization_id = lookups.organization_by_domain(organization_domain)
        found = [reference for reference in found if reference.organization_id == organization_id]
    if not found:
        raise UnknownAddress("No member has this address: has the person signed in?")
    if len(found) > 1:
        raise AmbiguousAddress("Members of two organizations have this address: name one with --organization DOMAIN.")
    return found[0]


def by_addresses(addresses: Collection[str], *, only_active: bool = True) -> dict[str, UUID]:
    """Ids of the current organization's members with these addresses, by the address as it was given."""
    indexes = {lookups.address_index(address): address for address in addresses}
    found = Member.objects.filter(address_index__in=indexes)
    rows = found.filter(is_active=True) if only_active else found
    return {indexes[bytes(index)]: member_id for index, member_id in rows.values_list("address_index", "pk")}


def domains() -> frozenset[str]:
    """The current organization's Workspace domains, lower case."""
    return frozenset(domain.details.domain for domain in Domain.objects.all())
