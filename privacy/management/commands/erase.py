"""`manage.py erase --email E` erases a person; `manage.py erase --replay` erases again whom a restore brought back."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from clockwise.organizations.management.member_command import MemberCommand
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from privacy import erasure
from privacy.models import Erasure


class Command(MemberCommand):
    help = "Erase a person: access ends, rows go, their key is shredded. There is no way back."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        for action in parser._actions:
            if action.dest == "email":
                action.required = False
        parser.add_argument("--replay", action="store_true", help="after a restore: erase again who is back")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["replay"]:
            self.stdout.write(json.dumps({"erased_again": erasure.replay()}))
            return
        if not options["email"]:
            raise CommandError("Name the person with --email, or give --replay.", returncode=2)
        reference = self.member_reference(options)
        with current.acting_for(reference.organization_id):
            with current.transaction():
                request = erasure.begin(Member.objects.get(pk=reference.member_id), by=None)
            erasure.carry_out(request.pk)
            with current.transaction():
                done = Erasure.objects.get(pk=request.pk)
        self.stdout.write(json.dumps({"erased": done.counts, "told_google": done.told_google}))
