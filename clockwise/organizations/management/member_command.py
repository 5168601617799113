"""Base of commands that act for one member, named by address."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clockwise.organizations import members
from clockwise.organizations.lookups import MemberReference


class MemberCommand(BaseCommand):
    """Adds `--email` and `--organization`; exit status 2 when they name no one member."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="the member's address")
        parser.add_argument("--organization", metavar="DOMAIN", help="where members of two organizations have it")

    def member_reference(self, options: dict[str, Any]) -> MemberReference:
        try:
            return members.find(options["email"], organization_domain=options["organization"])
        except (members.UnknownAddress, members.AmbiguousAddress) as problem:
            raise CommandError(str(problem), returncode=2) from None
