"""Every command in README, CONTRIBUTING and docs names something that exists."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


def commands() -> list[tuple[str, str]]:
    return [
        (str(page.relative_to(CHECKOUT)), line.removeprefix("$ "))
        for page in PAGES
        for block in BLOCK.findall(page.read_text())
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip() and not line.startswith("#")
    ]


def test_there_are_commands_to_check() -> None:
    assert ("README.md", "make demo") in commands()


@pytest.mark.parametrize(("page", "line"), commands())
def test_a_documented_command_exists_with_its_options(page: str, line: str) -> None:
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
