#!/usr/bin/env python
"""Clockwise's command line. Without DATABASE_URL it joins the embedded installation under .run/."""

import os
import sys
from pathlib import Path

# These answer from their arguments alone; starting servers for them would only cost time.
WITHOUT_SERVICES = {"optimize_instance", "find_times", "build_ui", "help", "version", "--help", "--version", "-h"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clockwise.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in WITHOUT_SERVICES or {"--help", "-h"} & set(sys.argv):
        os.environ.setdefault("CLOCKWISE_WITHOUT_SERVICES", "1")
    elif "DATABASE_URL" not in os.environ and command != "demo":
        from clockwise import embedded

        os.environ.update(embedded.join(Path(__file__).resolve().parent / ".run"))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
