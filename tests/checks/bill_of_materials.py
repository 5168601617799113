"""The bill of materials (CycloneDX) of what is installed, and that nothing is missing from it."""

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from tests.checks.finding import ROOT, Finding

FILE = "sbom.cdx.json"


def check(root: Path = ROOT) -> list[Finding]:
    """Writes the file and compares it with the installed packages and with the lock."""
    bill = write(root / FILE)
    return missing(bill, installed()) + unpinned(root / "requirements-dev.lock")


def write(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON"]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "-o", str(path), sys.executable]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    bill: dict[str, Any] = json.loads(path.read_text())
    return bill


def installed() -> dict[str, str]:
    return {_normal(each.metadata["Name"]): each.version for each in distributions()}


def missing(bill: dict[str, Any], wanted: dict[str, str]) -> list[Finding]:
    listed = {(_normal(part["name"]), part.get("version", "")) for part in bill.get("components", [])}
    return [
        Finding(FILE, 0, "CWB1", f"{name} {version} is installed but not listed")
        for name, version in sorted(wanted.items())
        if (name, version) not in listed
    ]


def unpinned(lock: Path) -> list[Finding]:
    """Every line of the lock names one version and its hashes."""
    requirements = re.split(r"(?<!\\)\n(?=\S)", lock.read_text())
    return [
        Finding(lock.name, 0, "CWB2", f"{requirement.split()[0]} has no version with a hash")
        for requirement in requirements
        if requirement.strip() and not requirement.startswith("#")
        and not ("==" in requirement and "--hash=sha256:" in requirement)
    ]  # fmt: skip


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
