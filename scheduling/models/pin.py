"""A meeting that stays where a person has put it."""

from django.db import models

from clockwise.tenancy.models import TenantModel, unique


class Pin(TenantModel):
    """One instance of a meeting, left alone until somebody makes it flexible anew."""

    class Reason(models.TextChoices):
        MANUAL_EDIT = "manual edit"  # moved by hand, before or after a move of Clockwise's (F13)
        UNDONE = "undone"  # Clockwise's move was taken back (F17)

    meeting_index = models.BinaryField(max_length=16)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    created_at = models.DateTimeField()

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("meeting_index")]
