"""`manage.py api_token create --email E --scopes read,write`: prints the token, once."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from clockwise.organizations import tokens
from clockwise.organizations.management.member_command import MemberCommand
from clockwise.organizations.models import Member
from clockwise.tenancy import current


class Command(MemberCommand):
    help = "Make an API token for a member."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["create"])
        super().add_arguments(parser)
        parser.add_argument("--scopes", default="read", help="read, write or read,write")

    def handle(self, *args: Any, **options: Any) -> None:
        reference = self.member_reference(options)
        with current.organization(reference.organization_id):
            member = Member.objects.get(pk=reference.member_id)
            try:
                secret = tokens.create(member, scopes=set(options["scopes"].replace(" ", ",").split(",")))
            except ValueError as problem:
                raise CommandError(str(problem), returncode=2) from None
        self.stdout.write(secret)
