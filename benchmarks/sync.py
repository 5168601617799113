"""What a full sync and a delta cost, against a bare loop of google-api-python-client that only lists the same events.

`python -m benchmarks.sync [--calendars 500] [--events 200] [--processes 1]`. Events are those of each calendar. The
product syncs with as many processes as a Celery worker has, one for each core; the bare loop is one. Google is the
emulator in a process of its own; it is asked for the same fields and pages by both. A full sync parses, compares, seals
and stores what the bare loop throws away. Bars: 2 times its time, 3 requests and 15 queries (statements other than
BEGIN and COMMIT) for a delta of one event, and no memory that grows.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

from clockwise import embedded

ROOT = Path(__file__).resolve().parent.parent
EVERY_PERSON_HAS = 2
DOMAIN = "company.example"
Json = dict[str, Any]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--calendars", type=int, default=40)
    arguments.add_argument("--events", type=int, default=200, help="of each calendar")
    arguments.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="of the product's worker")
    asked = arguments.parse_args()
    people = max(1, asked.calendars // EVERY_PERSON_HAS)
    os.environ.update(embedded.join(ROOT / ".run" / "benchmark", durable=False))
    os.environ["DJANGO_SETTINGS_MODULE"] = "clockwise.settings"
    import django

    django.setup()
    with emulator(seed(people, asked.events)) as url:
        measure(url, people, asked.processes)


def measure(url: str, people: int, processes: int) -> None:
    fleet = signed_in(url, people)
    own, children = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    (listed, bare), bare_processor = worked(own, lambda: timed(lambda: bare_loop(url, fleet.tokens)))
    ((synced, growth), ours), processor = worked(children, lambda: timed(lambda: full_sync(fleet, processes)))
    if synced != listed:
        sys.exit(f"The bare loop listed {listed} events, the product has {synced}.")
    print(f"{'':24}{'events':>9}{'seconds':>9}{'events/s':>10}{'processor µs an event, of Python alone':>42}")
    for name, seconds, busy in (("bare loop", bare, bare_processor), ("full sync", ours, processor)):
        print(f"{name:24}{listed:>9}{seconds:>9.1f}{listed / seconds:>10.0f}{busy / listed * 1e6:>42.0f}")
    requests, queries, delta = one_event_delta(url, fleet)
    print(f"full sync / bare loop: {ours / bare:.2f} (bar: 2), {processes} processes on {os.cpu_count()} cores")
    print(f"delta of one event: {requests} requests (bar: 3), {queries} queries (bar: 15), {delta * 1000:.0f} ms")
    print(f"memory from a tenth of the calendars to all of them: {growth:+.1f} MB")


def seed(people: int, events: int) -> Json:
    """Meetings of an hour on the eight weeks around now, a guest and a room on each third."""
    monday = date.today() - timedelta(days=date.today().weekday())  # noqa: DTZ011 - any Monday nearby
    rows: list[Json] = []
    for person in range(people):
        own = address(person)
        for calendar in range(EVERY_PERSON_HAS):
            organizer = own if calendar == 0 else side(person)
            rows += [event(organizer, own, number, events, monday) for number in range(events)]
    return {
        "organizations": [
            {
                "domain": DOMAIN,
                "people": [
                    {
                        "email": address(person),
                        "name": f"Person {person}",
                        "time_zone": "Europe/Berlin",
                        "calendars": [{"id": side(person), "summary": "Side"}],
                    }
                    for person in range(people)
                ],
            }
        ],
        "events": rows,
    }


def address(person: int) -> str:
    return f"person{person}@{DOMAIN}"


def side(person: int) -> str:
    return f"side{person}@group.example"


def event(organizer: str, own: str, number: int, count: int, monday: date) -> Json:
    day = monday + timedelta(days=number * 56 // count - 28)
    start = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=7 + number % 10)
    row: Json = {
        "organizer": organizer,
        "summary": f"Meeting {number} about something of a usual length",
        "description": "Agenda: " + "words " * 20,
        "location": "Berlin, third floor",
        "start": {"dateTime": start.isoformat(), "timeZone": "Europe/Berlin"},
        "end": {"dateTime": (start + timedelta(hours=1)).isoformat(), "timeZone": "Europe/Berlin"},
    }
    if number % 3 == 0:
        guests = [own, "guest@outside.example", "another@outside.example"]
        row["attendees"] = [{"email": email, "responseStatus": "accepted"} for email in guests]
    return row


@contextmanager
def emulator(content: Json) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.json"
        path.write_text(json.dumps(content))
        command = [sys.executable, "-m", "calendars.emulator", "--port", "0", "--seed", str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()
            process.wait(timeout=20)


class Fleet:
    """People who have connected their calendars: their connections and access tokens."""

    def __init__(self) -> None:
        self.organization_id = UUID(int=0)
        self.connections: list[UUID] = []
        self.tokens: list[str] = []


def signed_in(url: str, people: int) -> Fleet:
    from django.conf import settings

    from calendars.emulator.server import endpoints
    from calendars.models import GoogleConnection
    from clockwise import clock
    from clockwise.google import oauth
    from clockwise.google.configuration import configured
    from clockwise.google.id_token import verify
    from clockwise.organizations import grants, signin
    from clockwise.organizations.models import Member
    from clockwise.tenancy import current, messages
    from tests.company import consent

    empty_all_tables()
    settings.GOOGLE = endpoints(url)
    settings.GOOGLE_REQUESTS_A_MINUTE = dict.fromkeys(settings.GOOGLE_REQUESTS_A_MINUTE, 10**9)
    messages.wake = lambda *_, **__: None  # no worker: the work is done here
    fleet = Fleet()
    for person in range(people):
        scopes = oauth.IDENTITY_SCOPES + oauth.CALENDAR_SCOPES
        grant, nonce = consent(None, address(person), scopes)  # type: ignore[arg-type]
        reference = signin.reference_for(verify(grant.id_token, settings=configured(), nonce=nonce, now=clock.now()))
        fleet.organization_id = reference.organization_id
        fleet.tokens.append(grant.access_token)
        with current.organization(reference.organization_id):
            member = Member.objects.get(pk=reference.member_id)
            grants.take(member, grant)
            fleet.connections.append(GoogleConnection.objects.get(member=member).pk)
    return fleet


def empty_all_tables() -> None:
    """What an earlier run has left."""
    from django.apps import apps
    from django.db import connections

    tables = ", ".join(f'"{model._meta.db_table}"' for model in apps.get_models(include_auto_created=True))
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")


def bare_loop(url: str, tokens: list[str]) -> int:
    """How it is written in Google's own examples, with one service for each person, the same fields and pages."""
    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build_from_document  # type: ignore[attr-defined]
    from googleapiclient.discovery_cache import get_static_doc

    from calendars.sync.window import horizon
    from clockwise.google.client import PAGE
    from clockwise.google.fields import list_fields

    document = json.loads(get_static_doc("calendar", "v3"))
    document["rootUrl"] = f"{url}/"
    window, found = horizon(), []
    for person, token in enumerate(tokens):
        service = build_from_document(document, credentials=Credentials(token))
        for calendar_id in (address(person), side(person)):
            page_token = None
            while True:
                page = (
                    service.events()
                    .list(
                        calendarId=calendar_id,
                        fields=list_fields(descriptions=False),
                        singleEvents=True,
                        showDeleted=True,
                        maxResults=PAGE,
                        timeMin=window.start.isoformat(),
                        timeMax=window.end.isoformat(),
                        pageToken=page_token,
                    )
                    .execute()
                )
                found += page.get("items", ())
                page_token = page.get("nextPageToken")
                if not page_token:
                    break
        service.close()
    return len(found)


def full_sync(fleet: Fleet, processes: int) -> tuple[int, float]:
    """Events that are stored, and by how many megabytes at most a process grew after the first tenth of its share."""
    from django.db import connections

    from calendars import locks
    from calendars.models import Event
    from clockwise.tenancy import current

    connections.close_all()
    locks.client.cache_clear()
    shares = [fleet.connections[first::processes] for first in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        grown = max(pool.map(sync_share, [fleet.organization_id] * processes, shares))
    with current.organization(fleet.organization_id):
        return Event.objects.count(), grown


def sync_share(organization_id: UUID, connection_ids: list[UUID]) -> float:
    from calendars.sync import calendar, calendar_list
    from clockwise.tenancy import current

    first = 0.0
    with current.acting_for(organization_id):
        for number, connection_id in enumerate(connection_ids):
            for calendar_id in calendar_list.sync(connection_id):
                calendar.sync(calendar_id)
            if number == len(connection_ids) // 10:
                first = megabytes()
    return megabytes() - first


def one_event_delta(url: str, fleet: Fleet) -> tuple[int, int, float]:
    """Requests, queries and seconds of what a push message for one changed event makes a worker do."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from calendars import wake_ups
    from calendars.models import Calendar
    from calendars.sync import calendar as one_calendar
    from clockwise.tenancy import current

    edit(url, {"summary": "Another title"})
    with current.acting_for(fleet.organization_id):
        with current.transaction():
            row = Calendar.objects.get(connection=fleet.connections[0], is_primary=True)
            wake_ups.note(row)
        before = len(log(url))
        with CaptureQueriesContext(connection) as queries:
            _, seconds = timed(lambda: one_calendar.refresh(row.pk))
    statements = [query for query in queries.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]
    return len(log(url)) - before - 1, len(statements), seconds


def edit(url: str, change: Json) -> None:
    with urlopen(f"{url}/emulator/events?email={address(0)}") as answer:
        found = json.load(answer)["items"][0]
    body = {"email": address(0), "method": "patch", "id": found["id"], "event": change}
    post(url, "events", body)


def post(url: str, path: str, body: Json) -> None:
    from urllib.request import Request

    urlopen(Request(f"{url}/emulator/{path}", data=json.dumps(body).encode(), method="POST")).close()


def log(url: str) -> list[Json]:
    with urlopen(f"{url}/emulator/log") as answer:
        found: list[Json] = json.load(answer)["requests"]
    return found


def worked(whose: int, work: Any) -> tuple[Any, float]:
    """With the processor time in seconds, which others on the machine change less than the clock's."""
    before = resource.getrusage(whose)
    result = work()
    after = resource.getrusage(whose)
    return result, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(work: Any) -> tuple[Any, float]:
    began = time.monotonic()
    result = work()
    return result, time.monotonic() - began


def megabytes() -> float:
    """What this process holds now. Its peak would tell of the bare loop's list, which a forked process inherits."""
    resident = Path("/proc/self/statm").read_text().split()[1]
    return int(resident) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
