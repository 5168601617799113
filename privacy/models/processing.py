"""What an organization lets Clockwise process of an event."""

from django.db import models

from clockwise.tenancy.models import TenantModel


class ProcessingSettings(TenantModel):
    """At most one row an organization; without one the defaults of the fields hold.

    True: it is asked of Google and stored, sealed. Attachments have no column, since nothing here uses them.
    """

    descriptions = models.BooleanField(default=False)
    locations = models.BooleanField(default=True)
    conference_links = models.BooleanField(default=True)
    attendees = models.BooleanField(default=True)
    titles = models.BooleanField(default=True)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["organization"], name="one_processing_settings")]
