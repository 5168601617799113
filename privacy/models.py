"""What an organization lets Clockwise process."""

from django.db import models

from clockwise.tenancy.models import TenantModel


class ProcessingSettings(TenantModel):
    """At most one row an organization; without one the defaults of the fields hold."""

    descriptions = models.BooleanField(default=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["organization"], name="one_processing_settings")]
