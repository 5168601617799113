"""A plan or a stored proposal as the last line of `manage.py optimize`, for programs."""

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
            for m in plan.moves
        ],
        "holds": [_hold(h.member_id, h.kind, h.action, h.start, h.end, addresses) for h in plan.holds],
        "stays": [
            _stay(events[s.occurrence.copies[0].event_id], s.reason, list(s.blockers), addresses) for s in plan.stays
        ],
    }


def of_proposal(proposal: Proposal) -> Json:
    addresses = _addresses()
    moves = proposal.moves.select_related("event", "event__calendar").order_by("start", "id")
    holds = proposal.hold_changes.order_by("start", "id")
    stays = proposal.stays.select_related("event").order_by("event__start", "id")
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
        "stays": [_stay(s.event, s.reason, s.blockers, addresses) for s in stays],
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


def _stay(event: Event, reason: str, blockers: list[str], addresses: dict[UUID, str]) -> Json:
    return {"event": event.google_id, "reason": reason, "blockers": [_blocker(key, addresses) for key in blockers]}


def _blocker(key: str, addresses: dict[UUID, str]) -> str:
    return addresses.get(UUID(key), key)
