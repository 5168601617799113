"""Workspace domains of an organization: whose accounts become its members."""

import re

from django.db import IntegrityError, transaction

from clockwise.audit.record import record
from clockwise.organizations import lookups
from clockwise.organizations.models import Domain, DomainDetails, Member

_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_CONSUMER = frozenset({"gmail.com", "googlemail.com"})


class BadDomain(ValueError):
    """The message says what to do instead."""


def add(name: str, *, by: Member) -> Domain:
    """Raises BadDomain. It may be added only by somebody whose own address lies in it: that is the proof of it."""
    domain = name.strip().casefold().removeprefix("@")
    if not _NAME.fullmatch(domain):
        raise BadDomain("Write a domain such as company.example.")
    if domain in _CONSUMER:
        raise BadDomain("Addresses of this domain belong to private people, not to an organization.")
    if by.details.address.rpartition("@")[2] != domain:
        raise BadDomain(
            "Sign in with an address of that domain, as an admin of this organization, to add it. "
            "So nobody adds a domain that isn't theirs."
        )
    try:
        with transaction.atomic():
            added = Domain(domain_index=lookups.domain_index(domain))
            added.claim_for_current_organization()
            added.details = DomainDetails(domain=domain)
            added.save(force_insert=True)
    except IntegrityError:
        raise BadDomain("This domain has an organization already.") from None
    record("organization.domain_added", by=by.pk, target=added)
    return added


def remove(domain: Domain, *, by: Member) -> None:
    """Its members stay; new accounts of it no longer join. Raises BadDomain for the last one."""
    if Domain.objects.select_for_update().count() < 2:
        raise BadDomain("An organization keeps at least one domain.")
    record("organization.domain_removed", by=by.pk, target=domain)
    domain.delete()
