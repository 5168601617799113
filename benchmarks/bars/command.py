"""The engine's command in a process of its own, and what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.scheduling.engine.judge import Document

CHECKOUT = Path(__file__).resolve().parent.parent.parent


class Done(NamedTuple):
    """A finished command; `seconds` of wall time, `cpu` of processor time."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    cpu: float
    peak_bytes: int


def optimize(source: Path, out: Path, *words: str, python: str = sys.executable, program: str = "engine") -> Done:
    """`python -m scheduling.engine`, or `manage.py optimize_instance`, with these further arguments."""
    head = ["-m", "scheduling.engine"] if program == "engine" else ["manage.py", "optimize_instance"]
    command = [python, *head, str(source), "--out", str(out), *words]
    return measured(command)


def measured(command: list[str]) -> Done:
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=CHECKOUT, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        for stream in (stdout, stderr):
            stream.seek(0)
        cpu = usage.ru_utime + usage.ru_stime
        return Done(process.returncode, stdout.read(), stderr.read(), seconds, cpu, usage.ru_maxrss * 1024)


def read(path: Path) -> Document:
    document: Document = json.loads(path.read_text())
    return document
