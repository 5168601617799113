"""The proof of an erasure: how much went and when. It holds no word and no address."""

from django.db import models

from clockwise.tenancy.models import TenantModel, index


class Purge(TenantModel):
    """Work to do while `finished_at` is null, proof afterwards."""

    class Cause(models.TextChoices):
        EXCLUSION = "calendar exclusion"
        PROCESSING = "processing"
        RETENTION = "retention"

    cause = models.CharField(max_length=20, choices=Cause.choices)
    # What caused it (an exclusion's id, or nothing); no foreign key, since the proof outlives it.
    cause_id = models.UUIDField(null=True)
    # The member whose own exclusion it was; their page shows it.
    member_id = models.UUIDField(null=True)
    requested_by = models.UUIDField(null=True)
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # What was erased, in words of the page ("events", "descriptions"), to how many.
    counts = models.JSONField(default=dict)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("requested_at", name="purge_by_time")]
