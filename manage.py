#!/usr/bin/env python
"""Clockwise's command line. Without DATABASE_URL it joins the embedded installation under .run/."""

import os
import signal
import sys
from pathlib import Path

# These answer from their arguments alone; starting servers for them would only cost time.
WITHOUT_SERVICES = {"optimize_instance", "find_times", "build_ui", "help", "version", "--help", "--version", "-h"}


def join_embedded_installation(*, serves: bool) -> None:
    from clockwise import address, embedded

    root = Path(__file__).resolve().parent / ".run"
    os.environ.update(embedded.join(root))
    if serves:
        os.environ["CLOCKWISE_BASE_URL"] = address.take(root)


def stop(signum: int, frame: object) -> None:
    """Killed, or the terminal closed: what was started is stopped, as on Ctrl-C."""
    raise KeyboardInterrupt


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clockwise.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command == "optimize_instance":
        # It needs nothing of Django's, whose set-up takes longer than a small instance.
        from scheduling.engine.__main__ import main as optimize

        sys.exit(optimize(sys.argv[2:], program="manage.py optimize_instance"))
    if command in {"demo", "run"}:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGHUP, stop)
    if command in WITHOUT_SERVICES or {"--help", "-h"} & set(sys.argv):
        os.environ.setdefault("CLOCKWISE_WITHOUT_SERVICES", "1")
    elif command == "demo":
        from clockwise.demo.environment import enter

        enter()
    elif "DATABASE_URL" not in os.environ:
        join_embedded_installation(serves=command == "run")
    from django.core.management import execute_from_command_line

    from clockwise.audit import origin

    origin.set_of_process(origin.Origin("command", command))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
