"""Verifies the log where it lies: each organization's chain, every signed head, and the anchors outside.

Needs no key of an organization: hashes are over sealed words. Everything is recomputed from the columns; what the
database stored of leaf, chain and root is only compared with.
"""

import hashlib
from binascii import unhexlify
from collections.abc import Callable
from uuid import UUID

from django.db import connection

from clockwise.audit import anchors, heads
from clockwise.audit.commitments import chain_start
from clockwise.audit.findings import Report
from clockwise.audit.merkle import Tree
from clockwise.audit.models import AuditHead, AuditLeaf
from clockwise.audit.signatures import NO_HEAD, Head
from clockwise.encryption.errors import KeyMissing
from clockwise.tenancy import current

# The leaf's content (`commitments.leaf_of`), put together by built-in functions alone: one of ours could be replaced.
_SIZED = "int2send(octet_length({0})::smallint) || convert_to({0}, 'UTF8')"
_SIZED_ID = "CASE WHEN {0} IS NULL THEN '\\x0000'::bytea ELSE '\\x0010'::bytea || uuid_send({0}) END"
_CONTENT = " || ".join(
    (
        "uuid_send(id) || uuid_send(organization_id) || int8send((extract(epoch FROM at) * 1000000)::bigint)",
        *(_SIZED.format(column) for column in ("action", "target_type", "channel", "via")),
        *(_SIZED_ID.format(column) for column in ("actor_id", "target_id")),
        "commitment || sha256(body)",
    )
)
_ENTRIES = f"""
COPY (SELECT position, encode({_CONTENT}, 'hex'), encode(leaf, 'hex'), encode(chain, 'hex')
      FROM audit_auditentry WHERE organization_id = '{{organization}}' AND position IS NOT NULL ORDER BY position)
TO STDOUT
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
        cursor.copy_expert(_ENTRIES.format(organization=organization_id), _Lines(walk.step))
        walk.finish()
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


class _Walk:
    """One organization's entries in their order, each held against the one before."""

    def __init__(self, organization_id: UUID, committed: dict[int, bytes]) -> None:
        self.report = Report()
        self._chain = chain_start(organization_id)
        self._id_bytes = organization_id.bytes
        self._committed = committed
        self._position = 0

    def step(self, line: bytes) -> None:
        number, content_hex, leaf_hex, chain_hex = line.split(b"\t")
        position, content = int(number), unhexlify(content_hex)
        report = self.report
        report.entries += 1
        if position != self._position + 1:
            report.add("missing", position)
        leaf = hashlib.sha256(content).digest()
        if leaf != unhexlify(leaf_hex):
            report.add("foreign" if content[16:32] != self._id_bytes else "changed", position)
        self._chain = hashlib.sha256(self._chain + leaf).digest()
        if self._chain != unhexlify(chain_hex):
            report.add("broken", position)
            self._chain = unhexlify(chain_hex)  # one finding for one break, not one for all that follow
        wanted = self._committed.pop(position, None)
        if wanted is not None and wanted != self._chain:
            report.add("rewritten", position)
        self._position = position

    def finish(self) -> None:
        beyond = [position for position in self._committed if position > self._position]
        for position in self._committed:
            if position not in beyond:
                self.report.add("rewritten", position)
        if beyond:
            self.report.add("truncated", max(beyond))


class _Lines:
    """What COPY writes, cut into lines."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._rest = b""

    def write(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._take(line)
