"""The bytes that hashes are taken over. `offline.py` verifies the same without Django, hence no import of it here.

An entry's leaf is SHA-256 over its columns, each variable one with its length before it (`leaf_of`; the database
computes the same in `audit_append`). The chain is SHA-256(previous | leaf), from a start that names the organization.
"""

import hashlib
import json
import struct
from dataclasses import dataclass
from typing import Any
from uuid import UUID

START = b"clockwise-audit/1"


@dataclass(frozen=True)
class EntryColumns:
    """`at_micros`: microseconds since 1970 UTC. `body_digest`: SHA-256 of the sealed body as stored."""

    id: UUID
    organization_id: UUID
    at_micros: int
    action: str
    actor_id: UUID | None
    target_type: str
    target_id: UUID | None
    channel: str
    via: str
    commitment: bytes
    body_digest: bytes


def commitment_of(facts: dict[str, Any], address: str, agent: str, salt: str) -> bytes:
    """SHA-256 over the salt (hex) and the opened body as canonical JSON."""
    content = {"facts": facts, "address": address, "agent": agent}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).digest()


def leaf_of(entry: EntryColumns) -> bytes:
    texts = [_sized(text.encode()) for text in (entry.action, entry.target_type, entry.channel, entry.via)]
    ids = [_sized(found.bytes if found else b"") for found in (entry.actor_id, entry.target_id)]
    fixed = entry.id.bytes + entry.organization_id.bytes + struct.pack(">q", entry.at_micros)
    return hashlib.sha256(fixed + b"".join(texts + ids) + entry.commitment + entry.body_digest).digest()


def chain_start(organization_id: UUID) -> bytes:
    return hashlib.sha256(START + organization_id.bytes).digest()


def chained(previous: bytes, leaf: bytes) -> bytes:
    return hashlib.sha256(previous + leaf).digest()


def _sized(content: bytes) -> bytes:
    return struct.pack(">h", len(content)) + content
