"""Children end with the process that started them, also when nothing could tell them."""

import os
import signal
import subprocess
import sys
import time

import pytest

PARENT = """
import sys, time
from clockwise import tether
child = tether.start("http.server", "0", "--bind", "127.0.0.1", stdout=-3, stderr=-3)
print(child.pid, flush=True)
time.sleep(60)
"""
PATIENCE_SECONDS = 20


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_child_ends_with_its_parent(how: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(how)
        parent.wait()

    deadline = time.monotonic() + PATIENCE_SECONDS
    while lives(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not lives(child)


def test_arguments_arrive_as_they_are() -> None:
    script = "from clockwise import tether; tether.start('json.tool', '--compact').wait()"

    done = subprocess.run([sys.executable, "-c", script], input='{"a": [1, 2]}', capture_output=True, text=True)

    assert done.stdout.strip() == '{"a":[1,2]}'
