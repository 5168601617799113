"""The demo's main job, step by step, on the installation that `environment.enter` has prepared."""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from io import StringIO
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from calendars.models import Calendar, Event, OutboxWrite
from clockwise.demo.browser import sign_in
from clockwise.demo.company import DOMAIN, ZONES
from clockwise.organizations import lookups
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from scheduling import summary

AT_ONCE = 4
PATIENCE_SECONDS = 300
FLEXIBLE_SHARE = 0.75
Report = Callable[[int, int], None]


class DemoFailed(Exception):
    """A step didn't come to its end."""


@dataclass(frozen=True)
class Person:
    email: str
    name: str
    zone: str


@dataclass(frozen=True)
class Story:
    """What is told: whom, and the two weeks of which the summary speaks."""

    people: Sequence[Person]
    monday: date
    seed: int

    @property
    def span(self) -> tuple[datetime, datetime]:
        zone = ZoneInfo(ZONES[0])
        start = datetime.combine(self.monday, clock_time(), zone).astimezone(UTC)
        return start, start + timedelta(weeks=2)


def organization_id() -> UUID:
    found = lookups.organization_by_domain(DOMAIN)
    if found is None:
        raise DemoFailed("Nobody of the company has signed in.")
    return found


def sign_everybody_in(story: Story, report: Report) -> None:
    """Through Google's consent page and back; the first, who founded the company, alone."""
    founder, *others = story.people
    sign_in(settings.CLOCKWISE_BASE_URL, founder.email)
    report(1, len(story.people))
    _at_once([partial(sign_in, settings.CLOCKWISE_BASE_URL, person.email) for person in others], report, done=1)


def wait_for_first_syncs(story: Story, report: Report) -> None:
    """The workers do them; here we only look."""
    _wait(lambda: Calendar.objects.filter(is_primary=True, synced_at__isnull=False).count(), len(story.people), report)


def mark_flexible(story: Story, report: Report) -> int:
    """Three in four internal meetings, by their organizers, with the command that people have too."""
    chosen = _flexible_meetings(story)
    work = [
        partial(_command, "flexible", "--email", email, "--event", google_id, *(["--series"] if is_series else []))
        for email, google_id, is_series in chosen
    ]
    _at_once(work, report)
    return len(chosen)


def _flexible_meetings(story: Story) -> list[tuple[str, str, bool]]:
    rng = random.Random(story.seed)  # noqa: S311 - a reproducible choice, no secret
    start, end = story.span
    with current.organization(organization_id()):
        addresses = {member.pk: member.details.address for member in Member.objects.all()}
        meetings: dict[bytes, tuple[str, str, bool]] = {}
        rows = Event.objects.filter(is_organizer=True, attendee_count__gte=2, start__gte=start, start__lt=end)
        for event in rows.order_by("start", "google_id"):
            internal = all(a.address.endswith(f"@{DOMAIN}") for a in event.details.attendees)
            if internal and not event.details.title.endswith("stand-up"):
                meetings.setdefault(
                    bytes(event.series_index),
                    (addresses[event.member_id], event.google_id, bool(event.series_id)),
                )
    return [meeting for meeting in meetings.values() if rng.random() < FLEXIBLE_SHARE]


def optimize(story: Story) -> dict[str, Any]:
    """Plan, accept and write back, with the command that people have too. Returns its last line."""
    out = StringIO()
    arguments = ["--email", story.people[0].email, "--date", story.monday.isoformat(), "--apply", "--wait"]
    call_command("optimize", *arguments, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue().strip().splitlines()[-1])
    return answer


def wait_for_writes(report: Report) -> None:
    """Until Google has answered each."""
    with current.organization(organization_id()):
        total = OutboxWrite.objects.count()
    _wait(lambda: OutboxWrite.objects.exclude(state=OutboxWrite.State.PENDING).count(), total, report)


def sync_again(story: Story, report: Report) -> None:
    """Read back from Google what was written, so that the summary speaks of Google's calendar and not of our plan."""
    _at_once([partial(_command, "sync_calendars", "--email", p.email, "--wait") for p in story.people], report)


def figures(story: Story) -> summary.Figures:
    """Of everybody's two weeks, by code that shares nothing with the engine."""
    with current.organization(organization_id()):
        return summary.of_members(Member.objects.values_list("pk", flat=True), *story.span)


def _at_once(work: Sequence[Callable[[], object]], report: Report, *, done: int = 0) -> None:
    """A few at a time: each waits for web, database or Google most of the time."""
    total = done + len(work)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for count, future in enumerate(as_completed([pool.submit(one) for one in work]), start=done + 1):
            future.result()
            report(count, total)


def _command(*arguments: str) -> None:
    """A command on a thread of its own: its connection to the database ends with it."""
    try:
        call_command(*arguments, stdout=StringIO())
    finally:
        connections["default"].close()


def _wait(count: Callable[[], int], wanted: int, report: Report) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for found in _counts(count):
        report(found, wanted)
        if found >= wanted:
            return
        if time.monotonic() > deadline:
            raise DemoFailed(f"Only {found} of {wanted} were done within {PATIENCE_SECONDS} seconds.")
        time.sleep(0.2)


def _counts(count: Callable[[], int]) -> Iterator[int]:
    organization = organization_id()
    while True:
        with current.organization(organization):
            found = count()
        yield found
        connections["default"].close_if_unusable_or_obsolete()
