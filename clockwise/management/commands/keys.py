"""`manage.py keys rotate|rewrap|backup|restore`: the life of keys, on a running installation."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from clockwise.audit.record import record
from clockwise.encryption import keys
from clockwise.encryption.errors import EncryptionError
from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.resealing import reseal
from clockwise.organizations import lookups, members
from clockwise.organizations.models import Member, Organization
from clockwise.tenancy import current


class Command(BaseCommand):
    help = "Rotate data keys, rewrap them under a new master key, back up and restore the keystore."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        rotate = verbs.add_parser("rotate", help="New keys, under which every row is sealed anew; people work on.")
        rotate.add_argument("--organization", metavar="DOMAIN", help="This organization alone; all without it.")
        rotate.add_argument("--email", metavar="ADDRESS", help="This member alone.")
        rotate.add_argument("--continue", dest="go_on", action="store_true", help="Make no new key: finish the last.")
        verbs.add_parser("rewrap", help="Wrap every key by the newest master key; no row is touched.")
        verbs.add_parser("backup", help="Copy the keystore.").add_argument("--to", required=True, metavar="PLACE")
        verbs.add_parser("restore", help="Bring back missing keys.").add_argument(
            "--from", dest="source", required=True, metavar="PLACE"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = getattr(self, f"_{options['verb']}")(options)
        except (EncryptionError, members.UnknownAddress, members.AmbiguousAddress) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(answer))

    def _rotate(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["email"]:
            found = members.find(options["email"], organization_domain=options["organization"])
            with current.acting_for(found.organization_id):
                return self._rotate_one(KeyOwner(found.organization_id, found.member_id), go_on=options["go_on"])
        found_all = _organizations(options["organization"])
        answers = [self._rotate_organization(each, go_on=options["go_on"]) for each in found_all]
        return {"organizations": len(answers), "rows": sum(answer["rows"] for answer in answers)}

    def _rotate_organization(self, organization_id: UUID, *, go_on: bool) -> dict[str, Any]:
        with current.acting_for(organization_id):
            with current.transaction():
                people = list(Member.objects.values_list("pk", flat=True))
            if not go_on:
                keys.rotate(KeyOwner(organization_id, None))
                for member_id in people:
                    if not keys.is_shredded(KeyOwner(organization_id, member_id)):
                        keys.rotate(KeyOwner(organization_id, member_id))
            keys.rewrap_members(organization_id)
            return self._sealed_anew(None)

    def _rotate_one(self, owner: KeyOwner, *, go_on: bool) -> dict[str, Any]:
        if not go_on:
            keys.rotate(owner)
        return self._sealed_anew(owner.member_id)

    def _sealed_anew(self, member_id: UUID | None) -> dict[str, Any]:
        done = reseal(member_id=member_id)
        with current.transaction():
            record("key.rotated", by=None, member=str(member_id or ""), rows=done.rows)
        return {"rows": done.rows, "kept": list(done.kept)}

    def _rewrap(self, options: dict[str, Any]) -> dict[str, Any]:
        count = keys.rewrap_under_master()
        _tell_all("key.rewrapped", keys=count)
        return {"keys": count}

    def _backup(self, options: dict[str, Any]) -> dict[str, Any]:
        count = keys.backup(options["to"])
        _tell_all("backup.made", keys=count)
        return {"keys": count}

    def _restore(self, options: dict[str, Any]) -> dict[str, Any]:
        count = keys.restore(options["source"])
        _tell_all("backup.restored", keys=count)
        return {"restored": count}


def _tell_all(action: str, *, keys: int) -> None:
    """What concerns every organization is in each one's log."""
    for organization_id in _organizations(None):
        with current.organization(organization_id):
            record(action, by=None, keys=keys)


def _organizations(domain: str | None) -> list[UUID]:
    if domain is None:
        every = Organization.objects.order_by("pk").values_list("pk", flat=True)
        return [each for each in every if not keys.is_shredded(KeyOwner(each, None))]
    found = lookups.organization_by_domain(domain)
    if found is None:
        raise CommandError(f"No organization has the domain {domain}.")
    return [found]
