"""`manage.py evidence --out F` makes a signed bundle; `manage.py evidence --verify F` checks one."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from privacy import evidence


class Command(BaseCommand):
    help = "Make or check the signed bundle of evidence for a SOC 2 audit."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--out", type=Path, metavar="FILE", help="the zip to write")
        what.add_argument("--verify", type=Path, metavar="FILE", help="a zip to check; 1 if it isn't as it was signed")
        parser.add_argument("--key", metavar="HEX", help="with --verify: the public key (default: our own)")
        parser.add_argument(
            "--manual",
            type=Path,
            metavar="FILE",
            help='with --out: JSON of what people have shown, {"CC1.1": {"note": "...", "date": "2026-11-25"}}',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = options["verify"] and options["verify"].read_bytes()
            manual = _manual(options["manual"])
            key = bytes.fromhex(options["key"]) if options["key"] else None
        except (OSError, ValueError) as problem:
            raise CommandError(f"That can't be read: {problem}", returncode=2) from None
        if content is None:
            content = evidence.make(manual=manual)
            options["out"].write_bytes(content)
        try:
            bundle = evidence.open_bundle(content, key=key)
        except evidence.BundleRefused as refused:
            raise CommandError(str(refused), returncode=1) from None
        states = Counter(line["state"] for line in bundle["criteria"])
        self.stdout.write(json.dumps({"criteria": len(bundle["criteria"]), **states, "made_at": bundle["made_at"]}))


def _manual(path: Path | None) -> dict[str, dict[str, str]]:
    """Raises ValueError with what is wrong with which criterion."""
    found: dict[str, dict[str, str]] = json.loads(path.read_text()) if path else {}
    for name, shown in found.items():
        if name not in evidence.CRITERIA:
            raise ValueError(f"{name} is no criterion")
        if not isinstance(shown, dict) or set(shown) != {"note", "date"}:
            raise ValueError(f"{name} needs a note and a date")
        date.fromisoformat(shown["date"])
    return found
