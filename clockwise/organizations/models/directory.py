"""An admin's consent to look into the Workspace directory."""

from dataclasses import dataclass
from datetime import datetime

from django.db import models

from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models.member import MemberRow
from clockwise.tenancy.models import unique


@dataclass(frozen=True)
class DirectoryCredentials:
    refresh_token: str
    access_token: str = ""
    access_token_expires_at: datetime | None = None


class DirectoryWatch(MemberRow):
    """By whose grant the directory is looked into. It ends with the admin's own access."""

    credentials = SealedField(DirectoryCredentials)
    started_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    # Google's word while it lets nobody look; empty while all is well.
    problem = models.CharField(max_length=64, blank=True)
    # An admin lets names and photos of colleagues be read by this grant too.
    shows_people = models.BooleanField(default=False)

    class Meta:
        base_manager_name = "objects"
        constraints = [unique("member")]
