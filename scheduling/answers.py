"""A plan or a stored proposal as the last line of `manage.py optimize`, for programs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from calendars.models import Event
from clockwise.organizations.models import Member
from scheduling.models import Proposal
from scheduling.plan import Plan

Json = dict[str, Any]


def of_plan(plan: Plan) -> Json:
    """A dry run: nothing is stored, so there is no id."""
    addresses = _addresses()
    events = Event.objects.select_related("calendar").in_bulk(
        [m.copy.event_id for m in plan.moves] + [s.occurrence.copies[0].event_id for s in plan.stays]
    )
    # What was deleted while the engine thought is no part of the answer.
    moves = [m for m in plan.moves if m.copy.event_id in events]
    stays = [s for s in plan.stays if s.occurrence.copies[0].event_id in events]
    names = addresses | _google_ids(s.blockers for s in stays)
    return {
        "id": None,
        "plan_hash": plan.plan_hash,
        "status": plan.status,
        "score_before": plan.score_before,
        "score": plan.score,
        "bound": plan.bound,
        "moves": [
            _move(
                events[m.copy.event_id],
                (m.occurrence.start, m.occurrence.end),
                (m.start, m.end),
                m.gain,
                m.reason.by_person,
                addresses,
            )
            for m in moves
        ],
        "holds": [_hold(h.member_id, h.kind, h.action, h.start, h.end, addresses) for h in plan.holds],
        "stays": [_stay(events[s.occurrence.copies[0].event_id], s.reason, s.blockers, names) for s in stays],
    }


def of_proposal(proposal: Proposal) -> Json:
    addresses = _addresses()
    moves = proposal.moves.select_related("event", "event__calendar").order_by("start", "id")
    holds = proposal.hold_changes.order_by("start", "id")
    stays = list(proposal.stays.select_related("event").order_by("event__start", "id"))
    names = addresses | _google_ids(s.blockers for s in stays)
    return {
        "id": str(proposal.pk),
        "plan_hash": proposal.plan_hash,
        "status": proposal.engine_status,
        "score_before": proposal.score_before,
        "score": proposal.score,
        "bound": proposal.bound,
        "moves": [
            _move(m.event, (m.old_start, m.old_end), (m.start, m.end), m.gain, m.reason.by_person, addresses)
            for m in moves
        ],
        "holds": [_hold(h.member_id, h.kind, h.action, h.start, h.end, addresses) for h in holds],
        "stays": [_stay(s.event, s.reason, s.blockers, names) for s in stays],
    }


def _addresses() -> dict[UUID, str]:
    return {member.pk: member.details.address for member in Member.objects.all()}


def _move(
    event: Event,
    old: tuple[datetime, datetime],
    new: tuple[datetime, datetime],
    gain: float,
    by_person: dict[str, float],
    addresses: dict[UUID, str],
) -> Json:
    return {
        "event": event.google_id,
        "calendar": event.calendar.details.google_id,
        "organizer": event.details.organizer,
        "from": [at.isoformat() for at in old],
        "to": [at.isoformat() for at in new],
        "room": next((a.address for a in event.details.attendees if a.is_room), None),
        "gain": gain,
        "by_person": {addresses.get(UUID(key), key): minutes for key, minutes in by_person.items()},
        "reason": "better",
    }


def _hold(member_id: UUID, kind: str, action: str, start: datetime, end: datetime, addresses: dict[UUID, str]) -> Json:
    times = {"start": start.isoformat(), "end": end.isoformat()}
    return {"email": addresses[member_id], "kind": kind, "action": action, **times}


def _google_ids(blockers: Iterable[Sequence[str]]) -> dict[UUID, str]:
    """Of the blockers that are events; the others are members."""
    keys = {UUID(key) for each in blockers for key in each}
    return dict(Event.objects.filter(pk__in=keys).values_list("pk", "google_id"))


def _stay(event: Event, reason: str, blockers: Sequence[str], names: dict[UUID, str]) -> Json:
    """`names`: addresses of members, Google ids of events; a blocker that is gone meanwhile goes unnamed."""
    found = [names[UUID(key)] for key in blockers if UUID(key) in names]
    return {"event": event.google_id, "reason": reason, "blockers": found}
