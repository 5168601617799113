"""Users and groups of several tenants, with the library's mixins."""

from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Token(models.Model):
    """What a bearer token stands for; only its hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    tenant_id = models.IntegerField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "bare"


class User(AbstractSCIMUserMixin, AbstractUser):  # type: ignore[misc]
    # Without this the library's filters on userName have an index of their own to miss.
    tenant_id = models.IntegerField(default=0, db_index=True)

    groups = None  # type: ignore[assignment]
    user_permissions = None  # type: ignore[assignment]

    class Meta:
        app_label = "bare"

    @property
    def scim_groups(self) -> Any:
        return self.memberships


class Group(AbstractSCIMGroupMixin):  # type: ignore[misc]
    name = models.CharField(max_length=254)
    tenant_id = models.IntegerField(default=0, db_index=True)
    user_set = models.ManyToManyField(User, related_name="memberships")

    class Meta:
        app_label = "bare"
