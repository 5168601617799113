"""What must be found before an organization is current: ids only, by functions of a role that may see nothing else.

The SQL functions are SECURITY DEFINER and belong to `cw_lookup` (migration `0002_lookups`).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from clockwise.encryption.blind_index import installation_index, normalize_address


@dataclass(frozen=True)
class MemberReference:
    organization_id: UUID
    member_id: UUID


def subject_index(subject: str) -> bytes:
    return installation_index("subject", subject)


def address_index(address: str) -> bytes:
    return installation_index("address", normalize_address(address))


def domain_index(domain: str) -> bytes:
    return installation_index("domain", domain.strip().casefold())


def token_hash(token: str) -> bytes:
    """Tokens are 256 random bits, so that a plain hash can't be searched."""
    return hashlib.sha256(token.encode()).digest()


def member_by_subject(subject: str) -> MemberReference | None:
    return next(iter(_references("lookup_member_by_subject", subject_index(subject))), None)


def members_by_address(address: str) -> list[MemberReference]:
    """Members of any organization with this address; more than one organization may have invited it."""
    return _references("lookup_members_by_address", address_index(address))


def member_by_token(token: str) -> MemberReference | None:
    return next(iter(_references("lookup_member_by_token", token_hash(token))), None)


def organization_by_domain(domain: str) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lookup_organization_by_domain(%s)", [domain_index(domain)])
        found: UUID | None = cursor.fetchone()[0]
        return found


def organizations_signed_in(since: datetime) -> list[UUID]:
    """Organizations of which a browser was seen since then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id FROM lookup_organizations_signed_in(%s)", [since])
        return [organization_id for (organization_id,) in cursor.fetchall()]


def _references(function: str, value: bytes) -> list[MemberReference]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT organization_id, member_id FROM {function}(%s)", [value])  # noqa: S608
        return [MemberReference(*row) for row in cursor.fetchall()]
