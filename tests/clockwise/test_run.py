"""`manage.py run` ends after the processes that it started, not before them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SERVE = """
import sys
import django
django.setup()
from django.core.management import call_command
from clockwise.management.commands import run
run.commands = lambda port, folder: [["tests.clockwise.slow_to_end", sys.argv[1]]]
call_command("run")
"""
PATIENCE_SECONDS = 60


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_serves_is_over_when_the_command_is(tmp_path: Path, how: signal.Signals) -> None:
    """Else whoever ended it stops the services under tasks that are under way."""
    told = tmp_path / "told"
    serving = subprocess.Popen([sys.executable, "-c", SERVE, str(told)], stdout=subprocess.DEVNULL, env=os.environ)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not told.exists() or told.read_text() != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.05)

    serving.send_signal(how)
    serving.wait(timeout=PATIENCE_SECONDS)

    assert told.read_text() == "ended"
