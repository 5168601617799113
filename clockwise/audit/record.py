"""Writes audit entries, in the transaction of what they tell of."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from clockwise import clock
from clockwise.audit import chain, origin
from clockwise.audit.commitments import commitment_of
from clockwise.audit.events import EVENTS
from clockwise.audit.models import AuditEntry, EntryBody
from clockwise.encryption import payloads
from clockwise.tenancy import current
from clockwise.tenancy.models import time_ordered_id

_APPEND = "SELECT audit_append(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_APPEND_CHAINED = "; SELECT audit_append_chained(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
# Deferred checks first: they may wait for a row, which nobody should do while holding the chain.
_CHECK_DEFERRED = "SET CONSTRAINTS ALL IMMEDIATE"

Entry = list[Any]
_collected: ContextVar[list[Entry] | None] = ContextVar("audit_entries", default=None)


class UnlistedEvent(Exception):
    """The action isn't in `clockwise/audit/events.py`: add a line there."""


def record(action: str, *, by: UUID | None, target: models.Model | None = None, **facts: Any) -> None:
    """Add an entry. `by`: the acting member's (or staff member's) id, None where nobody of them acts.

    facts: JSON, sealed under the organization's key. Where it comes from is known (`origin`). It is chained as soon
    as the transaction is committed.
    """
    if action not in EVENTS:
        raise UnlistedEvent(f"{action} is no listed event: add it to clockwise/audit/events.py.")
    here = origin.current()
    # Through JSON once: what is sealed, committed to and later exported is the same.
    facts = payloads.from_json(dict, payloads.to_json(dict, facts))
    body = EntryBody(facts, here.address, here.agent, secrets.token_hex(32))
    entry = AuditEntry(id=time_ordered_id(), organization_id=current.require_organization_id())
    sealed = AuditEntry._meta.get_field("body")
    blob = sealed.close(sealed.place_of(entry), body)
    columns: Entry = [
        entry.pk,
        entry.organization_id,
        clock.now(),
        action,
        by,
        (target._meta.model_name or "") if target else "",
        target.pk if target and isinstance(target.pk, UUID) else None,
        here.channel,
        here.via[:128],
        blob,
        commitment_of(body.facts, body.address, body.agent, body.salt),
    ]
    collected = _collected.get()
    if collected is not None:
        collected.append(columns)
        return
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, columns)
    waiting: list[Any] = connection.run_on_commit
    if not any(callback is chain.extend_current for _, callback, _ in waiting):
        transaction.on_commit(chain.extend_current, robust=True)


@contextmanager
def together() -> Iterator[None]:
    """Write what is recorded inside, chained, by one statement at the end: the last that a transaction does.

    For many small transactions of one organization: each is spared a second one for the chain. From here to the commit
    they wait for each other. Inside another one, around each savepoint: what leaves by an exception is forgotten.
    """
    around, entries = _collected.get(), list[Entry]()
    token = _collected.set(entries)
    try:
        yield
    finally:
        _collected.reset(token)
    if around is not None:
        around.extend(entries)
    elif entries:
        with connection.cursor() as cursor:
            values = [value for entry in entries for value in entry]
            cursor.execute(_CHECK_DEFERRED + _APPEND_CHAINED * len(entries), values)
