"""What a user of the identity provider means for a member: made, linked, renamed, gone, back again.

Everything that is ours happens in the request's transaction, before its answer; what is Google's is queued there.
"""

from functools import cache
from secrets import token_bytes
from uuid import UUID

from clockwise.audit.record import record
from clockwise.encryption.blind_index import INDEX_BYTES, normalize_address
from clockwise.harmless import own_direction
from clockwise.organizations import access, lookups, members
from clockwise.organizations.models import Member, MemberDetails
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current
from clockwise.tenancy.prepared import Prepared
from scim import rules
from scim.journal import Journal
from scim.models import Resource
from scim.schema.attributes import Json

TRIAL_USERS = 10


def reserve(document: Json) -> UUID | None:
    """The id of a member that the document will need, with a key; None where there is one already, or no address.

    Comes before the transaction opens, since the keystore may be far away.
    """
    address = address_of(document)
    if not address:
        return None
    here = current.require_organization_id()
    known = any(found.organization_id == here for found in lookups.members_by_address(address))
    return None if known else members.reserve()


def link_new(user: Resource, document: Json, journal: Journal, *, reserved: list[UUID]) -> None:
    """Give a user that is about to be saved its member. `reserved`: ids from `reserve`, of which one may be taken."""
    user.member = _member_for(user, document, journal, reserved)
    _follow_active(user, journal)


def settle(user: Resource, document: Json, journal: Journal, *, before: Json | None = None) -> None:
    """Bring the user's member in line with its document and its `active`. `before`: the document as it was."""
    if user.member is None:
        _link(user, document, journal)
    elif before is not None and _identity(before) != _identity(document):
        _rename(user.member, document, journal)
    _follow_active(user, journal)


def _link(user: Resource, document: Json, journal: Journal) -> None:
    user.member = _member_for(user, document, journal, [])
    if user.member is not None:
        user.save(update_fields=["member"])
        rules.settle_user(user, journal)


def _follow_active(user: Resource, journal: Journal) -> None:
    member = user.member
    if member is None:
        return
    if member.is_active and user.active is False:
        end(member, journal)
    elif user.active and not member.is_active:
        restore(member, journal)


def leave(user: Resource, journal: Journal) -> None:
    """The user is deleted: the member stays, without access, so that they can't come back by signing in."""
    if user.member is not None and user.member.is_active:
        end(user.member, journal)


def end(member: Member, journal: Journal) -> None:
    """End all access of a member, the last owner's too: who is gone is gone, but not silently."""
    if rules.is_last_owner(member):
        journal.alert("The last owner has lost access. The organization has no owner now: appoint one.")
        record("scim.owner_lost", by=None, target=member)
    access.end(member, reason=Reason.IDENTITY_PROVIDER)
    record("scim.user_deactivated", by=None, target=member)
    journal.say("Ended the member's access: sessions, API tokens, calendar sync and queued work.")


def restore(member: Member, journal: Journal) -> None:
    access.restore(member, reason=Reason.IDENTITY_PROVIDER)
    record("scim.user_reactivated", by=None, target=member)
    journal.say("Restored the member's access. They sign in again.")


def address_of(document: Json) -> str:
    """The address that a person signs in with: the userName where it is one, else the primary or first e-mail."""
    user_name = str(document.get("userName", ""))
    if "@" in user_name:
        return normalize_address(user_name)
    emails = [email for email in document.get("emails", []) if "@" in str(email.get("value", ""))]
    emails.sort(key=lambda email: (not email.get("primary"), email.get("type") != "work"))
    return normalize_address(emails[0]["value"]) if emails else ""


def name_of(document: Json) -> str:
    name = document.get("name", {})
    whole = " ".join(part for part in (name.get("givenName"), name.get("familyName")) if part)
    return str(document.get("displayName") or name.get("formatted") or whole or document.get("userName", ""))


def settle_everybody() -> Journal:
    """The trial is over: what the identity provider sent so far takes effect."""
    journal = Journal()
    for user in Resource.objects.filter(resource_type="User").select_related("member").order_by("created_at", "id"):
        settle(user, user.document, journal)
    rules.apply_to_all()
    return journal


def _member_for(user: Resource, document: Json, journal: Journal, reserved: list[UUID]) -> Member | None:
    """The member with the user's address, made where there is none; None where it is another user's."""
    address = address_of(document)
    if not address:
        journal.say("The user has no address, so no member was made.")
        return None
    member = next(iter(_with_address().rows(lookups.address_index(address))), None)
    if member is None:
        member = _make_member(
            address, document, active=bool(user.active), member_id=reserved.pop() if reserved else None
        )
        journal.say("Made a member, who is linked at their first sign-in with this address.")
    elif Resource.objects.filter(member=member).exists():
        journal.alert("Another user has the same address already, so this one was linked to no member.")
        return None
    else:
        journal.say("Linked the user to the member with this address.")
    return member


@cache
def _with_address() -> Prepared[Member]:
    stand_in = token_bytes(INDEX_BYTES)
    return Prepared(Member.objects.filter(address_index=stand_in), [stand_in])


def _make_member(address: str, document: Json, *, active: bool, member_id: UUID | None) -> Member:
    member = members.add(address=address, name=name_of(document) or address, member_id=member_id)
    if not active:
        # Nobody had access yet that would have to end.
        member.is_active = False
        member.save(update_fields=["is_active"])
    return member


def _identity(document: Json) -> tuple[str, str]:
    return address_of(document), name_of(document)


def _rename(member: Member, document: Json, journal: Journal) -> None:
    address, name = _identity(document)
    index = lookups.address_index(address) if address else b""
    if index and index != bytes(member.address_index):
        if Member.objects.filter(address_index=index).exclude(pk=member.pk).exists():
            journal.alert("Another member has the new address already, so the member's address was kept.")
            address = ""
        else:
            member.address_index = index
            journal.say("Changed the member's address.")
    details = member.details
    member.details = MemberDetails(
        address=address or details.address, name=own_direction(name) or details.name, subject=details.subject
    )
    member.save(update_fields=["address_index", "details"])
    record("member.changed", by=None, target=member, reason="identity provider")
