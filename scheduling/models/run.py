"""One execution of the engine for one organization and horizon."""

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models import Member
from clockwise.tenancy.models import TenantForeignKey, TenantModel, unique


class OptimizationRun(TenantModel):
    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    requested_by = TenantForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    only_holds_of = TenantForeignKey(Member, null=True, on_delete=models.CASCADE, related_name="+")
    # The organization's local date whose daily run this is; null where somebody asked.
    daily_on = models.DateField(null=True)
    # Local dates from here on may change.
    first_day = models.DateField()
    horizon_start = models.DateTimeField()
    horizon_end = models.DateTimeField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # Why it failed, or what a run that is done has left out.
    problem = models.CharField(max_length=64, blank=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("daily_on")]


class OptimizationPart(TenantModel):
    """One independent part of a run under way, for whichever worker is free; gone when the run is over."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    run = TenantForeignKey(OptimizationRun, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    claimed_at = models.DateTimeField(null=True)
    # Ids of this instance and minutes, no names or addresses: `clockwise-instance/1` and `clockwise-solution/1`.
    instance = SealedField(dict)
    solution = SealedField(dict, null=True)
    # Its time ended before its iterations.
    cut_short = models.BooleanField(default=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("run", "number")]

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, None)
