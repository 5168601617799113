"""When the search ends."""

from __future__ import annotations

import time

import pytest

from scheduling.engine.stop import Budget


@pytest.mark.parametrize(("reserve", "end"), [(300.0, 700.0), (800.0, 550.0), (5_000.0, 550.0)])
def test_half_of_what_is_left_is_for_the_search_however_long_the_answer_takes(
    monkeypatch: pytest.MonkeyPatch, reserve: float, end: float
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    budget = Budget(seconds=1000.0, iterations=None, since=0.0, reserve=reserve, interrupted=lambda: False)
    now = end - 1
    assert not budget.over()
    now = end
    assert budget.over()
