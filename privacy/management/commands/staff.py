"""`manage.py staff register|remove|list`: the register of the operator's people."""

import json
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clockwise.organizations import lookups, members
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from privacy import staff
from privacy.models import StaffMember

Json = dict[str, Any]


class Command(BaseCommand):
    help = "Who works for the operator, and which papers they have. The last line is JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        register = acts.add_parser("register", help="add somebody, or write down newer dates")
        register.add_argument("--email", required=True)
        register.add_argument("--checked-on", type=_day, metavar="YYYY-MM-DD", help="day of the background check")
        register.add_argument("--trained-on", type=_day, metavar="YYYY-MM-DD", help="day of this year's training")
        remove = acts.add_parser("remove", help="take somebody off the register, at once")
        remove.add_argument("--email", required=True)
        acts.add_parser("list", help="everybody, with what is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        domain = settings.CLOCKWISE_OPERATOR_DOMAIN
        organization_id = lookups.organization_by_domain(domain) if domain else None
        if organization_id is None:
            raise CommandError("Set CLOCKWISE_OPERATOR_DOMAIN to the domain of an organization that exists.")
        try:
            with current.organization(organization_id):
                answer = self._answer(domain, options)
        except staff.NotStaff as refused:
            raise CommandError(str(refused), returncode=2) from None
        self.stdout.write(json.dumps(answer))

    def _answer(self, domain: str, options: Json) -> Json:
        if options["act"] == "list":
            people = StaffMember.objects.filter(removed_at=None).select_related("member").order_by("registered_at")
            return {"staff": [_line(person) for person in people]}
        try:
            found = members.find(options["email"], organization_domain=domain)
        except members.UnknownAddress:
            raise staff.NotStaff(f"No member of {domain} has this address: has the person signed in?") from None
        member = Member.objects.get(pk=found.member_id)
        if options["act"] == "remove":
            staff.remove(member)
            return {"removed": member.details.address}
        return _line(staff.register(member, checked_on=options["checked_on"], trained_on=options["trained_on"]))


def _line(person: StaffMember) -> Json:
    papers = staff.papers(person)
    missing = [paper.name for paper in papers if not paper.is_valid]
    return {"email": person.member.details.address, "may_work": not missing, "missing": missing}


def _day(text: str) -> date:
    return date.fromisoformat(text)
