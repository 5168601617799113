"""What row-level security and its signed token cost a request: `python -m benchmarks.rls [--rounds N] [--events N]`.

The dashboard and the API's events are asked for by the same member, with the walls up, and with the policies switched
off and no token shown. Both run in each round; the ratio is of the medians of each round.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

from clockwise import embedded  # noqa: E402

os.environ.update(embedded.join(ROOT / ".run" / "bench", durable=False))
os.environ["ALLOWED_HOSTS"] = "testserver"
os.environ["CLOCKWISE_REQUESTS_A_SECOND_EACH"] = os.environ["CLOCKWISE_REQUESTS_A_SECOND_ADDRESS"] = "100000"
os.environ["DJANGO_SETTINGS_MODULE"] = "clockwise.settings"

import django  # noqa: E402

django.setup()

from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from calendars.models import Event  # noqa: E402
from clockwise.organizations import tokens  # noqa: E402
from clockwise.tenancy import current, token  # noqa: E402
from tests.organizations import make_pair  # noqa: E402
from tests.security.endpoints import sign_in  # noqa: E402
from tests.security.rows import TENANT_MODELS, copies, fill  # noqa: E402

REQUESTS_A_ROUND = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--events", type=int, default=60)
    options = parser.parse_args()
    _empty()
    try:
        pair = make_pair()
        for member in (pair.ada, pair.mallory):
            copies(fill(member)[Event], options.events)
        browser, program = Client(), Client()
        with current.organization(pair.organization_id):
            sign_in(browser, pair.ada)
            secret = tokens.create(pair.ada, scopes={"read"})
        headers = {"Authorization": f"Bearer {secret}"}
        print(f"{options.rounds} rounds of {REQUESTS_A_ROUND} requests, {options.events} events in the week")
        for name, client, path in (("dashboard", browser, "/"), ("API's events", program, "/api/v1/events")):
            assert client.get(path, headers=headers if client is program else {}).status_code == 200
            compare(name, client, path, headers if client is program else {}, options.rounds)
    finally:
        _empty()


def compare(name: str, client: Client, path: str, headers: dict[str, str], rounds: int) -> None:
    with_walls, without = [], []
    for turn in range(rounds):
        # The order changes from round to round, so that neither always comes after the other's warm-up.
        for walls in (True, False) if turn % 2 else (False, True):
            if walls:
                with_walls.append(cpu_seconds(client, path, headers))
            else:
                with walls_down():
                    without.append(cpu_seconds(client, path, headers))
    ratios = [a / b for a, b in zip(with_walls, without, strict=True)]
    quartiles = statistics.quantiles(ratios, n=4)
    print(
        f"  {name}: {1000 * statistics.median(with_walls):.1f} ms CPU with the walls, "
        f"{1000 * statistics.median(without):.1f} ms without: {100 * (statistics.median(ratios) - 1):+.1f} % "
        f"(rounds' quartiles {100 * (quartiles[0] - 1):+.1f} % to {100 * (quartiles[2] - 1):+.1f} %; goal 3 %)"
    )


def cpu_seconds(client: Client, path: str, headers: dict[str, str]) -> float:
    """CPU of this process and of its database server for one request, over a round: a busy machine changes neither."""
    client.get(path, headers=headers)
    began = time.process_time() + _server_seconds()
    for _ in range(REQUESTS_A_ROUND):
        client.get(path, headers=headers)
    return (time.process_time() + _server_seconds() - began) / REQUESTS_A_ROUND


def _server_seconds() -> float:
    """CPU seconds of this connection's server process so far (proc(5))."""
    connection = connections["default"].connection
    if connection is None:
        return 0.0
    fields = Path(f"/proc/{connection.get_backend_pid()}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def walls_down() -> Iterator[None]:
    show = token.show
    _switch("DISABLE")
    token.show = lambda cursor, organization_id, moment=None: None
    try:
        yield
    finally:
        token.show = show
        _switch("ENABLE")


def _switch(word: str) -> None:
    with connections["owner"].cursor() as owner:
        for model in TENANT_MODELS:
            owner.execute(f'ALTER TABLE "{model._meta.db_table}" {word} ROW LEVEL SECURITY')


def _empty() -> None:
    from django.apps import apps

    names = ", ".join(f'"{model._meta.db_table}"' for model in apps.get_models(include_auto_created=True))
    with connections["owner"].cursor() as owner:
        owner.execute(f"TRUNCATE {names} CASCADE")


if __name__ == "__main__":
    main()
