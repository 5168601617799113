"""The API for programs, under a member's token: what that member may see and do, nothing more."""

from datetime import datetime, timedelta
from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calendars.models import Event
from clockwise import clock
from clockwise.api.representations import event_fields, member_fields, proposal_fields
from clockwise.organizations.models import Member
from scheduling.models import Proposal
from scheduling.proposals import ProposalClosed, accept, of_interest_to

LONGEST_RANGE = timedelta(days=63)


def caller(request: Request) -> Member:
    """The member whose token this is; permission classes have refused everybody else."""
    assert isinstance(request.user, Member)  # noqa: S101 - narrows the type
    return request.user


class Range(serializers.Serializer[None]):
    """`start` and `end` as ISO 8601 with an offset, at most nine weeks apart; this week by default."""

    start = serializers.DateTimeField(required=False)
    end = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, datetime]) -> dict[str, datetime]:
        start = attrs.get("start", clock.now())
        end = attrs.get("end", start + timedelta(days=7))
        if not start < end <= start + LONGEST_RANGE:
            raise serializers.ValidationError("end must lie after start, by at most 63 days.")
        return {"start": start, "end": end}


class Me(APIView):
    def get(self, request: Request) -> Response:
        return Response(member_fields(caller(request)))


class Events(APIView):
    def get(self, request: Request) -> Response:
        asked = Range(data=request.query_params)
        asked.is_valid(raise_exception=True)
        events = Event.objects.filter(
            member=caller(request), start__lt=asked.validated_data["end"], end__gt=asked.validated_data["start"]
        ).order_by("start", "id")
        return Response({"events": [event_fields(event) for event in events]})


class CurrentProposal(APIView):
    def get(self, request: Request) -> Response:
        proposal = of_interest_to(caller(request)).filter(state=Proposal.State.OPEN).first()
        return Response({"proposal": proposal_fields(proposal, viewer=caller(request)) if proposal else None})


class AcceptProposal(APIView):
    def post(self, request: Request, proposal_id: UUID) -> Response:
        proposal = get_object_or_404(Proposal, pk=proposal_id)
        try:
            acceptance = accept(proposal, by=caller(request))
        except ProposalClosed as closed:
            return Response({"detail": str(closed)}, status=409)
        return Response({"accepted": len(acceptance.accepted), "stale": len(acceptance.stale)})
