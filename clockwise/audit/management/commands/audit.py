"""`manage.py audit verify | export | key | events`."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from clockwise.audit import anchors, export, heads, offline, verify
from clockwise.audit.events import EVENTS
from clockwise.audit.findings import Report
from clockwise.audit.signatures import Receipt
from clockwise.encryption.errors import KeyMissing, KeyRefused, KeyUnavailable
from clockwise.tenancy import current


class Command(BaseCommand):
    help = "Verify the audit log or an export of it, export it, print the public key or the list of events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        checked = actions.add_parser("verify", help="exit 1 and say where, unless all is as it was recorded")
        checked.add_argument("--organization", type=UUID, help="this one's log alone, by id")
        checked.add_argument("--export", type=Path, help="an export instead of the database")
        checked.add_argument("--receipt", type=Path, action="append", default=[], help="a receipt from an owner's mail")
        checked.add_argument("--all-anchors", action="store_true", help="ask for each anchored head: slow")
        exported = actions.add_parser("export", help="the organization's log as JSON lines")
        exported.add_argument("--organization", type=UUID, required=True, help="by id")
        exported.add_argument("--out", type=Path, required=True)
        actions.add_parser("key", help="the public key with which heads and exports are verified")
        actions.add_parser("events", help="every event and its meaning, as a table of docs/security/audit.md")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(options)
        except (KeyMissing, KeyRefused, KeyUnavailable, anchors.AnchorConflict) as error:
            raise CommandError(str(error)) from None

    def _verify(self, options: dict[str, Any]) -> None:
        kept = [_receipt(path) for path in options["receipt"]]
        if options["export"]:
            reports = {"export": _export_report(options["export"], kept)}
        else:
            reports = _installation_reports(options["organization"], kept, all_anchors=options["all_anchors"])
        for name, report in reports.items():
            for finding in report.findings:
                self.stderr.write(f"{name}: {finding}")
        sound = all(report.is_sound for report in reports.values())
        entries = sum(report.entries for report in reports.values())
        self.stdout.write(json.dumps({"sound": sound, "entries": entries, "heads": _heads_in(reports)}))
        if not sound:
            raise SystemExit(1)

    def _export(self, options: dict[str, Any]) -> None:
        with current.acting_for(options["organization"]), options["out"].open("w") as file:
            options["out"].chmod(0o600)
            for line in export.lines(by=None):
                file.write(line + "\n")
        self.stdout.write(str(options["out"]))

    def _key(self, options: dict[str, Any]) -> None:
        self.stdout.write(heads.public_key().hex())

    def _events(self, options: dict[str, Any]) -> None:
        self.stdout.write("| event | meaning |\n|---|---|")
        for name, meaning in EVENTS.items():
            self.stdout.write(f"| `{name}` | {meaning} |")


def _installation_reports(chosen: UUID | None, kept: list[Receipt], *, all_anchors: bool) -> dict[str, Report]:
    reports = {f"organization {found}": verify.organization(found) for found in [chosen] if found}
    if not chosen:
        reports = {f"organization {found}": verify.organization(found) for found in verify.organizations()}
    reports["heads"] = verify.signed_heads()
    if anchors.is_configured():
        reports["anchors"] = verify.anchors_complete() if all_anchors else verify.anchored()
    for receipt in kept:
        reports[f"receipt {receipt.head.number}"] = verify.against(receipt.head)
    return reports


def _export_report(path: Path, kept: list[Receipt]) -> Report:
    try:
        with path.open() as lines:
            return offline.verify(lines, public_key=heads.public_key(), kept=kept)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from None


def _receipt(path: Path) -> Receipt:
    try:
        return Receipt.from_token(path.read_text())
    except (OSError, KeyError, ValueError, TypeError):
        raise CommandError(f"{path} holds no receipt. Save the line of an owner's mail as it is.") from None


def _heads_in(reports: dict[str, Report]) -> int:
    return reports["heads"].heads if "heads" in reports else 1
