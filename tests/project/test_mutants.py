"""Goal 37: the mutants are at least forty, and each still has something to break."""

import pytest

from tests.checks.finding import ROOT
from tests.checks.mutants import MUTANTS, Mutant


def test_goal_37_there_are_at_least_forty_mutants_with_names_of_their_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_goal_37_a_mutant_changes_one_place_and_names_tests_that_there_are(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.old) == 1
    assert mutant.old != mutant.new
    assert all((ROOT / test).exists() for test in mutant.tests.split())
