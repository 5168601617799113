"""The table of events and the code that records them agree."""

import ast
from pathlib import Path

from clockwise.audit.events import EVENTS
from tests.installation import CHECKOUT

ROOMS = ("clockwise", "calendars", "scheduling", "scim", "privacy")


def recorded() -> dict[str, Path]:
    """Every action that code names in a call of `record`, and where; one put together at run time isn't seen here."""
    found = {}
    for room in ROOMS:
        for path in (CHECKOUT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _is_record(node.func) and _names_its_action(node):
                    for part in ast.walk(node.args[0]):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value:
                            found[part.value] = path
    return found


def _is_record(function: ast.expr) -> bool:
    return getattr(function, "id", getattr(function, "attr", "")) == "record"


def _names_its_action(call: ast.Call) -> bool:
    return bool(call.args) and not isinstance(call.args[0], ast.JoinedStr)


def test_what_the_code_records_is_listed() -> None:
    assert {action: path for action, path in recorded().items() if action not in EVENTS} == {}


def test_the_code_records_something() -> None:
    """The control: the walk above finds what is there."""
    assert {"access.ended", "proposal.accepted", "api_token.created"} <= set(recorded())
