"""docs/security/asvs.md: all rows that apply are there, and what they point at exists (goal 18)."""

import re
from collections import Counter

import pytest

from tests.installation import CHECKOUT

PAGE = (CHECKOUT / "docs/security/asvs.md").read_text()
ROW = re.compile(r"^\| (\d+)\.(\d+\.\d+) \| [^|]+ \| (yes|partly|operator|open) \| ([^|]+) \| ([^|]+) \|$", re.M)
# Requirements of levels 1 and 2 that apply to us, by chapter.
APPLY = {1: 17, 2: 11, 3: 19, 4: 4, 5: 7, 6: 10, 7: 18, 8: 7, 9: 7, 10: 8, 11: 12, 12: 8, 13: 13, 14: 9, 15: 13, 16: 16}
ROWS = ROW.findall(PAGE)


def test_goal_18_each_of_the_179_rows_is_there_once() -> None:
    assert Counter(int(chapter) for chapter, *_ in ROWS) == APPLY
    assert len({(chapter, row) for chapter, row, *_ in ROWS}) == sum(APPLY.values()) == 179


def test_goal_18_at_least_110_rows_name_a_test() -> None:
    assert sum("`tests/" in evidence for *_, evidence in ROWS) >= 110


@pytest.mark.parametrize(("row", "evidence"), [(f"{row[0]}.{row[1]}", row[4]) for row in ROWS])
def test_goal_18_what_a_row_points_at_exists(row: str, evidence: str) -> None:
    named = re.findall(r"`([^`]+)`", evidence)

    assert named
    assert [each for each in named if not _exists(each)] == []


def test_goal_18_control_a_file_or_test_that_is_gone_is_noticed() -> None:
    assert not _exists("tests/project/test_of_nothing.py")
    assert not _exists("tests/project/test_asvs.py::test_of_nothing")


def test_goal_18_the_summary_counts_its_rows() -> None:
    told = {
        state: int(count) for state, count in re.findall(r"^\| (yes|partly|operator|open) \| (\d+) \|$", PAGE, re.M)
    }

    assert told == Counter(state for _, _, state, *_ in ROWS)


def test_goal_18_what_isnt_held_says_what_is_missing() -> None:
    assert [
        row for _, row, state, how, _ in ROWS if state in {"partly", "open"} and "**" not in how and len(how) < 40
    ] == []


def _exists(named: str) -> bool:
    path, _, test = named.partition("::")
    file = CHECKOUT / path
    return file.exists() and (not test or f"def {test}(" in file.read_text())
