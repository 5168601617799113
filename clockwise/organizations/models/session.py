"""Signed-in browsers, so that people see and end them, and signals that were heard already."""

from dataclasses import dataclass

from django.db import models

from clockwise.encryption.sealed import SealedField
from clockwise.organizations.models.member import MemberRow
from clockwise.tenancy.models import index


@dataclass(frozen=True)
class SessionDetails:
    """`agent`: a class of programs, never the header."""

    address: str = ""
    agent: str = ""


class BrowserSession(MemberRow):
    """One sign-in of one browser. The cookie's session names it; ending it here ends that."""

    details = SealedField(SessionDetails)
    opened_at = models.DateTimeField()
    # To the minute: it isn't written at each request.
    seen_at = models.DateTimeField()
    # When Google last asked the person to prove who they are, for acts that need it fresh.
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [index("member", "seen_at", name="session_by_member")]


class HeardSignal(models.Model):
    """A security event token's `jti`, hashed: each is heard once. It belongs to no organization."""

    jti_hash = models.BinaryField(max_length=32, primary_key=True)
    heard_at = models.DateTimeField()
