"""Whose time the meetings of moves take, as it is known when somebody decides about them (F3)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from calendars import colleagues
from calendars.models import Colleague, Event, GoogleConnection
from clockwise.encryption.blind_index import normalize_address
from clockwise.organizations import members
from clockwise.organizations.titles import Reader
from scheduling.models import Move
from scheduling.recognition import takes_time

Attendees = dict[bytes, set[UUID]]


def with_copies(meetings: Collection[bytes], words: Reader) -> Attendees:
    """By meeting, the members on whose calendars it takes time; who has declined needn't be free."""
    found: Attendees = {meeting: set() for meeting in meetings}
    for copy in Event.objects.filter(meeting_index__in=meetings):
        if takes_time(copy, words):
            found[bytes(copy.meeting_index)].add(copy.member_id)
    return found


def listed(moves: Iterable[Move]) -> Mapping[str, set[bytes]]:
    """By address, the meetings that a guest is asked to and hasn't declined."""
    found: defaultdict[str, set[bytes]] = defaultdict(set)
    for move in moves:
        for guest in move.event.details.attendees:
            if not guest.is_room and guest.response != "declined":
                found[normalize_address(guest.address)].add(bytes(move.event.meeting_index))
    return found


def unknown(moves: Iterable[Move]) -> set[bytes]:
    """Meetings with a guest whose calendar nobody tells us of any more, as one who has disconnected since the run."""
    asked = listed(moves)
    there = members.by_addresses(asked)
    connected = GoogleConnection.objects.filter(member__in=there.values(), state=GoogleConnection.State.ACTIVE)
    told = set(connected.values_list("member_id", flat=True))
    known = {address for address, member_id in there.items() if member_id in told} | colleagues.known(asked).keys()
    return {meeting for address in asked.keys() - known for meeting in asked[address]}


def add_listed(attendees: Attendees, moves: Sequence[Move]) -> dict[UUID, Colleague]:
    """Add those on the list of guests who have no copy: members, and colleagues known by free/busy, by row id.

    Returns the colleagues. What was told of one before a move was decided says nothing of the meeting's present place.
    """
    asked = listed(moves)
    with_copy = Event.objects.filter(meeting_index__in=attendees).values_list("meeting_index", "member_id")
    answered = {(bytes(meeting), member_id) for meeting, member_id in with_copy}
    for address, member_id in members.by_addresses(asked).items():
        for meeting in asked[address]:
            if (meeting, member_id) not in answered:
                attendees[meeting].add(member_id)
    decided = {bytes(move.event.meeting_index): move.decided_at for move in moves}
    known = colleagues.known(asked)
    for address, row in known.items():
        for meeting in asked[address]:
            decided_at = decided[meeting]
            if decided_at is None or (row.asked_at and row.asked_at > decided_at):
                attendees[meeting].add(row.pk)
    return {row.pk: row for row in known.values()}
