"""Signs, each minute, one head over all organizations' chains."""

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction

from clockwise import clock
from clockwise.audit.merkle import Tree
from clockwise.audit.models import AuditHead, AuditLeaf
from clockwise.audit.signatures import NO_HEAD, Head, Receipt
from clockwise.encryption.keys import installation_key
from clockwise.tenancy import current

# While nothing happens a head an hour is enough to say so.
QUIET = timedelta(hours=1)


class NothingSigned(Exception):
    """The organization's log is under no signed head yet."""


def public_key() -> bytes:
    """32 bytes with which anybody verifies heads, receipts and exports of this installation."""
    return _private_key().public_key().public_bytes_raw()


def sign_next() -> Head | None:
    """Take every grown chain into the tree and sign its root. None when nothing grew within the hour.

    Belongs to no organization's transaction.
    """
    key = _private_key()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('audit head', 0))")
        last = latest()
        number, at = (last.number + 1 if last else 1), clock.now()
        cursor.execute("SELECT lookup_audit_grow(%s)", [number])
        grown = cursor.fetchone()[0]
        if not grown and last is not None and last.at + QUIET > at:
            return None
        tree = tree_at(number)
        unsigned = Head(number, at, tree.size, tree.root, last.digest if last else NO_HEAD)
        head = Head(number, at, tree.size, tree.root, unsigned.previous, key.sign(unsigned.signed_content))
        cursor.execute(
            "SELECT audit_add_head(%s, %s, %s, %s, %s, %s)",
            [head.number, head.at, head.size, head.root, head.previous, head.signature],
        )
    return head


def latest() -> Head | None:
    row = AuditHead.objects.order_by("-number").first()
    return from_row(row) if row else None


def from_row(row: AuditHead) -> Head:
    root, previous, signature = (bytes(value) for value in (row.root, row.previous, row.signature))
    return Head(row.number, row.at, row.size, root, previous, signature)


def tree_at(number: int) -> Tree:
    with connection.cursor() as cursor:
        cursor.execute("SELECT leaf FROM lookup_audit_tree(%s)", [number])
        return Tree(bytes(leaf) for (leaf,) in cursor.fetchall())


def receipt() -> Receipt:
    """The current organization's place under the latest head. Raises NothingSigned."""
    with current.transaction():
        head = latest()
        leaf = AuditLeaf.objects.order_by("-head").first()
        if head is None or leaf is None:
            raise NothingSigned("No head covers this organization's log yet: one is signed each minute.")
        path = tree_at(head.number).proof(leaf.place)
    return Receipt(head, leaf.organization_id, leaf.position, bytes(leaf.chain), leaf.place, tuple(path))


def _private_key() -> Ed25519PrivateKey:
    """From the installation's key, which lies in the keystore and never changes: no dump and no role can sign."""
    return Ed25519PrivateKey.from_private_bytes(installation_key().subkey("audit heads"))
