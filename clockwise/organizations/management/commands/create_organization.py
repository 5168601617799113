"""`manage.py create_organization --domain D --name N --plan enterprise --owner E`: prints the organization's id."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_domain_name, validate_email

from clockwise.organizations import members
from clockwise.organizations.plans import Plan
from clockwise.organizations.roles import Role
from clockwise.tenancy import current


class Command(BaseCommand):
    help = "Make an organization and its owner, who is linked at the first sign-in with that address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--domain", required=True, help="the Google Workspace domain")
        parser.add_argument("--name", required=True)
        parser.add_argument("--plan", default=Plan.ENTERPRISE, choices=Plan.values)
        parser.add_argument("--owner", required=True, help="the owner's address")

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse(validate_domain_name, "--domain", options["domain"], "such as example.com")
        _refuse(validate_email, "--owner", options["owner"], "such as ada@example.com")
        try:
            organization_id = members.create_organization(
                domain=options["domain"], name=options["name"], plan=options["plan"]
            )
        except members.DomainTaken as taken:
            raise CommandError(str(taken), returncode=2) from None
        with current.organization(organization_id):
            members.add(address=options["owner"], name=options["owner"], role=Role.OWNER)
        self.stdout.write(str(organization_id))


def _refuse(validate: Callable[[str], None], option: str, value: str, remedy: str) -> None:
    """Before anything is written."""
    try:
        validate(value)
    except ValidationError:
        raise CommandError(f"{option}: {value!r} isn't valid; give one {remedy}.", returncode=2) from None
