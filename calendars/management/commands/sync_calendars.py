"""`manage.py sync_calendars --email E --wait`: last line `{"calendars": n, "events": n}`."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from calendars import tasks
from calendars.models import Calendar, Event, GoogleConnection
from calendars.sync import calendar, calendar_list
from clockwise.google.errors import GoogleError
from clockwise.organizations.management.member_command import MemberCommand
from clockwise.tenancy import current


class Command(MemberCommand):
    help = "Read a member's calendars from Google."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--wait", action="store_true", help="do it here and come back when it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        reference = self.member_reference(options)
        with current.acting_for(reference.organization_id):
            with current.transaction():
                connection = GoogleConnection.objects.filter(member=reference.member_id, state="active").first()
            if connection is None:
                raise CommandError("The member's calendar isn't connected: sign in with ?connect=calendar.")
            if not options["wait"]:
                tasks.wake(tasks.sync_connection, connection.pk)
                return
            try:
                for calendar_id in calendar_list.sync(connection.pk):
                    calendar.sync(calendar_id)
            except GoogleError as error:
                raise CommandError(f"Google didn't answer as it should ({error.reason}). Try again later.") from None
            with current.transaction():
                counts = {
                    "calendars": Calendar.objects.filter(member=reference.member_id).count(),
                    "events": Event.objects.filter(member=reference.member_id).count(),
                }
        self.stdout.write(json.dumps(counts))
