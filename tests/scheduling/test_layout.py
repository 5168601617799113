"""Where events are drawn: lanes, rows, and the hours of a week."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scheduling import layout

DAY = date(2026, 11, 24)
spans = st.tuples(st.integers(0, 1439), st.integers(1, 600)).map(lambda pair: (pair[0], min(sum(pair), 1440)))


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, tzinfo=UTC) + timedelta(days=days)


def box(classes: str) -> tuple[int, int, int, int]:
    """First and last row, first and last column, ends excluded."""
    found = {name: int(number) for name, number in re.findall(r"\b(g[rscw])-(\d+)", classes)}
    return found["gr"], found["gr"] + found["gs"], found["gc"], found["gc"] + found["gw"]


def cover_each_other(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def test_an_event_alone_takes_the_whole_width_of_its_time() -> None:
    assert layout.place([(9 * 60, 10 * 60)], 8) == ["gr-13 gs-12 gc-1 gw-12 lg"]


def test_two_overlapping_events_share_the_width() -> None:
    first, second = layout.place([(540, 600), (570, 630)], 8)

    assert box(first)[2:] == (1, 7)
    assert box(second)[2:] == (7, 13)


def test_three_overlapping_events_get_three_lanes() -> None:
    columns = [box(classes)[2:] for classes in layout.place([(600, 660), (630, 690), (645, 675)], 8)]

    assert columns == [(1, 5), (5, 9), (9, 13)]


def test_an_event_widens_over_lanes_that_are_free_beside_it() -> None:
    classes = layout.place([(540, 660), (540, 570), (540, 560), (600, 660)], 8)

    assert box(classes[3])[2:] == (5, 13)


def test_events_that_only_touch_keep_their_full_width() -> None:
    assert [box(classes)[2:] for classes in layout.place([(540, 600), (600, 660)], 8)] == [(1, 13), (1, 13)]


def test_places_come_back_in_the_order_of_the_events() -> None:
    late, early = layout.place([(600, 660), (540, 600)], 8)

    assert box(early)[0] < box(late)[0]


def test_a_moment_without_length_is_drawn_as_a_quarter_of_an_hour() -> None:
    assert box(layout.place([(600, 600)], 8)[0])[:2] == (25, 28)


def test_two_short_events_in_a_row_lie_side_by_side_so_that_both_can_be_hit() -> None:
    columns = [box(classes)[2:] for classes in layout.place([(540, 555), (555, 570)], 8)]

    assert columns == [(1, 7), (7, 13)]


def test_a_longer_event_right_after_a_short_one_is_told_to_keep_clear() -> None:
    short, after, later = layout.place([(540, 555), (555, 600), (660, 720)], 8)

    assert "beside-short" in after
    assert "beside-short" not in short + later


@given(st.lists(st.tuples(st.integers(0, 280), st.integers(1, 40)), min_size=1, max_size=12))
def test_no_event_covers_another(starts: list[tuple[int, int]]) -> None:
    day = [(row * 5, min(row * 5 + rows * 5, 1440)) for row, rows in starts]

    boxes = [box(classes) for classes in layout.place(day, 0)]

    assert not any(cover_each_other(one, other) for i, one in enumerate(boxes) for other in boxes[:i])


@given(st.lists(spans, max_size=8))
def test_every_event_lies_inside_the_hours_shown(day: list[layout.Span]) -> None:
    hours = layout.hours(day)
    rows = len(hours) * 60 // layout.ROW_MINUTES

    for classes in layout.place(day, hours.start):
        first, last, left, right = box(classes)
        assert 1 <= first < last <= rows + 1
        assert 1 <= left < right <= layout.COLUMNS + 1


def test_the_usual_hours_are_shown_when_nothing_lies_outside_them() -> None:
    assert layout.hours([(540, 600)]) == range(8, 18)


def test_hours_widen_to_an_early_and_a_late_event() -> None:
    assert layout.hours([(6 * 60 + 30, 7 * 60), (18 * 60, 19 * 60 + 15)]) == range(6, 20)


def test_an_event_past_midnight_is_cut_to_each_of_its_days() -> None:
    start, end = at(22), at(2, days=1)

    assert layout.clip(start, end, DAY) == (1320, 1440)
    assert layout.clip(start, end, DAY + timedelta(days=1)) == (0, 120)
    assert layout.clip(start, end, DAY + timedelta(days=2)) is None


def test_an_event_that_ends_at_midnight_stays_off_the_next_day() -> None:
    assert layout.clip(at(22), at(0, days=1), DAY + timedelta(days=1)) is None


def test_the_hour_that_a_change_of_clocks_repeats_is_drawn_without_going_backwards() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 25, 2, 45, tzinfo=berlin)
    end = datetime(2026, 10, 25, 2, 15, tzinfo=berlin, fold=1)

    assert layout.clip(start, end, date(2026, 10, 25)) == (165, 165)
