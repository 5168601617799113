"""Every command in README, CONTRIBUTING and docs names something that exists."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.project.documented import CHECKOUT, PAGES, Command, commands
from tests.project.run_docs_commands import ELSEWHERE

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


def test_there_are_commands_to_check() -> None:
    assert Command("README.md", "make demo") in commands()


def test_what_isnt_run_with_the_docs_is_run_by_ci_or_says_why_not() -> None:
    steps = (CHECKOUT / ".ci" / "run").read_text()

    assert [target for target, why in ELSEWHERE.items() if not why and f"make {target}" not in steps] == []


@pytest.mark.parametrize("command", commands(), ids=str)
def test_a_documented_command_exists_with_its_options(command: Command) -> None:
    line = command.line
    words = [word for word in shlex.split(line) if not re.fullmatch(r"[A-Z_]+=.*", word)]
    if words[0] == "make":
        assert words[1] in make_targets()
    elif "manage.py" in line:
        name, *arguments = words[next(i for i, word in enumerate(words) if word.endswith("manage.py")) + 1 :]
        assert name in get_commands()
        assert {word for word in arguments if word.startswith("--")} <= options_of(name, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_a_page_links_to_files_that_are_there(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]

    assert missing == []


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))


def options_of(name: str, arguments: list[str]) -> set[str]:
    """All options of the command, and those of its subcommand where it has some."""
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    parser = command.create_parser("manage.py", name)
    found = set(parser._option_string_actions)
    for action in parser._actions:
        for subcommand, subparser in (action.choices or {}).items() if isinstance(action.choices, dict) else ():
            if subcommand in arguments:
                found |= set(subparser._option_string_actions)
    return found
