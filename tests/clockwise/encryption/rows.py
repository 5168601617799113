"""Models of the tests' own. Their app isn't installed: no table, and nothing that walks all models sees them."""

from dataclasses import dataclass

from django.db import models

from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedField


@dataclass(frozen=True)
class Words:
    title: str
    guests: tuple[str, ...] = ()


class OwnedRow(models.Model):
    id = models.UUIDField(primary_key=True)
    organization_id = models.UUIDField()
    member_id = models.UUIDField(null=True)

    class Meta:
        abstract = True
        app_label = "sealed_rows"

    def __str__(self) -> str:
        return str(self.pk)

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, self.member_id)


class Row(OwnedRow):
    words = SealedField(Words)
    other_words = SealedField(Words, null=True)
    body = SealedField(dict, null=True)

    class Meta(OwnedRow.Meta):
        pass


class OtherRow(OwnedRow):
    """The same column name in another table."""

    words = SealedField(Words)

    class Meta(OwnedRow.Meta):
        pass
