"""A process that takes a moment to end well: `python -m tests.clockwise.slow_to_end FILE` writes it when it has."""

import signal
import sys
import time
from pathlib import Path


def end(*_: object) -> None:
    time.sleep(1)
    Path(sys.argv[1]).write_text("ended")
    raise SystemExit(0)


signal.signal(signal.SIGTERM, end)
Path(sys.argv[1]).write_text("ready")
time.sleep(60)
