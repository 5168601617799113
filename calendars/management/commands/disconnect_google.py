"""`manage.py disconnect_google --email E`: end a member's connection, here and at Google."""

from typing import Any

from django.core.management.base import CommandError

from calendars import connections
from clockwise.organizations.management.member_command import MemberCommand
from clockwise.tenancy import current


class Command(MemberCommand):
    help = "End a member's connection to Google."

    def handle(self, *args: Any, **options: Any) -> None:
        reference = self.member_reference(options)
        with current.acting_for(reference.organization_id):
            try:
                is_revoked = connections.disconnect(reference.member_id)
            except connections.NotConnected as problem:
                raise CommandError(str(problem)) from None
        if not is_revoked:
            self.stderr.write("Google couldn't be told yet; the sweep tries again each minute.")
        self.stdout.write("Disconnected.")
