"""`manage.py flexible --email E --event GOOGLE_ID [--series] [--range day|week] [--window HH:MM-HH:MM] [--off]`"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from calendars.models import Event
from clockwise.organizations.management.member_command import MemberCommand
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from scheduling import flexibility
from scheduling.models import Flexibility


class Command(MemberCommand):
    help = "Let a meeting move, as its organizer or as a guest whom Google lets modify it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--event", required=True, metavar="GOOGLE_ID")
        parser.add_argument("--series", action="store_true", help="each instance of its series")
        parser.add_argument("--range", default=Flexibility.Range.WEEK, choices=Flexibility.Range.values)
        parser.add_argument("--window", metavar="HH:MM-HH:MM", default="", help="local times of the organizer")
        parser.add_argument("--off", action="store_true", help="make it fixed again")

    def handle(self, *args: Any, **options: Any) -> None:
        reference = self.member_reference(options)
        with current.organization(reference.organization_id):
            member = Member.objects.get(pk=reference.member_id)
            # On two calendars of one person: the copy through which it may be changed.
            copies = Event.objects.filter(member=member, google_id=options["event"])
            event = copies.order_by("-is_organizer", "-guests_can_modify", "id").first()
            if event is None:
                raise CommandError("No such event on this member's calendar. Sync it first: manage.py sync_calendars.")
            try:
                self._set(event, member, options)
            except (flexibility.NotPermittedToMove, ValueError) as refused:
                raise CommandError(str(refused)) from None
        self.stdout.write("fixed" if options["off"] else "flexible")

    def _set(self, event: Event, member: Member, options: dict[str, Any]) -> None:
        if options["off"]:
            flexibility.make_fixed(event, by=member)
            return
        start, _, end = options["window"].partition("-")
        flexibility.make_flexible(
            event,
            by=member,
            series=options["series"],
            range=options["range"],
            window=flexibility.parse_window(start, end),
        )
