"""Runs every command that the docs tell people to type, on the demo's company: `make docs`.

Placeholders of the docs (`ada@example.com`, `GOOGLE_ID`, `IN.json`, ...) become what the company really has.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from tests.project.documented import CHECKOUT, Command, commands

TIMEOUT_SECONDS = 600
# Targets that aren't run from here; without a reason, `.ci/run` has a step of its own for them.
ELSEWHERE = {
    "setup": "",
    "lint": "",
    "types": "",
    "imports": "",
    "migrations": "",
    "demo": "",
    "test": "",
    "docs": "",
    "run": "serves until it is stopped; the demo serves with the same command",
    "lock": "asks the package index for newer versions",
    "bench": "takes long; prints figures for a reader",
    "verify": "takes long: the rounds of fuzz and faults that are too slow for each change",
    "clean": "removes what the other steps need",
}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clockwise.settings")
    from clockwise.demo import environment

    environment.enter()
    import django

    django.setup()
    from clockwise.management.commands.demo import served

    if not environment.told_story():
        sys.stderr.write("The demo's company isn't there yet: run ONCE=1 make demo first.\n")
        return 2
    with served(), tempfile.TemporaryDirectory() as folder:
        places = placeholders(Path(folder))
        failed = [command for command in dict.fromkeys(commands()) if not succeeds(command, places)]
    for command in failed:
        sys.stderr.write(f"failed: {command}\n")
    return bool(failed)


def succeeds(command: Command, places: dict[str, str]) -> bool:
    """Run one command as a reader would, or say why it isn't run."""
    words = shlex.split(command.line)
    if words[0] == "make" and words[-1] in ELSEWHERE:
        return True
    line = command.line
    if "create_organization" in line:
        line = line.replace("example.com", f"{uuid4().hex}.example")
    for placeholder, value in places.items():
        line = line.replace(placeholder, value)
    sys.stdout.write(f"{command.page}: {line}\n")
    sys.stdout.flush()
    done = subprocess.run(
        line,
        shell=True,
        cwd=CHECKOUT,
        timeout=TIMEOUT_SECONDS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.stdout.write(f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}\n")
    return done.returncode == 0


def placeholders(folder: Path) -> dict[str, str]:
    from calendars.models import Event
    from clockwise.demo import story
    from clockwise.demo.company import DOMAIN
    from clockwise.organizations.models import Member
    from clockwise.organizations.roles import Role
    from clockwise.tenancy import current
    from tests.scheduling.engine import instances

    instance = folder / "in.json"
    instance.write_text(json.dumps(instances.instance(6, seed=1)))
    organization_id = story.organization_id()
    with current.organization(organization_id):
        owner = Member.objects.get(role=Role.OWNER)
        event = (
            Event.objects.filter(member=owner, is_organizer=True, attendee_count__gte=2).exclude(series_id="").first()
        )
        assert event is not None
        return {
            "ada@example.com": owner.details.address,
            "GOOGLE_ID": event.google_id,
            "IN.json": str(instance),
            "OUT.json": str(folder / "out.json"),
            "ORGANIZATION_ID": str(organization_id),
            "example.com": DOMAIN,
        }


if __name__ == "__main__":
    sys.exit(main())
