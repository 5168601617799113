"""What a head's signature is over, and a receipt: one organization's place under one signed head. No Django here."""

import base64
import hashlib
import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clockwise.audit import merkle

NO_HEAD = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Head:
    """`previous`: digest of the head before, zeros for the first. `size`: organizations under `root`."""

    number: int
    at: datetime
    size: int
    root: bytes
    previous: bytes
    signature: bytes = b""

    @property
    def signed_content(self) -> bytes:
        numbers = struct.pack(">qqq", self.number, micros(self.at), self.size)
        return b"clockwise-audit-head/1" + numbers + self.root + self.previous

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.signed_content + self.signature).digest()

    def is_signed_by(self, public_key: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, self.signed_content)
        except (InvalidSignature, ValueError):
            return False
        return True

    def as_json(self) -> dict[str, Any]:
        binary = {"root": self.root, "previous": self.previous, "signature": self.signature}
        texts = {name: value.hex() for name, value in binary.items()}
        return {"number": self.number, "at": self.at.isoformat(), "size": self.size, **texts}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Head":
        """Raises KeyError, ValueError, TypeError for what is no head."""
        root, previous, signature = (bytes.fromhex(given[name]) for name in ("root", "previous", "signature"))
        at = datetime.fromisoformat(given["at"])
        if at.tzinfo is None:
            raise ValueError("at needs an offset")
        return cls(int(given["number"]), at, int(given["size"]), root, previous, signature)


@dataclass(frozen=True)
class Receipt:
    """That an organization's log had `position` entries, the last one's link being `chain`, when `head` was signed."""

    head: Head
    organization_id: UUID
    position: int
    chain: bytes
    place: int
    path: tuple[bytes, ...]

    def is_proved(self, public_key: bytes) -> bool:
        leaf = merkle.leaf_hash(self.organization_id, self.position, self.chain)
        root = merkle.root_from(leaf, self.place, self.head.size, self.path)
        return root == self.head.root and self.head.is_signed_by(public_key)

    def as_json(self) -> dict[str, Any]:
        return {
            "head": self.head.as_json(),
            "organization": str(self.organization_id),
            "position": self.position,
            "chain": self.chain.hex(),
            "place": self.place,
            "path": [node.hex() for node in self.path],
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Receipt":
        """Raises KeyError, ValueError, TypeError for what is no receipt."""
        return cls(
            Head.from_json(given["head"]),
            UUID(given["organization"]),
            int(given["position"]),
            bytes.fromhex(given["chain"]),
            int(given["place"]),
            tuple(bytes.fromhex(node) for node in given["path"]),
        )

    def as_token(self) -> str:
        """One line for a mail."""
        return base64.urlsafe_b64encode(json.dumps(self.as_json(), separators=(",", ":")).encode()).decode()

    @classmethod
    def from_token(cls, token: str) -> "Receipt":
        """Raises KeyError, ValueError, TypeError for what is no receipt."""
        return cls.from_json(json.loads(base64.urlsafe_b64decode("".join(token.split()))))


def micros(at: datetime) -> int:
    """Microseconds since 1970 UTC, exactly."""
    return (at - _EPOCH) // _MICROSECOND
