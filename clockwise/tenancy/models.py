"""Base classes of tenant rows: scoped by the current organization here, and by row-level security in the database."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

import uuid_utils.compat
from django.db import connection, models

from clockwise.tenancy import current

Row = TypeVar("Row", bound="TenantModel", covariant=True)


def time_ordered_id() -> UUID:
    """A UUID of version 7 (RFC 9562): random, but sorted by creation."""
    return uuid_utils.compat.uuid7()


class TenantManager(models.Manager[Row]):
    """Sees the current organization's rows; without one, none."""

    def get_queryset(self) -> models.QuerySet[Row]:
        organization_id = current.organization_id()
        if organization_id is not None and not connection.in_atomic_block:
            raise current.OutsideTransaction(f"Open current.transaction() before reading {self.model._meta.label}.")
        return super().get_queryset().filter(organization_id=organization_id)

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        rows = list(objs)
        for row in rows:
            row.claim_for_current_organization()
        return super().bulk_create(rows, *args, **kwargs)


class TenantModel(models.Model):
    """A row that belongs to one organization.

    `migrations` give its table the policy and the composite keys: `tenancy.operations.ProtectTable`.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_id, editable=False)
    organization = models.ForeignKey(
        "organizations.Organization", on_delete=models.CASCADE, related_name="+", db_index=False
    )

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def claim_for_current_organization(self) -> None:
        """Fill in `organization_id`, or refuse a row that is another organization's."""
        if self.organization_id is None:
            self.organization_id = current.require_organization_id()
        elif self.organization_id != current.require_organization_id():
            raise current.WrongOrganization(f"This {self._meta.label} is another organization's.")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.claim_for_current_organization()
        super().save(*args, **kwargs)


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key between tenant tables.

    The database's constraint and index are composite, `(organization_id, x_id)` to `(organization_id, id)`,
    since a plain one accepts another tenant's parent; `ProtectTable` makes both.
    """

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs["db_index"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        kwargs.pop("db_index", None)
        return name, path, args, kwargs


def unique(*fields: str, condition: models.Q | None = None) -> models.UniqueConstraint:
    """Unique inside the organization: an id of another one must not be told by a violation."""
    name = "%(app_label)s_%(class)s_unique_" + "_".join(fields)
    return models.UniqueConstraint(fields=["organization", *fields], name=name, condition=condition)


def index(*fields: str, name: str) -> models.Index:
    """A btree that starts with `organization_id`; others lose their use under row-level security."""
    return models.Index(fields=["organization", *fields], name=name)
