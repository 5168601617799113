"""What the API says of a row, to the member who asks."""

from typing import Any

from calendars.models import Event
from clockwise.organizations.models import Member
from scheduling.models import Proposal


def member_fields(member: Member) -> dict[str, Any]:
    return {
        "id": str(member.pk),
        "address": member.details.address,
        "name": member.details.name,
        "role": member.role,
        "organization": str(member.organization_id),
    }


def event_fields(event: Event) -> dict[str, Any]:
    """An event of the caller's own calendar."""
    return {
        "id": str(event.pk),
        "google_id": event.google_id,
        "title": event.details.title,
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "all_day": event.is_all_day,
        "response": event.response,
        "organizer": event.is_organizer,
    }


def proposal_fields(proposal: Proposal, *, viewer: Member) -> dict[str, Any]:
    """Moves of meetings that the viewer attends, and the viewer's own holds."""
    mine = set(
        Event.objects.filter(
            member=viewer, meeting_index__in=proposal.moves.values("event__meeting_index")
        ).values_list("google_id", flat=True)
    )
    moves = [
        move for move in proposal.moves.select_related("event").order_by("start", "id") if move.event.google_id in mine
    ]
    return {
        "id": str(proposal.pk),
        "state": proposal.state,
        "plan_hash": proposal.plan_hash,
        "score_before": proposal.score_before,
        "score": proposal.score,
        "bound": proposal.bound,
        "moves": [
            {
                "id": str(move.pk),
                "event": move.event.google_id,
                "from": [move.old_start.isoformat(), move.old_end.isoformat()],
                "to": [move.start.isoformat(), move.end.isoformat()],
                "gain": move.gain,
                "state": move.state,
            }
            for move in moves
        ],
        "holds": [
            {
                "kind": change.kind,
                "action": change.action,
                "start": change.start.isoformat(),
                "end": change.end.isoformat(),
            }
            for change in proposal.hold_changes.filter(member=viewer).order_by("start", "id")
        ],
    }
