"""How soon a change in Google Calendar is in our database, end to end: push message, web process, worker, listing.

`python -m benchmarks.visibility [--edits 60] [--people 20]`. Google is the emulator in a process of its own, and
`manage.py run` is served as operators do. One event after the other is edited at Google, at random moments; the time
runs until the row that pages read is committed. Real Google takes a second or two more for its message. Bar: a median
of 2 seconds on an idle machine.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import requests

from benchmarks.sync import DOMAIN, ROOT, address, emulator, post, seed
from clockwise import address as listening
from clockwise import embedded, tether
from clockwise.demo.environment import google_environment

PATIENCE_SECONDS = 180
LOOKS_EVERY = 0.01
Json = dict[str, Any]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--edits", type=int, default=60)
    arguments.add_argument("--people", type=int, default=20)
    asked = arguments.parse_args()
    folder = ROOT / ".run" / "benchmark"
    os.environ.update(embedded.join(folder, durable=False))
    with emulator(seed(asked.people, 100)) as url:
        os.environ.update(google_environment(url) | {"GOOGLE_CLIENT_ID": "emulator-client"})
        os.environ["GOOGLE_CLIENT_SECRET"] = "emulator-secret"
        os.environ["CLOCKWISE_BASE_URL"] = listening.take(folder)
        os.environ["DJANGO_SETTINGS_MODULE"] = "clockwise.settings"
        import django

        django.setup()
        from benchmarks.sync import empty_all_tables

        empty_all_tables()
        with served():
            measure(url, asked.people, asked.edits)


@contextmanager
def served() -> Iterator[None]:
    process = tether.start("manage", "run", cwd=ROOT)
    try:
        wait_for("the web process", is_ready)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def measure(url: str, people: int, edits: int) -> None:
    from clockwise.demo.browser import sign_in
    from clockwise.organizations import lookups

    for person in range(people):
        sign_in(os.environ["CLOCKWISE_BASE_URL"], address(person))
    organization_id = lookups.organization_by_domain(DOMAIN)
    if organization_id is None:
        sys.exit("Nobody could sign in.")
    wait_for("the first syncs and channels", lambda: is_settled(organization_id, people))
    chance, took = random.Random(1), []
    for number in range(edits):
        time.sleep(1 + chance.random())
        took.append(one_edit(url, organization_id, chance.randrange(people), f"Edit {number}"))
    took.sort()
    ninth = took[len(took) * 9 // 10]
    print(f"{'edits':>8}{'median':>9}{'90 %':>8}{'most':>8}  seconds from Google's change to our committed row")
    print(f"{edits:>8}{statistics.median(took):>9.2f}{ninth:>8.2f}{took[-1]:>8.2f}  (bar: median 2)")


def one_edit(url: str, organization_id: UUID, person: int, title: str) -> float:
    """Rename one of the person's events; seconds until our row has another etag."""
    events = requests.get(f"{url}/emulator/events", params={"email": address(person)}, timeout=10).json()["items"]
    own = [event["id"] for event in events if event["organizer"]["email"] == address(person)]
    google_id = random.choice(own)
    before = etags(organization_id, google_id)
    began = time.monotonic()
    post(url, "events", {"email": address(person), "method": "patch", "id": google_id, "event": {"summary": title}})
    wait_for("a change", lambda: etags(organization_id, google_id) != before)
    return time.monotonic() - began


def etags(organization_id: UUID, google_id: str) -> list[str]:
    from calendars.models import Event
    from clockwise.tenancy import current

    with current.organization(organization_id):
        return list(Event.objects.filter(google_id=google_id).order_by("id").values_list("etag", flat=True))


def is_settled(organization_id: UUID, people: int) -> bool:
    from calendars.models import Calendar
    from calendars.sync import channels
    from clockwise.tenancy import current

    with current.organization(organization_id):
        read = Calendar.objects.filter(is_read=True)
        heard = channels.heard().filter(resource="events").count()
        return read.count() >= people and heard >= read.count() and not read.filter(synced_at=None).exists()


def is_ready() -> bool:
    try:
        return requests.get(f"{os.environ['CLOCKWISE_BASE_URL']}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def wait_for(what: str, has_come: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not has_come():
        if time.monotonic() > deadline:
            sys.exit(f"Waited in vain for {what}.")
        time.sleep(LOOKS_EVERY)


if __name__ == "__main__":
    main()
