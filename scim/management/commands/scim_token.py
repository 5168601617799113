"""`manage.py scim_token create --organization D --name N --days 365`: prints the token, once. Also list and revoke."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clockwise.organizations import lookups
from clockwise.tenancy import current
from scim import tokens
from scim.models import ScimToken


class Command(BaseCommand):
    help = "Make, list and revoke an organization's SCIM tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["create", "list", "revoke"])
        parser.add_argument("--organization", metavar="DOMAIN", required=True)
        parser.add_argument("--name", help="what the token is for")
        parser.add_argument("--days", type=int, default=tokens.DEFAULT_DAYS)
        parser.add_argument("--scopes", default="read,write", help="read, write or read,write")
        parser.add_argument("--token", metavar="PREFIX", help="the first characters of the token to revoke")

    def handle(self, *args: Any, **options: Any) -> None:
        with current.organization(_organization(options["organization"])):
            {"create": self._create, "list": self._list, "revoke": self._revoke}[options["action"]](options)

    def _create(self, options: dict[str, Any]) -> None:
        scopes = frozenset(options["scopes"].replace(" ", ",").split(","))
        try:
            secret = tokens.create(options["name"] or "Identity provider", days=options["days"], scopes=scopes)
        except (ValueError, tokens.TooManyTokens) as problem:
            raise CommandError(str(problem), returncode=2) from None
        self.stdout.write(secret)

    def _list(self, options: dict[str, Any]) -> None:
        for token in ScimToken.objects.order_by("created_at"):
            until = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else f"until {token.expires_at:%Y-%m-%d}"
            used = f"last used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
            self.stdout.write(f"{token.prefix}…  {until}  {used}  {token.scopes}  {token.details.name}")

    def _revoke(self, options: dict[str, Any]) -> None:
        prefix = options["token"] or ""
        found = [
            token for token in ScimToken.objects.filter(revoked_at=None) if token.prefix == prefix[: len(token.prefix)]
        ]
        if len(prefix) < tokens.SHOWN_CHARACTERS or len(found) != 1:
            raise CommandError("Name one living token by --token and the characters that `list` shows.", returncode=2)
        tokens.revoke(found[0])
        self.stdout.write(f"Revoked {found[0].prefix}…")


def _organization(domain: str) -> UUID:
    """A domain, or an organization's id."""
    found = lookups.organization_by_domain(domain)
    if found is not None:
        return found
    try:
        return UUID(domain)
    except ValueError:
        raise CommandError("No organization has this domain.", returncode=2) from None
