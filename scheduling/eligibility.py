"""Whether a meeting may move at all, and if not, why (PRODUCT, "States and reasons")."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from scheduling.facts import Consent, Copy, Facts, Occurrence
from scheduling.intervals import MINUTE

FREEZE = timedelta(hours=20)


class State(StrEnum):
    FIXED = "fixed"  # nobody has made it flexible
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    FROZEN = "frozen"
    PINNED = "pinned"


class Reason(StrEnum):
    NONE = ""
    EXTERNAL = "external"
    NO_PERMISSION = "no_permission"
    NOT_CONNECTED = "not_connected"
    UNKNOWN_CALENDAR = "unknown_calendar"
    NOT_A_MEETING = "not_a_meeting"
    KIND = "kind"
    LOCKED = "locked"
    ROOMS = "rooms"
    ODD_TIMES = "odd_times"
    SYNCING = "syncing"
    IN_FLIGHT = "in_flight"
    PAST = "past"
    FREEZE = "freeze"
    MANUAL_EDIT = "manual_edit"


@dataclass(frozen=True)
class Status:
    """`blockers`: ids of the members whose calendars aren't known to us."""

    state: State
    reason: Reason = Reason.NONE
    blockers: tuple[UUID, ...] = ()


def status(occurrence: Occurrence, facts: Facts, *, freeze: timedelta = FREEZE) -> Status:
    """Where a meeting stands at `facts.at`; the first thing that stands in its way."""
    consent = facts.consent_for(occurrence)
    if consent is None:
        return Status(State.FIXED)
    reason = _standing(occurrence, facts) or _permission(occurrence, consent, facts)
    if reason:
        return Status(State.INELIGIBLE, reason)
    unknown = _unknown(occurrence, facts)
    if unknown is not None:
        return Status(State.INELIGIBLE, Reason.UNKNOWN_CALENDAR, unknown)
    return _moment(occurrence, facts, freeze)


def writing_copy(occurrence: Occurrence, facts: Facts) -> Copy | None:
    """The copy through which a move is written: the organizer's, else that of the guest who made it flexible."""
    consent = facts.consent_for(occurrence)
    if consent is None:
        return None
    organizer = next((copy for copy in occurrence.copies if copy.is_organizer and copy.is_writable), None)
    if organizer is not None:
        return organizer
    guest = occurrence.copy_of(consent.member_id)
    return guest if guest and guest.guests_can_modify and guest.is_writable else None


def is_frozen(start: datetime, at: datetime, freeze: timedelta = FREEZE) -> bool:
    """F6: exactly `freeze` ahead may still move."""
    return start - at < freeze


def _standing(occurrence: Occurrence, facts: Facts) -> Reason:
    """What no connection and no waiting changes."""
    if len(occurrence.addresses) < 2:
        return Reason.NOT_A_MEETING
    if any(_domain(address) not in facts.domains for address in occurrence.addresses):
        return Reason.EXTERNAL
    if occurrence.event_type != "default" or occurrence.is_all_day:
        return Reason.KIND
    if occurrence.is_locked:
        return Reason.LOCKED
    if len(occurrence.rooms) > 1:
        return Reason.ROOMS
    if occurrence.disagree:
        return Reason.SYNCING
    whole = occurrence.start.second == occurrence.start.microsecond == 0
    if not whole or (occurrence.end - occurrence.start) % MINUTE:
        return Reason.ODD_TIMES
    return Reason.NONE


def _permission(occurrence: Occurrence, consent: Consent, facts: Facts) -> Reason:
    """The one who made it flexible must still be allowed to, and somebody's connection must carry the write."""
    if writing_copy(occurrence, facts) is None:
        return Reason.NOT_CONNECTED if consent.member_id not in facts.people else Reason.NO_PERMISSION
    is_organizer = facts.addresses.get(occurrence.organizer) == consent.member_id
    is_guest = any(facts.addresses.get(guest.address) == consent.member_id for guest in occurrence.guests)
    permitted = is_organizer or (is_guest and any(copy.guests_can_modify for copy in occurrence.copies))
    return Reason.NONE if permitted else Reason.NO_PERMISSION


def _unknown(occurrence: Occurrence, facts: Facts) -> tuple[UUID, ...] | None:
    """Members whose calendars we can't see, None when all are known, be it by free/busy alone.

    Strangers among colleagues count, unnamed.
    """
    expected = {guest.address for guest in occurrence.guests if not guest.declined} - facts.colleagues.keys()
    unknown = sorted(address for address in expected if facts.addresses.get(address) not in facts.people)
    if not unknown and not occurrence.guests_hidden:
        return None
    return tuple(facts.addresses[address] for address in unknown if address in facts.addresses)


def _moment(occurrence: Occurrence, facts: Facts, freeze: timedelta) -> Status:
    if occurrence.meeting_index in facts.pinned:
        return Status(State.PINNED, Reason.MANUAL_EDIT)
    if occurrence.in_flight:
        return Status(State.INELIGIBLE, Reason.IN_FLIGHT)
    if occurrence.start <= facts.at:
        return Status(State.FROZEN, Reason.PAST)
    if is_frozen(occurrence.start, facts.at, freeze):
        return Status(State.FROZEN, Reason.FREEZE)
    return Status(State.ELIGIBLE)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
