"""`manage.py selfscan`: looks at the running installation from outside and inside; exit code 1 if anything is wrong."""

import json
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.management.base import BaseCommand, CommandError

from clockwise.selfscan import container, ports, web
from clockwise.selfscan.problem import Problem


class Command(BaseCommand):
    help = "Scan ports, TLS, headers, database roles and policies, keys and container flags of this installation."
    requires_system_checks = []  # they are part of what is scanned

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=settings.CLOCKWISE_BASE_URL, help="the web's address")
        parser.add_argument("--allow-port", type=int, action="append", default=[], help="a port that may be open")

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"]
        allowed = {*options["allow_port"], urlsplit(url).port or 443, 80}
        found = [
            *ports.problems(frozenset(allowed)),
            *web.tls_problems(url),
            *web.header_problems(url),
            *_failed_checks(),
            *container.problems(),
        ]
        for problem in found:
            self.stdout.write(f"{problem.part}: {problem.text}")
        self.stdout.write(json.dumps({"problems": [{"part": each.part, "text": each.text} for each in found]}))
        if found:
            raise CommandError(f"{len(found)} problems found.")


def _failed_checks() -> list[Problem]:
    """Policies, roles, foreign keys, views, keys and keystore: what would stop the start, also if it came later."""
    return [
        Problem("database", f"{check.id} {check.msg}")
        for check in run_checks(databases=["default"])
        if check.level >= ERROR
    ]
