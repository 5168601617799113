"""An organization's log as JSON lines that anybody can verify without this installation (`offline.py`).

First line: what it is. Then an entry a line, words opened. Last line: the receipt under a signed head.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection

from clockwise import clock
from clockwise.audit import chain, heads
from clockwise.audit.models import AuditEntry
from clockwise.audit.offline import FORMAT
from clockwise.audit.record import record
from clockwise.audit.signatures import Receipt
from clockwise.encryption.errors import KeyMissing, SealBroken
from clockwise.tenancy import current

PAGE = 1000


def lines(*, by: UUID | None) -> Iterator[str]:
    """The current organization's whole log, the line of this export included. Opens its own transactions."""
    with current.transaction():
        record("audit.exported", by=by)
    chain.extend_current()
    heads.sign_next()
    receipt = heads.receipt()
    yield json.dumps(
        {
            "format": FORMAT,
            "organization": str(receipt.organization_id),
            "exported_at": clock.now().isoformat(),
            "public_key": heads.public_key().hex(),
            "entries": receipt.position,
        }
    )
    yield from _entries(receipt)
    yield json.dumps({"receipt": receipt.as_json()})


def _entries(receipt: Receipt) -> Iterator[str]:
    after = 0
    while after < receipt.position:
        with current.transaction():
            page = list(
                AuditEntry.objects.filter(position__gt=after, position__lte=receipt.position).order_by("position")[
                    :PAGE
                ]
            )
            digests = _body_digests(page)
            written = [_line(entry, digests[entry.pk]) for entry in page]
        if not page:
            return
        yield from written
        after = page[-1].position or receipt.position


def _body_digests(page: list[AuditEntry]) -> dict[UUID, bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, body FROM audit_auditentry WHERE id = ANY(%s)", [[entry.pk for entry in page]])
        return {pk: hashlib.sha256(body).digest() for pk, body in cursor.fetchall()}


def _line(entry: AuditEntry, body_digest: bytes) -> str:
    body: dict[str, Any]
    try:
        body = {
            "facts": entry.body.facts,
            "address": entry.body.address,
            "agent": entry.body.agent,
            "salt": entry.body.salt,
        }
    except (KeyMissing, SealBroken):
        body = {"facts": None}
    return json.dumps(
        {
            "position": entry.position,
            "id": str(entry.pk),
            "at": entry.at.isoformat(),
            "action": entry.action,
            "actor": str(entry.actor_id) if entry.actor_id else None,
            "target_type": entry.target_type,
            "target": str(entry.target_id) if entry.target_id else None,
            "channel": entry.channel,
            "via": entry.via,
            **body,
            "commitment": bytes(entry.commitment).hex(),
            "body_digest": body_digest.hex(),
        }
    )
