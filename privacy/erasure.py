"""Erasing a person: access ends, Google is told, rows go, their key is shredded, and a tombstone stays.

Each step can be repeated, so that a crash between two of them only costs the sweep's half minute. The keystore keeps
a tombstone of its own; after a restore `replay` erases again whom the dump brought back.
"""

import logging
from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from clockwise import clock
from clockwise.audit.record import record
from clockwise.encryption import keys
from clockwise.encryption.keys import KeyOwner
from clockwise.organizations import access, standing
from clockwise.organizations.models import Member, Organization
from clockwise.organizations.reasons import Reason
from clockwise.organizations.roles import Role
from clockwise.tenancy import current, messages
from privacy import purges, register
from privacy.models import Erasure

log = logging.getLogger(__name__)
Farewell = Callable[[UUID], bool]
_farewells: list[Farewell] = []


class NotConfirmed(ValueError):
    """What was typed isn't the address of the person to erase."""


def before_rows_go(function: Farewell) -> Farewell:
    """Register who has something to end outside (a grant at Google); it gets the member's id, opens its own
    transactions, tries once, and answers whether it is done."""
    _farewells.append(function)
    return function


def request(member: Member, *, typed: str, by: Member) -> Erasure:
    """End the person's access now and have the rest erased by a worker within a minute.

    Raises NotConfirmed, and LastOwner or NotAllowed as for deactivating.
    """
    if typed.strip().casefold() != member.details.address.casefold():
        raise NotConfirmed("Type the person's address exactly as it stands here.")
    if member.role == Role.OWNER and by.role != Role.OWNER:
        raise standing.NotAllowed
    if member.role == Role.OWNER:
        standing.ensure_other_owners([member.pk])
    return begin(member, by=by.pk)


def begin(member: Member, *, by: UUID | None) -> Erasure:
    """In the caller's transaction, for commands and pages alike. Twice is once."""
    access.end(member, reason=Reason.ERASED)
    erasure = _noted(member.pk, by)
    record("privacy.erasure_requested", by=by, target=member)
    transaction.on_commit(_wake)
    return erasure


def _noted(member_id: UUID, by: UUID | None) -> Erasure:
    erasure, _ = Erasure.objects.update_or_create(
        member_id=member_id,
        defaults={"finished_at": None},
        create_defaults={"requested_by": by, "requested_at": clock.now()},
    )
    return erasure


def _wake() -> None:
    from privacy import tasks

    messages.wake(tasks.carry_out_erasures)


def carry_out_all() -> int:
    """Every erasure that was asked for. Opens its own transactions; returns how many it finished."""
    with current.transaction():
        waiting = list(Erasure.objects.filter(finished_at=None).order_by("requested_at").values_list("pk", flat=True))
    for erasure_id in waiting:
        carry_out(erasure_id)
    return len(waiting)


def carry_out(erasure_id: UUID) -> None:
    with current.transaction():
        member_id = Erasure.objects.get(pk=erasure_id).member_id
    answers = [_is_told(function, member_id) for function in _farewells]
    organization_id = current.require_organization_id()
    with current.transaction():
        counts = _delete_rows(member_id)
        Erasure.objects.filter(pk=erasure_id).update(counts=counts, told_google=all(answers))
    # Last: until here a crash leaves rows that the next try can still read.
    keys.shred_member(organization_id, member_id)
    with current.transaction():
        erasure = Erasure.objects.get(pk=erasure_id)
        if erasure.finished_at is None:
            erasure.finished_at = clock.now()
            erasure.save(update_fields=["finished_at"])
            record("member.erased", by=erasure.requested_by, target=erasure, counts=erasure.counts)


def replay() -> int:
    """Erase again whom a restore has brought back, in every organization. Returns how many."""
    count = 0
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            with current.transaction():
                there = list(Member.objects.values_list("pk", flat=True))
            back = [member_id for member_id in there if keys.is_shredded(KeyOwner(organization_id, member_id))]
            with current.transaction():
                # Their words can't be read any more, so nothing of them is ended one by one: the rows go.
                for member_id in back:
                    _noted(member_id, None)
            count += len(back)
            carry_out_all()
    return count


def _is_told(function: Farewell, member_id: UUID) -> bool:
    try:
        return function(member_id)
    except Exception as error:  # noqa: BLE001 - an erasure doesn't wait for others; its words stay out of the log
        log.warning("Something outside couldn't be told of an erasure: %s.", type(error).__name__)
        return False


def _delete_rows(member_id: UUID) -> dict[str, int]:
    """The person's rows, children first by the database's own cascades. Sealed words needn't be readable for it."""
    found = [each for each in register.about_people() if each.person and each.erased]
    counts = purges.add_up({each.label: each.rows_of(member_id).count()} for each in found)
    for each in found:
        if each.model is not Member:
            each.rows_of(member_id).delete()
    Member.objects.filter(pk=member_id).delete()
    return counts
