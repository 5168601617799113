"""`manage.py run`: the web process and the worker (with its clock) together, until one ends, SIGTERM or Ctrl-C."""

import os
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand

from clockwise import address, tether

GRACE_SECONDS = 20


class Command(BaseCommand):
    help = "Serve the web and the worker together. PORT chooses the port."

    def handle(self, *args: Any, **options: Any) -> None:
        port = urlsplit(settings.CLOCKWISE_BASE_URL).port if settings.LOCAL_MODE else None
        port = port or address.wanted_port()
        # Whoever ends us may stop PostgreSQL and Valkey next: the worker's tasks are to be over by then.
        signal.signal(signal.SIGTERM, _leave)
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="clockwise-run-"))
            processes = [tether.start(*command) for command in commands(port, Path(folder))]
            stack.callback(_stop, processes)
            self.stdout.write(f"Clockwise serves {settings.CLOCKWISE_BASE_URL} (Ctrl-C stops it).")
            self.stdout.flush()
            _wait(processes)


def commands(port: int, folder: Path) -> list[list[str]]:
    """Module and arguments of the web process, and of the worker."""
    web = ["gunicorn", "clockwise.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "8"]
    web += ["--access-logfile", "/dev/null", "--log-level", "warning", "--worker-tmp-dir", str(folder)]
    web += ["--no-control-socket"]
    worker = ["celery", "-A", "clockwise.celery", "worker", "--beat", "--concurrency", "2"]
    worker += ["--loglevel", "WARNING", "--schedule", str(folder / "beat"), "--without-gossip", "--without-mingle"]
    return [web, worker]


def _leave(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(0)


def _wait(processes: list[subprocess.Popen[bytes]]) -> None:
    """Come back when one process has ended, or on Ctrl-C; SIGTERM ends us through the same callbacks."""
    try:
        os.wait()
    except (KeyboardInterrupt, ChildProcessError):
        return


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
