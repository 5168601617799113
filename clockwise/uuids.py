"""UUIDs as PostgreSQL sends them, at a third of what `uuid.UUID(text)` costs: each row of ours has three or four."""

from typing import Any
from uuid import UUID, SafeUUID

import psycopg2.extensions

_OID, _ARRAY_OID = 2950, 2951
_new, _set, _unknown = UUID.__new__, object.__setattr__, SafeUUID.unknown


def register() -> None:
    """For every connection of this process, in place of psycopg2's own."""
    kind = psycopg2.extensions.new_type((_OID,), "UUID", _parsed)
    psycopg2.extensions.register_type(kind)
    psycopg2.extensions.register_type(psycopg2.extensions.new_array_type((_ARRAY_OID,), "UUID[]", kind))


def _parsed(text: str | None, _cursor: Any) -> UUID | None:
    """PostgreSQL's text is always well formed: what `UUID.__init__` makes sure of needn't be asked again."""
    if text is None:
        return None
    made = _new(UUID)
    _set(made, "int", int(text.replace("-", ""), 16))
    _set(made, "is_safe", _unknown)
    return made
