"""`manage.py optimize --email E [--date D] [--apply | --dry-run] [--only-holds] --wait`: the last line is JSON."""

import json
import time
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from calendars import delivery
from calendars.models import OutboxWrite
from clockwise import clock
from clockwise.organizations.lookups import MemberReference
from clockwise.organizations.management.member_command import MemberCommand
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from scheduling import checking, proposals, run_requests, runs
from scheduling.answers import of_plan, of_proposal
from scheduling.models import Proposal

PATIENCE_SECONDS = 600
# Calendars are known 28 days ahead.
FURTHEST = timedelta(days=28)


class Command(MemberCommand):
    help = "Plan the member's organization (or, with --only-holds, the member's holds alone) and print the plan."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--date", help="plan from this local day on; today by default")
        parser.add_argument("--only-holds", action="store_true", help="no meeting moves")
        parser.add_argument("--wait", action="store_true", help="with --apply: come back when Google has answered")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--apply", action="store_true", help="accept the proposal")
        what.add_argument("--dry-run", action="store_true", help="store and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        reference = self.member_reference(options)
        with current.acting_for(reference.organization_id):
            try:
                answer = self._answer(reference, options)
            except checking.PlanRefused as refused:
                raise CommandError(f"The plan broke a rule and was thrown away: {refused}") from None
        self.stdout.write(json.dumps(answer))

    def _answer(self, reference: MemberReference, options: dict[str, Any]) -> dict[str, Any]:
        day = _day(options["date"])
        if options["dry_run"]:
            plan = runs.compute(day=day, only_holds_of=reference.member_id if options["only_holds"] else None)
            with current.transaction():
                return of_plan(plan)
        proposal = self._stored(reference, day, only_holds=options["only_holds"])
        if options["apply"]:
            self._apply(proposal, reference, wait=options["wait"])
        with current.transaction():
            return of_proposal(proposal)

    def _stored(self, reference: MemberReference, day: date | None, *, only_holds: bool) -> Proposal:
        with current.transaction():
            member = Member.objects.get(pk=reference.member_id)
            run = run_requests.create(by=member, only_holds=only_holds, day=day)
        proposal = runs.execute(run.pk)
        if proposal is None:
            raise CommandError("The run was taken by a worker. Look at the dashboard.")
        return proposal

    def _apply(self, proposal: Proposal, reference: MemberReference, *, wait: bool) -> None:
        with current.transaction():
            member = Member.objects.get(pk=reference.member_id)
            try:
                proposals.accept(proposal, by=member)
            except proposals.ProposalClosed as closed:
                raise CommandError(str(closed)) from None
        if wait:
            _wait_for_writes(proposal)


def _wait_for_writes(proposal: Proposal) -> None:
    """Do what no worker has taken, and wait for what one has."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _pending(proposal):
        if delivery.deliver():
            continue
        if time.monotonic() > deadline:
            raise CommandError("Google hasn't answered each write. The rest is tried again by the worker.")
        time.sleep(0.1)


def _pending(proposal: Proposal) -> bool:
    with current.transaction():
        ids: list[UUID] = [
            *proposal.moves.values_list("pk", flat=True),
            *proposal.hold_changes.values_list("pk", flat=True),
        ]
        return OutboxWrite.objects.filter(purpose_id__in=ids, state=OutboxWrite.State.PENDING).exists()


def _day(text: str | None) -> date | None:
    """Raises CommandError for what is no day, or one far outside of what a sync can know."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.min
    today = clock.now().date()
    if day is not None and not today - FURTHEST <= day <= today + FURTHEST:
        raise CommandError(f"--date must be a day of these weeks, like {today}, not {text!r}.", returncode=2)
    return day
