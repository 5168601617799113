"""The tree over all organizations' chains: one root commits to every log, a proof shows one log under it.

Hashes as in RFC 9162, 2.1: 0x00 before a leaf, 0x01 before a pair; the odd last one goes up unpaired. No Django here:
exports are verified with it anywhere.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from uuid import UUID

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(organization_id: UUID, position: int, chain: bytes) -> bytes:
    """An organization's leaf: how many entries its log has, and the last one's link."""
    return hashlib.sha256(b"\x00" + organization_id.bytes + struct.pack(">q", position) + chain).digest()


def pair_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Leaves can be replaced or added at the end; each costs one hash a level."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for place, leaf in enumerate(leaves):
            self.put(place, leaf)

    @property
    def size(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        return self._levels[-1][0] if self.size else EMPTY

    def put(self, place: int, leaf: bytes) -> None:
        """Raises IndexError for a place beyond the end."""
        level = 0
        self._store(level, place, leaf)
        while len(self._levels[level]) > 1:
            place //= 2
            below = self._levels[level][2 * place : 2 * place + 2]
            level += 1
            self._store(level, place, pair_hash(*below) if len(below) == 2 else below[0])

    def proof(self, place: int) -> list[bytes]:
        """The siblings from the leaf up to the root."""
        path = []
        for nodes in self._levels[:-1]:
            if (place ^ 1) < len(nodes):
                path.append(nodes[place ^ 1])
            place //= 2
        return path

    def _store(self, level: int, place: int, node: bytes) -> None:
        if level == len(self._levels):
            self._levels.append([])
        nodes = self._levels[level]
        if place == len(nodes):
            nodes.append(node)
        else:
            nodes[place] = node


def root_from(leaf: bytes, place: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root under which a proof puts the leaf; None for a proof that doesn't fit its place."""
    if not 0 <= place < size:
        return None
    left, node = list(path), leaf
    while size > 1:
        if (place ^ 1) < size:
            if not left:
                return None
            sibling = left.pop(0)
            node = pair_hash(sibling, node) if place & 1 else pair_hash(node, sibling)
        place, size = place // 2, (size + 1) // 2
    return None if left else node
