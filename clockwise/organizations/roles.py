"""What each role may do, in one table."""

from django.db import models


class Role(models.TextChoices):
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


ADMINISTRATORS = frozenset({Role.ADMIN, Role.OWNER})
