"""What a run produced: moves and hold changes, with scores, bound and reasons."""

from dataclasses import dataclass, field

from django.db import models

from calendars.models import Event
from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import Member
from clockwise.tenancy.models import TenantForeignKey, TenantModel, index, unique
from scheduling.models.hold import Hold
from scheduling.models.run import OptimizationRun


class Proposal(TenantModel):
    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"  # every part decided
        DISMISSED = "dismissed"
        SUPERSEDED = "superseded"  # a later run's proposal took its place

    run = TenantForeignKey(OptimizationRun, on_delete=models.CASCADE, related_name="proposals")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    plan_hash = models.CharField(max_length=64)
    engine_status = models.CharField(max_length=10)
    score_before = models.FloatField()
    score = models.FloatField()
    bound = models.FloatField(null=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = TenantForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        base_manager_name = "objects"
        indexes = [index("state", "created_at", name="proposal_by_state")]


@dataclass(frozen=True)
class MoveReason:
    """`by_person`: member id to the engine's person-minutes, negative for a loss. The others are counted for all
    attendees together, with every other move of the plan made.
    """

    by_person: dict[str, float] = field(default_factory=dict)
    conflicts_solved: int = 0
    focus_minutes: int = 0
    lunches: int = 0


class DecidableRow(TenantModel):
    """A part of a proposal that is decided on its own."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        DECIDED = "decided"  # its outbox write is on its way
        APPLIED = "applied"
        STALE = "stale"  # the event changed since the run
        FAILED = "failed"
        LEFT_OUT = "left out"  # dismissed by the one who decides
        UNDOING = "undoing"
        UNDONE = "undone"

    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    decided_at = models.DateTimeField(null=True)
    decided_by = TenantForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    problem = models.CharField(max_length=64, blank=True)

    class Meta:
        abstract = True
        base_manager_name = "objects"


class Move(DecidableRow):
    """One meeting's change of time (and room) in a proposal."""

    proposal = TenantForeignKey(Proposal, on_delete=models.CASCADE, related_name="moves")
    # The copy on the calendar through which it is written: its organizer's, or a permitted guest's.
    event = TenantForeignKey(Event, on_delete=models.CASCADE, related_name="moves")
    etag = models.CharField(max_length=64)
    old_start = models.DateTimeField()
    old_end = models.DateTimeField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    gain = models.FloatField()
    reason = SealedField(MoveReason)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("proposal", "event")]
        indexes = [index("event", "state", name="move_by_event")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)


class Stay(TenantModel):
    """A flexible meeting that the run left in place, and why."""

    proposal = TenantForeignKey(Proposal, on_delete=models.CASCADE, related_name="stays")
    event = TenantForeignKey(Event, on_delete=models.CASCADE, related_name="stays")
    reason = models.CharField(max_length=32)
    # Ids of the events and members that block it, as the engine found them.
    blockers = models.JSONField(default=list)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("proposal", "event")]


class HoldChange(DecidableRow):
    """A hold to create, move or delete."""

    class Action(models.TextChoices):
        CREATE = "create"
        MOVE = "move"
        DELETE = "delete"

    proposal = TenantForeignKey(Proposal, on_delete=models.CASCADE, related_name="hold_changes")
    member = TenantForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=6, choices=Action.choices)
    kind = models.CharField(max_length=16, choices=Hold.Kind.choices)
    hold = TenantForeignKey(Hold, null=True, on_delete=models.CASCADE, related_name="changes")
    start = models.DateTimeField()
    end = models.DateTimeField()
    old_start = models.DateTimeField(null=True)
    old_end = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("proposal", "member", name="hold_change_by_member")]
