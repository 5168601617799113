"""That an organization accepted a document, in the version that it then had."""

from django.db import models

from clockwise.tenancy.models import TenantModel, unique


class Agreement(TenantModel):
    document = models.CharField(max_length=32)
    version = models.CharField(max_length=16)
    sha256 = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()
    accepted_by = models.UUIDField()

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("document", "sha256", "accepted_by")]
