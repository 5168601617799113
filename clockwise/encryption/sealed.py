"""A model field that stores one sealed payload: written under the key of the row's owner, opened when first read.

The row says whose key it takes by `key_owner()`; it has `organization_id` and a UUID primary key before it is saved,
and keeps its owner. Lookups other than `isnull`, `update()`, `bulk_update()` and expressions are refused.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, NoReturn, Protocol, TypeVar, cast, overload
from uuid import UUID

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.db.models.sql import InsertQuery

from clockwise.encryption import payloads
from clockwise.encryption.envelope import HEADER_BYTES, DataKey, generation_of, seal, unseal
from clockwise.encryption.errors import SealRefused
from clockwise.encryption.keys import KeyOwner, data_key

PADDING_STEP = 64

P = TypeVar("P")
Q = TypeVar("Q")

if TYPE_CHECKING:

    class _Field(models.BinaryField[P, P]): ...

else:

    class _Field(models.BinaryField, Generic[P]): ...


class SealedRow(Protocol):
    """What a model with sealed fields offers."""

    pk: UUID
    organization_id: UUID

    def key_owner(self) -> KeyOwner: ...


class Place(NamedTuple):
    """Where a blob belongs. `binding`: organization(16) | row(16) | table.column."""

    owner: KeyOwner
    binding: bytes

    @property
    def mark(self) -> bytes:
        """The same for the same place alone, and nothing but bytes."""
        member_id = self.owner.member_id
        return self.binding + member_id.int.to_bytes(16, "big") if member_id else self.binding


class SealedBlob(bytes):
    """What lies in the column: never a payload, never anything that came from outside."""

    __slots__ = ()  # thousands of them in a list then cost the garbage collector nothing


class SealedAttribute(DeferredAttribute):
    """The row's `__dict__` holds the blob until it is first read, then the payload; the blob is kept beside it,
    so that a payload that nobody replaced is written back as the same bytes."""

    field: "SealedField[Any]"

    def __init__(self, field: "SealedField[Any]") -> None:
        super().__init__(field)
        self._name: str = field.attname
        self._kept = f"_sealed_{field.attname}"

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        if instance is None:
            return self
        state = instance.__dict__
        name = self._name
        if name not in state:
            state[name] = self._load(instance)
        value = state[name]
        if type(value) is SealedBlob:
            place = self.field.place_of(instance)
            state[name] = payload = self.field.open(place, value)
            state[self._kept] = (place.mark, value)
            return payload
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        if type(value) is not SealedBlob:
            self.field.refuse_unless_payload(value)
        state = instance.__dict__
        state.pop(self._kept, None)
        state[self._name] = value

    def blob(self, instance: Any) -> SealedBlob | None:
        """The blob to write: as it was loaded while nothing changed, else sealed now."""
        state = instance.__dict__
        value = state[self.field.attname] if self.field.attname in state else self._load(instance)
        if value is None:
            return None
        if type(value) is SealedBlob and not instance._state.adding:
            return value
        payload, place = self.__get__(instance), self.field.place_of(instance)
        kept_mark, blob = state.get(self._kept, (None, None))
        if kept_mark != place.mark:
            blob = self.field.close(place, payload)
            state[self._kept] = (place.mark, blob)
        return cast(SealedBlob, blob)

    def _load(self, instance: Any) -> SealedBlob | None:
        rows = type(instance)._base_manager.db_manager(instance._state.db).filter(pk=instance.pk)
        return cast(SealedBlob | None, rows.values_list(self.field.attname, flat=True).get())


class SealedField(_Field[P]):
    """`payload_type` is a frozen dataclass, or `dict` for JSON. Payloads are replaced, never changed in place.

    Raises SealBroken on reading what was not sealed for this row and column, KeyMissing when its key is shredded.
    """

    descriptor_class = SealedAttribute

    @overload
    def __init__(self, payload_type: type[P] | None = None, *, null: Literal[False] = False, **kwargs: Any) -> None: ...

    @overload
    def __init__(
        self: "SealedField[Q | None]", payload_type: type[Q] | None = None, *, null: Literal[True], **kwargs: Any
    ) -> None: ...

    def __init__(self, payload_type: type[Any] | None = None, **kwargs: Any) -> None:
        # Only migrations leave it out: history needs the column, not the type.
        self.payload_type: type = payload_type or dict
        payloads.ensure_supported(self.payload_type)
        super().__init__(**kwargs)

    def place_of(self, row: SealedRow) -> Place:
        try:
            row_id: UUID = getattr(row, self._row_id)
            # organization(16) | row(16), as one number: each property of a UUID is a call.
            ids = (row.organization_id.int << 128 | row_id.int).to_bytes(32, "big")
            return Place(row.key_owner(), ids + self._purpose_bytes)
        except AttributeError:
            raise SealRefused(f"{self} needs organization_id and a UUID primary key before it is sealed.") from None

    def close(self, place: Place, payload: object) -> SealedBlob:
        """Seal a payload for this place, padded so that its length tells little."""
        return SealedBlob(seal(data_key(place.owner), self._purpose, place.binding, self._padded(payload)))

    def closer(self, owner: KeyOwner) -> Callable[[UUID, P], SealedBlob]:
        """Seals payloads of one owner's rows, given their ids: the key is asked for once. Not to be kept."""
        key, purpose = data_key(owner), self._purpose
        before, after = owner.organization_id.bytes, self._purpose_bytes

        def close(row_id: UUID, payload: P) -> SealedBlob:
            self.refuse_unless_payload(payload)
            return SealedBlob(seal(key, purpose, before + row_id.bytes + after, self._padded(payload)))

        return close

    def _padded(self, payload: object) -> bytes:
        content = payloads.to_json(self.payload_type, payload)
        # JSON passes over trailing spaces, so that padding needs no mark of its end.
        return content.ljust(-(-len(content) // PADDING_STEP) * PADDING_STEP)

    def open(self, place: Place, blob: bytes) -> P:
        key = data_key(place.owner, generation_of(blob))
        payload: P = payloads.from_json(self.payload_type, unseal(key, self._purpose, place.binding, blob))
        return payload

    def opener(self, owner: KeyOwner) -> Callable[[UUID, bytes], P]:
        """Opens blobs of one owner's rows, given their ids: each key is asked for once. Not to be kept."""
        keys: dict[bytes, DataKey] = {}
        start, end, purpose = owner.organization_id.bytes, self._purpose_bytes, self._purpose

        def open_(row_id: UUID, blob: bytes) -> P:
            key = keys.get(blob[:HEADER_BYTES])
            if key is None:
                key = keys[blob[:HEADER_BYTES]] = data_key(owner, generation_of(blob))
            content = unseal(key, purpose, start + row_id.bytes + end, blob)
            return cast(P, payloads.from_json(self.payload_type, content))

        return open_

    def is_stale(self, row: Any) -> bool:
        """Whether an unread row's blob is under an earlier generation than its owner's newest key."""
        blob = row.__dict__[self.attname]
        return blob is not None and generation_of(blob) != data_key(row.key_owner()).generation

    def resealed(self, row: Any) -> SealedBlob:
        """An unread row's content under its owner's newest key. Raises SealBroken, KeyMissing."""
        place, blob = self.place_of(row), row.__dict__[self.attname]
        content = unseal(data_key(place.owner, generation_of(blob)), self._purpose, place.binding, blob)
        return SealedBlob(seal(data_key(place.owner), self._purpose, place.binding, content))

    def refuse_unless_payload(self, value: object) -> None:
        if value is not None and not isinstance(value, (SealedBlob, self.payload_type)):
            raise SealRefused(f"{self} takes a {self.payload_type.__qualname__}, not a {type(value).__name__}.")

    @cached_property
    def _row_id(self) -> str:
        return str(self.model._meta.pk.attname)

    @cached_property
    def _purpose(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    @cached_property
    def _purpose_bytes(self) -> bytes:
        return self._purpose.encode()

    def pre_save(self, model_instance: Any, add: bool) -> SealedBlob | None:
        return cast(SealedAttribute, getattr(self.model, self.attname)).blob(model_instance)

    def from_db_value(self, value: Any, expression: object, connection: object) -> SealedBlob | None:
        return None if value is None else SealedBlob(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None and type(value) is not SealedBlob:
            self._refuse("update() and bulk_update() know no row to seal for")
        return super().get_db_prep_value(value, connection, prepared)

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        if hasattr(value, "as_sql"):
            self._refuse("an expression would move a blob to a row that it was not sealed for")
        if isinstance(compiler.query, InsertQuery):
            self._refuse_conflicts_that_keep_another_id(compiler.query)
        return cast(str, super().get_placeholder(value, compiler, connection))  # type: ignore[misc]

    def _refuse_conflicts_that_keep_another_id(self, query: InsertQuery) -> None:
        # The row in the database would keep its own id and get a blob that was sealed for the new one's.
        updated, unique = query.update_fields, query.unique_fields  # type: ignore[attr-defined]
        if self in updated and query.get_meta().pk not in unique:
            self._refuse("bulk_create(update_conflicts=True) needs the primary key in unique_fields")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self} is sealed: look rows up by a blind index beside it.")
        return super().get_lookup(lookup_name)

    def get_default(self) -> Any:
        return super().get_default() if self.has_default() else None

    def _refuse(self, reason: str) -> NoReturn:
        raise SealRefused(f"{self} is written by save() and bulk_create() alone: {reason}.")
