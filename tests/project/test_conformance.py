"""Every test that the page on SCIM's conformance names is one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PAGE = CHECKOUT / "docs" / "identity" / "conformance.md"


def named_tests() -> Iterator[tuple[str, str]]:
    """File and name (or its beginning) of each test in the last column of the page's tables."""
    for line in PAGE.read_text().splitlines():
        cells = line.strip("|").split("|")
        for file, names in re.findall(r"(test_[a-z_]+)(?:: ([a-z0-9_., ]+))?", cells[-1] if len(cells) > 1 else ""):
            for name in (names or "").split(","):
                yield file, name.partition(" and ")[0].strip().rstrip(".")


@pytest.mark.parametrize(("file", "name"), sorted(set(named_tests())))
def test_a_named_test_exists(file: str, name: str) -> None:
    assert f"def test_{name}" in (CHECKOUT / "tests" / "scim" / f"{file}.py").read_text()


def test_the_page_names_tests_at_all() -> None:
    assert len(set(named_tests())) > 90
