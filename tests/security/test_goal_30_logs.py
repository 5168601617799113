"""Goal 30: no log line holds an address, a token or a password, or lets a stranger begin a line of their own."""

import io
import logging
import logging.config
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from clockwise import logs
from clockwise.celery import app
from clockwise.organizations import tokens
from clockwise.tenancy import current
from tests.organizations import Pair
from tests.security.endpoints import addresses, sign_in

CANARY = "canary.person@secret-company.example"
TOKENS = {
    "an API token": f"cwk_{uuid4().hex}",
    "Google's access token": "ya29.a0AfH6SMBx7kP3vQ9wZ",
    "Google's refresh token": "1//0gLx7Kk3PqRsTuVwXyZ",
    "Google's client secret": "GOCSPX-kd93hs02ks83hs",
    "a JSON Web Token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMDAxIn0.c2lnbmF0dXJlLWhlcmU",
    "a bearer's header": "Bearer 9f8s7d6f98s7d6f",
    "a parameter": "code=4/0AeaYSHBkd93kd93",
    "a cookie": "sessionid=kd93ks02lsp2ks83hs92",
    "a field of JSON": '"refresh_token": "abcdefgh12345"',
    "a password in an address": "postgres://cw_app:kX93hd2la@db.example/c",
}
SECRETS = [
    "9f8s7d6f98s7d6f", "4/0AeaYSHBkd93kd93", "kd93ks02lsp2ks83hs92", "abcdefgh12345", "kX93hd2la",
    "a0AfH6SMBx7kP3vQ9wZ",
    "0gLx7Kk3PqRsTuVwXyZ", "kd93hs02ks83hs", "c2lnbmF0dXJlLWhlcmU",
]  # fmt: skip


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the installation's own configuration writes, for every logger."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    configuration: Any = settings.LOGGING
    configured = logging.config.DictConfigurator(configuration)
    handler.setFormatter(configured.configure_formatter(dict(configuration["formatters"]["line"])))
    root = logging.getLogger()
    root.addHandler(handler)
    level, root.level = root.level, logging.DEBUG
    yield written
    root.removeHandler(handler)
    root.level = level


@pytest.mark.parametrize("kind", TOKENS)
def test_goal_30_a_token_is_left_out_of_a_line(kind: str, log: io.StringIO) -> None:
    logging.getLogger("library").warning("The request failed: %s", f"GET /x?{TOKENS[kind]} (retry)")
    line = log.getvalue()
    assert "[secret]" in line
    assert not [secret for secret in SECRETS if secret in line]
    assert "retry" in line


@pytest.mark.parametrize(
    "form", [CANARY, CANARY.upper(), CANARY.replace("@", "%40"), f"<{CANARY}>", f"mailto:{CANARY}"]
)
def test_goal_30_an_address_is_left_out_of_a_line(form: str, log: io.StringIO) -> None:
    logging.getLogger("library").error("Mail to %s bounced", form)
    assert "secret-company" not in log.getvalue().lower()
    assert "[address] bounced" in log.getvalue().replace("[address]>", "[address]")


@pytest.mark.parametrize(
    "injection",
    ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2J", "\0", "\x9b2J"],
    ids=repr,
)
def test_goal_30_a_stranger_begins_no_line_and_commands_no_terminal(injection: str, log: io.StringIO) -> None:
    logging.getLogger("django.request").warning("Not Found: %s", f"/a{injection}2026-11-24 INFO audit verified")
    assert len(log.getvalue().splitlines()) == 1
    assert injection not in log.getvalue().rstrip("\n")


def test_goal_30_a_traceback_is_cleaned_and_its_lines_are_marked(log: io.StringIO) -> None:
    try:
        raise ValueError(f"no such person {CANARY}\n2026-11-24 INFO audit verified")
    except ValueError:
        logging.getLogger("worker").exception("failed")
    lines = log.getvalue().splitlines()
    assert "secret-company" not in log.getvalue()
    assert all(line.startswith("  | ") for line in lines[1:])
    assert any("ValueError" in line for line in lines)


def test_goal_30_no_request_leaves_an_address_or_token_in_the_log(pair: Pair, log: io.StringIO) -> None:
    """Every address with every way to put words into a request, refused or not."""
    with current.organization(pair.organization_id):
        secret = tokens.create(pair.ada, scopes={"read", "write"})
        browser = Client(raise_request_exception=False)
        sign_in(browser, pair.ada)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    for client, headers in (
        (browser, {}),
        (Client(raise_request_exception=False), {"Authorization": f"Bearer {secret}"}),
    ):
        for address in addresses():
            for method in ("GET", "POST"):
                client.generic(
                    method,
                    f"{address.path()}?email={CANARY}&access_token={secret}&x=%0d%0aINFO",
                    f'{{"email": "{CANARY}", "token": "{secret}"}}',
                    content_type="application/json",
                    headers={**headers, "User-Agent": f"{CANARY}\tagent", "Referer": f"https://{CANARY}/"},
                )
    browser.get(f"/{CANARY}/nowhere\r\nINFO forged")
    app.control.purge()
    text = log.getvalue()
    assert text
    assert "secret-company" not in text
    assert secret not in text
    assert session not in text
    assert not [line for line in text.splitlines() if line.startswith("INFO")]


def test_goal_30_control_the_plain_formatter_lets_all_of_it_through() -> None:
    record = logging.makeLogRecord({"msg": f"Mail to {CANARY}\nINFO forged", "levelname": "INFO", "name": "x"})
    plain = logging.Formatter("%(message)s").format(record)
    assert CANARY in plain
    assert len(plain.splitlines()) == 2
    assert logs.CleanFormatter("%(message)s").format(record) == r"Mail to [address]\nINFO forged"


def test_goal_30_messages_of_tasks_carry_ids_alone() -> None:
    """What `delay` is given in the whole code: names of ids, never words (checked by what the tasks accept)."""
    import inspect

    for name, task in app.tasks.items():
        if name.startswith(("celery.", "tests.")):
            continue
        for parameter in inspect.signature(task.run).parameters.values():
            assert parameter.name.endswith(("id", "ids", "self")) or parameter.annotation in (bool, int), (
                name,
                parameter,
            )
