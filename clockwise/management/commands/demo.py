"""`make demo`: a company signs in, is synced and optimized, and its dashboard served."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from clockwise import tether
from clockwise.demo import environment, story
from clockwise.demo.report import print_people, print_summary

START_SECONDS = 180


class Command(BaseCommand):
    help = "Show Clockwise's main job on a company of forty. ONCE=1 ends after the summary."

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console()
        wanted = json.loads(os.environ["CLOCKWISE_DEMO_STORY"])
        seed = json.loads((environment.ROOT / "google-seed.json").read_text())
        told = story.Story(
            people=[story.Person(p["email"], p["name"], p["time_zone"]) for p in seed["organizations"][0]["people"]],
            monday=date.fromisoformat(wanted["monday"]),
            seed=wanted["seed"],
        )
        with served() as process:
            if environment.told_story().get("wanted") != wanted:
                outcome = tell(told, console)
                environment.STORY.write_text(json.dumps({"wanted": wanted, "outcome": outcome}))
            print_summary(console, environment.told_story()["outcome"])
            print_people(console, told)
            if not os.environ.get("ONCE") and sys.stdin.isatty():
                exports = environment.EXPORTS.relative_to(environment.CHECKOUT)
                console.print(f"\nFor manage.py on this company, in another terminal: [bold]. {exports}[/bold]")
                console.print(f"[bold]Open {settings.CLOCKWISE_BASE_URL}[/bold] (Ctrl-C stops the demo).")
                process.wait()


def tell(told: story.Story, console: Console) -> dict[str, Any]:
    """The main job, with a progress bar for each step. Returns what the summary says."""
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        def step(name: str) -> story.Report:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        story.sign_everybody_in(told, step("Signing people in"))
        story.wait_for_first_syncs(told, step("Syncing their calendars"))
        flexible = story.mark_flexible(told, step("Marking meetings flexible"))
        before = story.figures(told)
        planning = step("Optimizing two weeks")
        answer = story.optimize(told)
        planning(1, 1)
        story.wait_for_writes(step("Writing back to Google"))
        story.sync_again(told, step("Reading back from Google"))
        after = story.figures(told)
    return {
        "flexible": flexible,
        "before": before.as_dict(),
        "after": after.as_dict(),
        "moves": len(answer["moves"]),
        "holds": len(answer["holds"]),
        "stays": len(answer["stays"]),
        **{key: answer[key] for key in ("status", "score_before", "score", "bound")},
    }


@contextmanager
def served() -> Iterator[subprocess.Popen[bytes]]:
    """Web and worker, as `make run` serves them, until the block ends."""
    process = tether.start("manage", "run", stdout=subprocess.DEVNULL, cwd=environment.CHECKOUT)
    try:
        _wait_until_ready(process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{settings.CLOCKWISE_BASE_URL}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            # Not listening yet, or a busy machine on which the first answer takes longer than its time limit.
            time.sleep(0.1)
    raise story.DemoFailed("The web process didn't start.")
