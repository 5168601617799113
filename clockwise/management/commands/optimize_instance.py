"""`manage.py optimize_instance IN.json --out OUT.json`: the optimizer on a file, with no database and no Redis."""

import sys
import time
from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from scheduling.engine import command


class Command(BaseCommand):
    help = "Optimize a clockwise-instance/1 file (docs/engine.md)."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        command.arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        status = command.run(Namespace(**options), began=began, error=lambda text: sys.stderr.write(text + "\n"))
        if status:
            sys.exit(status)
