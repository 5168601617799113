"""The demo's own installation: its database, its Google, its address. Entered before Django reads its settings."""

import atexit
import json
import os
import shlex
import subprocess
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from clockwise import address, embedded, tether
from clockwise.demo.company import ZONES, seed
from clockwise.embedded.place import write_private

CHECKOUT = Path(__file__).resolve().parent.parent.parent
ROOT = CHECKOUT / ".run" / "demo"
STORY = ROOT / "story.json"
EXPORTS = ROOT / "environment"


def enter() -> None:
    """Join the demo's installation, start its Google, and set the environment under which commands join both."""
    story = wanted_story()
    if told_story().get("wanted") != story:
        _begin_anew()
    environment = embedded.join(ROOT)
    environment |= google_environment(start_google(story))
    environment["CLOCKWISE_BASE_URL"] = address.take(ROOT)
    write_private(EXPORTS, exports(environment))
    os.environ.update(environment)
    os.environ["CLOCKWISE_DEMO_STORY"] = json.dumps(story)


def exports(environment: dict[str, str]) -> str:
    """What a shell reads to act on the demo's company while the demo runs."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def _begin_anew() -> None:
    try:
        embedded.clean(ROOT)
    except embedded.InUse as busy:
        raise SystemExit(str(busy)) from None


def wanted_story() -> dict[str, Any]:
    """What decides the demo's content: how many people, which company, which weeks."""
    today = datetime.now(ZoneInfo(ZONES[0])).date()
    return {
        "people": _number("PEOPLE", 40, low=2, high=1000),
        "seed": _number("SEED", 1, low=0, high=10**9),
        "today": today.isoformat(),
        "monday": (today + timedelta(days=7 - today.weekday())).isoformat(),
    }


def told_story() -> dict[str, Any]:
    """The story that this installation holds in full, or nothing."""
    return json.loads(STORY.read_text()) if STORY.exists() else {}


def _number(variable: str, default: int, *, low: int, high: int) -> int:
    text = os.environ.get(variable, "") or str(default)
    if not text.isdigit() or not low <= int(text) <= high:
        raise SystemExit(f"{variable} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)


def start_google(story: dict[str, Any]) -> str:
    """Start the emulator beside the demo; it ends with this process. Returns its address."""
    seed_file = ROOT / "google-seed.json"
    if not seed_file.exists():
        monday = date.fromisoformat(story["monday"])
        seed_file.write_text(json.dumps(seed(count=story["people"], seed=story["seed"], monday=monday)))
    command = ["calendars.emulator", "--port", "0", "--seed", str(seed_file)]
    command += ["--state", str(ROOT / "google-state.json"), "--log", str(ROOT / "google-requests.jsonl")]
    process = tether.start(*command, stdout=subprocess.PIPE, cwd=CHECKOUT, text=True, start_new_session=True)
    atexit.register(_end, process)
    assert process.stdout is not None  # noqa: S101 - narrows the type
    return str(json.loads(process.stdout.readline())["url"])


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(timeout=20)


def google_environment(url: str) -> dict[str, str]:
    return {
        "GOOGLE_CLIENT_ID": "clockwise-demo",
        "GOOGLE_CLIENT_SECRET": "demo-client-secret",
        "GOOGLE_AUTH_URI": f"{url}/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URI": f"{url}/token",
        "GOOGLE_REVOKE_URI": f"{url}/revoke",
        "GOOGLE_USERINFO_URI": f"{url}/v1/userinfo",
        "GOOGLE_JWKS_URI": f"{url}/oauth2/v3/certs",
        "GOOGLE_ISSUERS": url,
        "GOOGLE_API_ROOT": f"{url}/",
    }
