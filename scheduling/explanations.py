"""Reasons in plain sentences, for the person who looks: names and figures, no words of anybody else's calendar."""

from collections.abc import Sequence
from uuid import UUID

from calendars.models import Event
from clockwise.organizations.models import Member
from scheduling import colleague_names
from scheduling.eligibility import Reason, Status
from scheduling.models import Move, Proposal, Stay

STATUS = {
    Reason.EXTERNAL: "Somebody outside the organization attends, so it stays.",
    Reason.NO_PERMISSION: "Google doesn't let the one who made it flexible change it.",
    Reason.NOT_CONNECTED: "The calendar of the one who made it flexible isn't connected.",
    Reason.UNKNOWN_CALENDAR: "Somebody who attends hasn't connected a calendar, so nobody knows when they are free.",
    Reason.NOT_A_MEETING: "Nobody else attends.",
    Reason.KIND: "This kind of event doesn't move.",
    Reason.LOCKED: "Google has locked this event.",
    Reason.ROOMS: "It takes more than one room.",
    Reason.ODD_TIMES: "It doesn't begin and end on whole minutes.",
    Reason.SYNCING: "Its guests' calendars don't tell the same time yet.",
    Reason.IN_FLIGHT: "A change of it is on its way to Google.",
    Reason.PAST: "It has begun.",
    Reason.FREEZE: "It starts within the freeze that your organization has set, so it stays.",
    Reason.MANUAL_EDIT: "Somebody put it there by hand, so it stays.",
}
ENGINE = {
    "best": "Where it is, is the best place for everybody.",
    "no_place": "No time in its range suits the meeting hours of everybody.",
    "limits": "Moving it would cost somebody more focus time than the limit allows.",
    "conflict": "Each other time in its range overlaps something of somebody who attends.",
}


def status_sentence(status: Status, *, viewer: Member) -> str:
    sentence = STATUS.get(status.reason, "")
    names = list(colleague_names.shown_to(viewer, status.blockers).values())
    if status.reason == Reason.UNKNOWN_CALENDAR and names:
        return f"The calendar of {_and(names)} isn't connected, so nobody knows when they are free."
    return sentence


def move_sentence(move: Move, *, viewer: Member) -> str:
    """What the move brings to whom; the viewer first."""
    parts = []
    if move.reason.conflicts_solved:
        parts.append(f"resolves {_count(move.reason.conflicts_solved, 'conflict')}")
    if move.reason.lunches > 0:
        parts.append(f"keeps {_count(move.reason.lunches, 'lunch', 'lunches')} free")
    if move.reason.focus_minutes > 0:
        parts.append(f"joins {move.reason.focus_minutes} minutes of focus time{_for_whom(move, viewer)}")
    if not parts:
        return "Makes room for the other moves."
    sentence = _and(parts)
    return f"{sentence[0].upper()}{sentence[1:]}. Everybody is free at the new time."


def stay_sentence(stay: Stay, *, viewer: Member) -> str:
    kind, _, word = stay.reason.partition(":")
    if kind == "engine":
        return ENGINE.get(word, "") + _blocked_by(stay, viewer)
    try:
        return STATUS.get(Reason(word), "")
    except ValueError:
        return ""


def bound_sentence(proposal: Proposal) -> str:
    """How near the best: what the proof says."""
    if proposal.engine_status == "optimal":
        return "Proven: no better plan exists"
    if proposal.bound is None or not proposal.score:
        return ""
    percent = max(0.0, (proposal.bound - proposal.score) / abs(proposal.score) * 100)
    return f"At most {percent:.1f} % better is possible"


def _for_whom(move: Move, viewer: Member) -> str:
    gaining = {UUID(key) for key, minutes in move.reason.by_person.items() if minutes > 0}
    if not gaining:
        return ""
    if gaining == {viewer.pk}:
        return " for you"
    others = len(gaining - {viewer.pk})
    people = _count(
        others, "colleague" if viewer.pk in gaining else "person", None if viewer.pk in gaining else "people"
    )
    return f" for you and {people}" if viewer.pk in gaining else f" for {people}"


def _blocked_by(stay: Stay, viewer: Member) -> str:
    """Events of the viewer's own calendar by title; others' only by whose they are."""
    if not stay.blockers:
        return ""
    events = Event.objects.filter(pk__in=_uuids(stay.blockers))[:3]
    indexes = [bytes(event.meeting_index) for event in events]
    own = {bytes(e.meeting_index): e for e in Event.objects.filter(member=viewer, meeting_index__in=indexes)}
    names = colleague_names.shown_to(viewer, [event.member_id for event in events])
    named = [
        f"“{own[bytes(event.meeting_index)].details.title}”"
        if bytes(event.meeting_index) in own
        else f"something of {names.get(event.member_id, 'a colleague')}"
        for event in events
    ]
    return f" In the way: {_and(list(dict.fromkeys(named)))}." if named else ""


def _uuids(texts: Sequence[str]) -> list[UUID]:
    return [UUID(text) for text in texts]


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
