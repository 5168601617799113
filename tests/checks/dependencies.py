"""Known holes in what the lock pins, by a vendored snapshot of advisories, and whether anything was skipped.

pip-audit says "No known vulnerabilities" also when it could look nothing up. So a snapshot names the packages that
were asked about, and a package that it doesn't name was skipped: that is a finding too, like a snapshot that is old.

`python -m tests.checks.dependencies refresh` asks the live service and writes the snapshot; it needs the network.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.checks.finding import ROOT, Finding

SNAPSHOT = ROOT / "tests" / "checks" / "advisories.json"
OLDEST_DAYS = 30


@dataclass(frozen=True)
class Snapshot:
    """`asked`: packages about which everything known on `taken` is in `advisories`."""

    taken: date
    asked: frozenset[str]
    advisories: tuple[dict[str, str], ...]


def check(root: Path = ROOT) -> list[Finding]:
    """Pins with a known hole. What was skipped is `skipped`'s to say."""
    return known_holes(pins(root / "requirements-dev.lock"), read(SNAPSHOT))


def audit(root: Path = ROOT, today: date | None = None) -> list[Finding]:
    """Known holes, and everything that keeps the answer from being complete."""
    snapshot, pinned = read(SNAPSHOT), pins(root / "requirements-dev.lock")
    return known_holes(pinned, snapshot) + skipped(pinned, snapshot, today or datetime.now(UTC).date())


def known_holes(pinned: dict[str, str], snapshot: Snapshot) -> list[Finding]:
    return [
        Finding("requirements-dev.lock", 0, "CWD1", f"{name} {pinned[name]}: {advisory['id']} {advisory['summary']}")
        for advisory in snapshot.advisories
        for name in [advisory["package"]]
        if name in pinned and Version(pinned[name]) in SpecifierSet(advisory["affected"])
    ]


def skipped(pinned: dict[str, str], snapshot: Snapshot, today: date) -> list[Finding]:
    found = []
    if left_out := sorted(set(pinned) - snapshot.asked):
        names = ", ".join(left_out[:5])
        problem = f"{len(left_out)} of {len(pinned)} packages were skipped ({names} ...): refresh the snapshot"
        found.append(Finding(SNAPSHOT.name, 0, "CWD2", problem))
    if (age := (today - snapshot.taken).days) > OLDEST_DAYS:
        found.append(Finding(SNAPSHOT.name, 0, "CWD3", f"the snapshot is {age} days old: refresh it"))
    return found


def read(path: Path) -> Snapshot:
    content: dict[str, Any] = json.loads(path.read_text())
    return Snapshot(date.fromisoformat(content["taken"]), frozenset(content["asked"]), tuple(content["advisories"]))


def pins(lock: Path) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(), re.M)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def refresh(root: Path = ROOT) -> None:
    """Raises RuntimeError when the service answered for less than every package."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    command += ["--requirement", str(root / "requirements-dev.lock")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    try:
        answer = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise RuntimeError(f"The audit did not answer:\n{done.stderr.strip()[-500:]}") from None
    if reasons := [f"{each['name']}: {each['skip_reason']}" for each in answer if "skip_reason" in each]:
        raise RuntimeError("The audit skipped " + "; ".join(reasons))
    advisories = [
        {
            "package": each["name"].lower(),
            "affected": f"=={each['version']}",
            "id": hole["id"],
            "summary": hole["description"].split("\n", 1)[0][:200],
        }
        for each in answer
        for hole in each["vulns"]
    ]
    content = {
        "taken": datetime.now(UTC).date().isoformat(),
        "source": "pip-audit",
        "asked": sorted(each["name"].lower() for each in answer),
        "advisories": advisories,
    }
    SNAPSHOT.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    refresh()
