"""`manage.py export --email E --out F`: everything stored about a person, as a zip."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from clockwise.audit.record import record
from clockwise.organizations.management.member_command import MemberCommand
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from privacy import export


class Command(MemberCommand):
    help = "Write everything that is stored about a person into a zip with JSON, ICS and CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the zip to write; must not exist")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        reference = self.member_reference(options)
        with current.organization(reference.organization_id):
            content = export.bundle(reference.member_id)
            record(
                "privacy.export_made", by=None, target=Member.objects.get(pk=reference.member_id), bytes=len(content)
            )
        try:
            # Readable by whoever runs this alone.
            out.touch(mode=0o600, exist_ok=False)
            out.write_bytes(content)
        except FileExistsError:
            raise CommandError(f"{out} exists already: choose another name.", returncode=2) from None
        except OSError as problem:
            raise CommandError(f"{out} can't be written: {problem.strerror}.", returncode=2) from None
        self.stdout.write(str(out))
