"""Taking up an earlier plan's places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scheduling.engine.arrays import NOWHERE, build
from scheduling.engine.instance import parse
from scheduling.engine.kernels import EXCESS, SCORE, new_state, recount
from scheduling.engine.search.adopt import adopt
from scheduling.engine.views import view

STARTS = (600, 660, 720)


def taken_up(earlier: dict[int, int], *, windows: Any = None, limits: Any = None) -> list[int]:
    """Starts of three meetings of the same two people, today at STARTS, when these are to be taken up."""
    document = {
        "format": "clockwise-instance/1",
        "name": "three",
        "origin": "2027-03-01T00:00:00Z",
        "step": 15,
        "people": [
            {
                "id": f"p{number}",
                "limits": limits,
                "working": [[540, 1020]],
                "meeting": [[540, 1020]],
                "days": [{"week": 0, "span": [540, 1020], "noon": 720, "lunch": None}],
                "focus": {"min": 60, "block": 120, "goal": [300], "side": "any"},
            }
            for number in range(2)
        ],
        "rooms": [],
        "events": [
            {
                "id": f"e{number}",
                "start": start,
                "end": start + 60,
                "attendees": ["p0", "p1"],
                "room": None,
                "movable": {"windows": (windows or {}).get(number, [[540, 1020]])},
            }
            for number, start in enumerate(STARTS)
        ],
    }
    model = view(build(parse(document)).model)
    state = new_state(model, 0)
    start = np.array([earlier.get(number, NOWHERE) for number in range(3)], np.int64)
    adopt(model, state, start, np.full(3, -1, np.int64))
    score = float(state.total[SCORE])
    recount(model, state)
    assert score == pytest.approx(float(state.total[SCORE]))
    assert state.total[EXCESS] <= 1e-9
    found: list[int] = state.start.tolist()
    return found


def test_free_places_are_taken_up() -> None:
    assert taken_up({0: 540, 2: 900}) == [540, 660, 900]


def test_meetings_that_took_each_others_places_are_put_there() -> None:
    """Taken up one after the other, each was in the other's way, and all stayed at today's places."""
    assert taken_up({0: 660, 1: 720, 2: 600}) == [660, 720, 600]


def test_a_place_that_is_illegal_by_now_is_left_out_and_so_is_what_stands_where_its_meeting_stays() -> None:
    windows = {0: [[540, 900]]}
    assert taken_up({0: 900, 1: 600}, windows=windows) == [600, 660, 720]


def test_of_a_chain_whose_end_is_illegal_nothing_is_taken_up() -> None:
    windows = {0: [[540, 900]]}
    assert taken_up({0: 900, 1: 600, 2: 660}, windows=windows) == [600, 660, 720]


def test_a_plan_beyond_the_limits_of_today_is_not_taken_up() -> None:
    assert taken_up({0: 540, 2: 900}, limits={"moves": 1, "focus_drop": None}) == list(STARTS)
    assert taken_up({0: 540, 2: 900}, limits={"moves": 2, "focus_drop": None}) == [540, 660, 900]
