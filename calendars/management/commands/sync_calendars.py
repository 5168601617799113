"""`manage.py sync_calendars --email E --wait`: last line `{"calendars": n, "events": n}`."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from calendars import locks, tasks
from calendars.models import Calendar, Event, GoogleConnection
from calendars.sync import calendar, calendar_list
from clockwise.google.errors import GoogleError
from clockwise.organizations.management.member_command import MemberCommand
from clockwise.tenancy import current, messages


class Command(MemberCommand):
    help = "Read a member's calendars from Google."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--wait", action="store_true", help="do it here and come back when it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        reference = self.member_reference(options)
        with current.acting_for(reference.organization_id):
            connection_id = _connection(reference.member_id)
            if not options["wait"]:
                messages.wake(tasks.sync_connection, connection_id)
                return
            _sync(connection_id)
            _connection(reference.member_id)  # Google may have taken the grant back under way
            counts = _counts(reference.member_id)
        self.stdout.write(json.dumps(counts))


def _connection(member_id: UUID) -> UUID:
    with current.transaction():
        active = GoogleConnection.objects.filter(state=GoogleConnection.State.ACTIVE)
        connection = active.filter(member=member_id).first()
    if connection is None:
        raise CommandError("The member's calendar isn't connected: sign in with ?connect=calendar.")
    return connection.pk


def _sync(connection_id: UUID) -> None:
    try:
        for calendar_id in calendar_list.sync(connection_id):
            calendar.sync(calendar_id)
    except GoogleError as error:
        raise CommandError(f"Google didn't answer as it should ({error.reason}). Try again later.") from None
    except locks.Busy:
        raise CommandError("The calendar is being synced or written to, or Redis is away. Try again later.") from None


def _counts(member_id: UUID) -> dict[str, int]:
    with current.transaction():
        return {
            "calendars": Calendar.objects.filter(member=member_id).count(),
            "events": Event.objects.filter(member=member_id).count(),
        }
