"""Verifies an export of the log without the installation: `python -m clockwise.audit.offline FILE --key HEX`.

Needs Python and the package `cryptography`, no Django, no database and no secret. The key is the installation's public
one (`manage.py audit key`, /trust.json), got some other way than with the file. A receipt that somebody kept (owners
get one by mail) shows besides that history wasn't replaced since.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from clockwise.audit.commitments import EntryColumns, chain_start, chained, commitment_of, leaf_of
from clockwise.audit.findings import Report
from clockwise.audit.signatures import Receipt, micros

FORMAT = "clockwise-audit/1"
_BROKEN = (KeyError, ValueError, TypeError, AttributeError)


def verify(lines: Iterable[str], *, public_key: bytes, kept: Sequence[Receipt] = ()) -> Report:
    """What is wrong with an export. `kept`: receipts from elsewhere that this log must agree with."""
    report = Report()
    walk: _Walk | None = None
    receipt: Receipt | None = None
    for number, line in enumerate(lines):
        try:
            given = json.loads(line)
            if number == 0:
                walk = _begun(given)
            elif "receipt" in given:
                receipt = Receipt.from_json(given["receipt"])
            elif walk is not None:
                walk.step(given, report)
        except _BROKEN:
            report.add("malformed", number)
    if walk is None or receipt is None:
        report.add("truncated")
        return report
    walk.hold_against([receipt, *kept], public_key, report)
    return report


def _begun(header: dict[str, Any]) -> "_Walk":
    if header["format"] != FORMAT:
        raise ValueError("another format")
    return _Walk(UUID(header["organization"]))


class _Walk:
    def __init__(self, organization_id: UUID) -> None:
        self._organization_id = organization_id
        self._chains = [chain_start(organization_id)]

    def step(self, given: dict[str, Any], report: Report) -> None:
        """A line can't hide behind its own chain: it has none, all is recomputed from the start."""
        position = int(given["position"])
        report.entries += 1
        if position != len(self._chains):
            report.add("missing", position)
        columns = _columns(given, self._organization_id)
        if given["facts"] is None:
            report.add("unreadable", position)
        elif columns.commitment != commitment_of(given["facts"], given["address"], given["agent"], given["salt"]):
            report.add("changed", position)
        self._chains.append(chained(self._chains[-1], leaf_of(columns)))

    def hold_against(self, receipts: Iterable[Receipt], public_key: bytes, report: Report) -> None:
        for receipt in receipts:
            if receipt.organization_id != self._organization_id:
                report.add("foreign", receipt.head.number)
            if not receipt.is_proved(public_key):
                report.add("forged", receipt.head.number)
            if receipt.position >= len(self._chains):
                report.add("truncated", receipt.position)
            elif self._chains[receipt.position] != receipt.chain:
                report.add("rewritten", receipt.position)
        report.heads = 1


def _columns(given: dict[str, Any], organization_id: UUID) -> EntryColumns:
    return EntryColumns(
        id=UUID(given["id"]),
        organization_id=organization_id,
        at_micros=micros(datetime.fromisoformat(given["at"])),
        action=given["action"],
        actor_id=UUID(given["actor"]) if given["actor"] else None,
        target_type=given["target_type"],
        target_id=UUID(given["target"]) if given["target"] else None,
        channel=given["channel"],
        via=given["via"],
        commitment=bytes.fromhex(given["commitment"]),
        body_digest=bytes.fromhex(given["body_digest"]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m clockwise.audit.offline", description=(__doc__ or "")[:90])
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", required=True, help="the installation's public key, 64 hex digits")
    parser.add_argument("--receipt", type=Path, action="append", default=[], help="a file with a receipt from a mail")
    arguments = parser.parse_args()
    try:
        key = bytes.fromhex(arguments.key)
        kept = [Receipt.from_token(path.read_text()) for path in arguments.receipt]
        with arguments.file.open() as lines:
            report = verify(lines, public_key=key, kept=kept)
    except (OSError, *_BROKEN) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    for finding in report.findings:
        sys.stderr.write(f"{finding}\n")
    sys.stdout.write(json.dumps({"sound": report.is_sound, "entries": report.entries}) + "\n")
    sys.exit(0 if report.is_sound else 1)


if __name__ == "__main__":
    main()
