"""API tokens: what a program shows instead of a session. Only their hashes are kept."""

from django.db import models

from clockwise.organizations.models.member import MemberRow


class ApiToken(MemberRow):
    # SHA-256 of a random token, looked up before the organization is known.
    token_hash = models.BinaryField(max_length=32, unique=True)
    scopes = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
