"""Who signs in: from a verified Google identity to a member and a session."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.db import IntegrityError
from django.http import HttpRequest

from clockwise import clock
from clockwise.audit.record import record
from clockwise.encryption.blind_index import normalize_address
from clockwise.google.id_token import Identity
from clockwise.organizations import admission, lookups, members, sessions
from clockwise.organizations.models import Member, MemberDetails
from clockwise.organizations.roles import Role
from clockwise.tenancy import current


class SignInRefused(Exception):
    """`reason`: a word that the page explains."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class GoogleSignInBackend(BaseBackend):
    """Loads the member of a session, inside its organization. There is nothing to authenticate with a password."""

    def get_user(self, user_id: Any) -> Member | None:
        return Member.objects.filter(pk=user_id, is_active=True).first()


def reference_for(identity: Identity) -> lookups.MemberReference:
    """The member who is this Google account, made at the first sign-in of a Workspace account.

    The account is known by `sub` alone; an address that was given to somebody else opens nothing. A member
    whom an admin or an identity provider added is linked by the verified address, once.
    The verified domain says which organization: an account that left the Workspace opens nothing in it.
    Raises SignInRefused: `no_workspace`, `other_organization`, `inactive`, `address_reassigned`, `unlisted`.
    """
    if not identity.hosted_domain:
        raise SignInRefused("no_workspace")
    known = lookups.member_by_subject(identity.subject)
    if known is not None:
        if lookups.organization_by_domain(identity.hosted_domain) != known.organization_id:
            raise SignInRefused("other_organization")
        return known
    organization_id = _organization_for(identity.hosted_domain)
    with current.acting_for(organization_id):
        # The key is made before the transaction opens: the keystore may be far away.
        reserved = members.reserve() if not lookups.members_by_address(identity.email) else None
        with current.transaction():
            member = _linked(identity) or _added(identity, reserved)
            return lookups.MemberReference(organization_id, member.pk)


def _organization_for(domain: str) -> Any:
    found = lookups.organization_by_domain(domain)
    if found is not None:
        return found
    try:
        return members.create_organization(domain=domain, name=domain, plan=settings.CLOCKWISE_PLAN)
    except (IntegrityError, members.DomainTaken):
        # Two people of one company signed in for the first time at once: the other one's stands.
        return lookups.organization_by_domain(domain)


def _linked(identity: Identity) -> Member | None:
    member = Member.objects.select_for_update().filter(address_index=lookups.address_index(identity.email)).first()
    if member is None:
        return None
    if member.subject_index is not None or not member.is_active:
        raise SignInRefused("inactive" if not member.is_active else "address_reassigned")
    member.subject_index = lookups.subject_index(identity.subject)
    member.details = MemberDetails(
        address=normalize_address(identity.email), name=identity.name or member.details.name, subject=identity.subject
    )
    member.save(update_fields=["subject_index", "details"])
    record("member.linked", by=member.pk, target=member)
    return member


def _added(identity: Identity, reserved: UUID | None) -> Member:
    first = not Member.objects.exists()
    if not first and not admission.admits_unlisted():
        raise SignInRefused("unlisted")
    return members.add(
        address=identity.email,
        name=identity.name or identity.email,
        role=Role.OWNER if first else Role.MEMBER,
        subject=identity.subject,
        member_id=reserved,
    )


def open_session(request: HttpRequest, member: Member, *, vouched_at: datetime | None = None) -> None:
    """Sign the member in: a new session id, bound to the organization and the member's epoch.

    vouched_at: when Google said who this is. Raises SignInRefused: `inactive`; `ended_meanwhile` if access ended since.
    """
    # Locked, so that no access ends between this look and the new session.
    member = Member.objects.select_for_update().get(pk=member.pk)
    if not member.is_active:
        raise SignInRefused("inactive")
    # The time in an ID token has whole seconds.
    ended, vouched = member.access_ended_at, (vouched_at or clock.now()) + timedelta(seconds=1)
    if ended is not None and vouched <= ended:
        raise SignInRefused("ended_meanwhile")
    auth.login(request, member, backend="clockwise.organizations.signin.GoogleSignInBackend")
    sessions.open_for(request, member)
    member.signed_in_at = clock.now()
    member.save(update_fields=["signed_in_at"])
    record("session.opened", by=member.pk, target=member)
