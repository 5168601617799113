"""`python -m calendars.emulator --port P --seed FILE [--state FILE] [--log FILE]`

Prints `{"url": ...}` once it listens; ends on SIGTERM or Ctrl-C.
"""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from calendars.emulator import seed
from calendars.emulator.server import Emulator


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m calendars.emulator", description="A local Google for demo and tests (docs/emulator.md)."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=Path, required=True, help="people and events")
    parser.add_argument("--state", type=Path, help="where grants, tokens and events outlive a restart")
    parser.add_argument("--log", type=Path, help="one JSON line for each request")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        google = Emulator(
            seed.load(arguments.seed), port=arguments.port, state_file=arguments.state, log_file=arguments.log
        )
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    with google:
        sys.stdout.write(json.dumps({"url": google.url}) + "\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
