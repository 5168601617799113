"""Verifies the log where it lies: each organization's chain, every signed head, and the anchors outside.

Needs no key of an organization: hashes are over sealed words. Everything is recomputed from the columns; what the
database stored of leaf, chain and root is only compared with.
"""

import struct
from collections.abc import Callable, Iterable
from hashlib import sha256
from uuid import UUID

from django.db import connection

from clockwise.audit import anchors, heads
from clockwise.audit.commitments import chain_start
from clockwise.audit.findings import Report
from clockwise.audit.merkle import Tree
from clockwise.audit.models import AuditEntry, AuditHead, AuditLeaf
from clockwise.audit.signatures import NO_HEAD, Head
from clockwise.encryption.errors import KeyMissing
from clockwise.tenancy import current

# The leaf's content (`commitments.leaf_of`) up to the body's digest, put together by built-in functions alone: one of
# ours could be replaced. Digests are left to Python, where each costs a fifth of what it costs PostgreSQL.
_SIZED = "int2send(octet_length({0})::smallint) || convert_to({0}, 'UTF8')"
_SIZED_ID = "CASE WHEN {0} IS NULL THEN '\\x0000'::bytea ELSE '\\x0010'::bytea || uuid_send({0}) END"
_CONTENT = " || ".join(
    (
        "uuid_send(id) || uuid_send(organization_id) || int8send((extract(epoch FROM at) * 1000000)::bigint)",
        *(_SIZED.format(column) for column in ("action", "target_type", "channel", "via")),
        *(_SIZED_ID.format(column) for column in ("actor_id", "target_id")),
        "commitment",
    )
)
_ENTRIES = f"""
COPY (SELECT position, {_CONTENT}, body, chain
      FROM audit_auditentry WHERE organization_id = '{{organization}}' AND position IS NOT NULL ORDER BY position)
TO STDOUT (FORMAT binary)
"""  # noqa: S608 - the organization is a UUID


def organizations() -> list[UUID]:
    """The ids of all, which are readable without being in one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM organizations_organization ORDER BY id")
        return [organization_id for (organization_id,) in cursor.fetchall()]


def organization(organization_id: UUID) -> Report:
    """The chain of one organization, held against the leaves under the signed heads. Opens its own transaction."""
    with current.organization(organization_id), connection.cursor() as cursor:
        committed = {leaf.position: bytes(leaf.chain) for leaf in AuditLeaf.objects.all()}
        walk = _Walk(organization_id, committed)
        cursor.copy_expert(_ENTRIES.format(organization=organization_id), _Rows(walk.step))
        walk.finish(_leaves_of(walk.suspects))
    return walk.report


def signed_heads() -> Report:
    """Every head's signature, its link to the one before, and its root recomputed from the leaves."""
    report, key = Report(), heads.public_key()
    leaves = _leaves_by_head()
    tree, previous, expected = Tree(), NO_HEAD, 1
    for row in AuditHead.objects.order_by("number").iterator():
        head = heads.from_row(row)
        report.heads += 1
        follows = head.number == expected and head.previous == previous and head.is_signed_by(key)
        if not follows:
            report.add("forged", head.number)
        if not _grow(tree, leaves.pop(head.number, [])) or (tree.root, tree.size) != (head.root, head.size):
            report.add("rewritten", head.number)
        previous, expected = head.digest, head.number + 1
    if leaves:
        report.add("truncated", min(leaves))
    return report


def anchored() -> Report:
    """The newest head in the bucket must be one of ours; it commits to all before it.

    Raises KeyUnavailable, KeyRefused.
    """
    report = Report()
    outside = anchors.newest()
    if outside is None:
        return report
    report.heads = 1
    if not outside.is_signed_by(heads.public_key()):
        report.add("forged", outside.number)
    _compare(report, outside)
    for row in AuditHead.objects.exclude(anchored_at=None).filter(number__gt=outside.number)[:1]:
        report.add("conflict", row.number)  # said to be anchored, and isn't there
    return report


def against(outside: Head) -> Report:
    """One head that somebody kept outside (an owner's mail) must be one of ours."""
    report = Report(heads=1)
    if not outside.is_signed_by(heads.public_key()):
        report.add("forged", outside.number)
    _compare(report, outside)
    return report


def anchors_complete() -> Report:
    """Every head that is said to be anchored is there, and is the same. One request for each: slow."""
    report = Report()
    for row in AuditHead.objects.exclude(anchored_at=None).order_by("number").iterator():
        report.heads += 1
        try:
            same = anchors.get(row.number) == heads.from_row(row)
        except KeyMissing:
            same = False
        if not same:
            report.add("conflict", row.number)
    return report


def _compare(report: Report, outside: Head) -> None:
    ours = AuditHead.objects.filter(number=outside.number).first()
    if ours is None or heads.from_row(ours) != outside:
        report.add("conflict", outside.number)


def _leaves_by_head() -> dict[int, list[tuple[int, bytes]]]:
    found: dict[int, list[tuple[int, bytes]]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT head, place, leaf FROM lookup_audit_leaves()")
        for head, place, leaf in cursor.fetchall():
            found.setdefault(head, []).append((place, bytes(leaf)))
    return found


def _grow(tree: Tree, leaves: list[tuple[int, bytes]]) -> bool:
    for place, leaf in leaves:
        if place > tree.size:
            return False
        tree.put(place, leaf)
    return True


def _leaves_of(positions: Iterable[int]) -> dict[int, bytes]:
    """The stored leaves of suspect entries, which tell a changed one from one that only stands elsewhere."""
    found = AuditEntry.objects.filter(position__in=list(positions)).values_list("position", "leaf")
    return {position: bytes(leaf) for position, leaf in found if position is not None}


class _Walk:
    """One organization's entries in their order, each held against the one before.

    suspects: by position, the recomputed leaf of entries whose link isn't what it should be.
    """

    def __init__(self, organization_id: UUID, committed: dict[int, bytes]) -> None:
        self.report = Report()
        self.suspects: dict[int, bytes] = {}
        self._chain = chain_start(organization_id)
        self._committed = committed
        self._position = 0

    def step(self, position: int, content: bytes, body: bytes, stored: bytes) -> None:
        """Called for each of millions: what is sound costs three hashes."""
        leaf = sha256(content + sha256(body).digest()).digest()
        link = sha256(self._chain + leaf).digest()
        if link != stored:
            self.suspects[position] = leaf
        if position != self._position + 1:
            self.report.add("missing", position)
        if position in self._committed and self._committed.pop(position) != stored:
            self.report.add("rewritten", position)
        self._chain = stored  # one finding for one break, not one for all that follow
        self._position = position
        self.report.entries += 1

    def finish(self, leaves: dict[int, bytes]) -> None:
        """What a head counted and nobody met is missing inside, or cut off at the end."""
        for position, leaf in self.suspects.items():
            self.report.add("broken" if leaves.get(position) == leaf else "changed", position)
        for position in sorted(self._committed):
            self.report.add("truncated" if position > self._position else "rewritten", position)


class _Rows:
    """What COPY writes in its binary format, cut into rows (PostgreSQL's manual, COPY, "Binary Format")."""

    _HEADER_BYTES = 11 + 4 + 4  # signature, flags, length of an extension, of which there is none
    _BEGIN = struct.Struct(">hiqi")  # number of fields, size and value of the first, size of the second
    _SIZE = struct.Struct(">i")

    def __init__(self, take: Callable[[int, bytes, bytes, bytes], None]) -> None:
        self._take = take
        self._rest = b""
        self._is_begun = False

    def write(self, chunk: bytes) -> None:
        """A row mostly comes alone and whole, but nobody promises it."""
        rest = self._rest + chunk if self._rest else chunk
        place = 0
        if not self._is_begun:
            if len(rest) < self._HEADER_BYTES:
                self._rest = rest
                return
            place, self._is_begun = self._HEADER_BYTES, True
        begin, size_at, take = self._BEGIN.unpack_from, self._SIZE.unpack_from, self._take
        try:
            while True:
                _, _, position, size = begin(rest, place)
                content = place + self._BEGIN.size
                body = content + size + self._SIZE.size
                chain = body + size_at(rest, body - self._SIZE.size)[0] + self._SIZE.size
                end = chain + size_at(rest, chain - self._SIZE.size)[0]
                if end > len(rest):
                    break
                take(
                    position,
                    rest[content : content + size],
                    rest[body : chain - self._SIZE.size],
                    rest[chain:end],
                )
                place = end
        except struct.error:
            pass  # the rest of the row is yet to come, or this is the trailer
        self._rest = rest[place:]
