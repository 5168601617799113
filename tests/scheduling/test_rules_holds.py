"""Rules of holds by their ids (H1 and so on), on facts made by hand."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from scheduling import holds
from scheduling.days import focus_goal
from scheduling.facts import ExistingHold, Facts, Person
from scheduling.holds import PlannedHold
from scheduling.hours import Lunch
from scheduling.intervals import Interval, minutes
from scheduling.models import Hold
from scheduling.problem import Horizon
from tests.scheduling.plain import MONDAY, at, facts, occurrence, person, planned

HOUR = timedelta(hours=1)
WEEKDAYS = [MONDAY + timedelta(days=n) for n in range(5)]
WEEK_END = MONDAY + timedelta(days=7)


def focus_of(someone: Person, known: Facts, busy: list[Interval]) -> list[PlannedHold]:
    """The focus holds of the first week."""
    changes = holds.plan(someone, known, Horizon(MONDAY), busy=busy, lunches=[])
    return [change for change in changes if change.kind == Hold.Kind.FOCUS and change.date < WEEK_END]


def free_for(*hours: float) -> list[Interval]:
    """Busy so that each weekday is free from 9:00 on for that many hours."""
    return [(at(day, 9 + free), at(day, 17)) for day, free in zip(WEEKDAYS, hours, strict=True)]


def total(changes: list[PlannedHold]) -> float:
    return minutes(change.interval for change in changes) / 60


def placed(
    someone: Person, kind: str, start: datetime, length: timedelta, state: str = Hold.State.PLACED
) -> ExistingHold:
    return ExistingHold(
        hold_id=UUID(int=7),
        member_id=someone.member_id,
        kind=kind,
        state=state,
        date=start.date(),
        start=start,
        end=start + length,
    )


def test_h1_holds_reach_the_goal_and_stop_at_the_block_that_does() -> None:
    someone = person(1)
    found = focus_of(someone, facts([someone], []), free_for(2, 3, 3, 3, 3))
    assert 10 <= total(found) < 12
    assert total(found[:-1]) < 10


def test_h1_an_empty_week_has_focus_holds_too() -> None:
    someone = person(1)
    assert total(focus_of(someone, facts([someone], []), [])) >= 10


def test_h1_days_out_of_office_have_no_hold_and_the_goal_is_their_share_less() -> None:
    away = (at(WEEKDAYS[0], 0), at(WEEKDAYS[2], 0))
    someone = person(1, away=(away,))
    assert focus_goal(someone, MONDAY) == 600 * 3 // 5
    found = focus_of(someone, facts([someone], []), [])
    assert {change.date for change in found} <= set(WEEKDAYS[2:])
    assert 6 <= total(found) < 8


def test_h1_a_meeting_that_lands_on_a_hold_makes_it_give_way() -> None:
    someone = person(1, focus_goal=120)
    there = placed(someone, Hold.Kind.FOCUS, at(MONDAY, 9), 2 * HOUR)
    known = facts([someone], [], holds=(there,))
    assert focus_of(someone, known, []) == []
    [change] = focus_of(someone, known, [(at(MONDAY, 10), at(MONDAY, 11))])
    assert (change.action, change.hold) == ("move", there)


def test_h1_nothing_is_held_on_days_of_which_no_calendar_tells() -> None:
    someone = person(1, synced_until=at(WEEKDAYS[2], 0), lunch=Lunch())
    known = facts([someone], [])
    _, made = planned(known)
    assert {change.kind for change in made.holds} == {Hold.Kind.FOCUS, Hold.Kind.LUNCH}
    assert {change.date for change in made.holds} == set(WEEKDAYS[:2])


def test_h2_no_block_is_shorter_than_an_hour_or_longer_than_three() -> None:
    someone = person(1)
    found = focus_of(someone, facts([someone], []), free_for(0.75, 1, 8, 5, 2))
    lengths = {change.end - change.start for change in found}
    assert lengths
    assert all(HOUR <= length <= 3 * HOUR for length in lengths)


@pytest.mark.parametrize(("goal", "held"), [(8, 5), (12, 0)])
def test_h3_blocks_of_an_hour_serve_small_goals_alone(goal: int, held: int) -> None:
    """Each day has one free hour."""
    someone = person(1, focus_goal=goal * 60)
    assert total(focus_of(someone, facts([someone], []), free_for(1, 1, 1, 1, 1))) == held


def test_h3_above_ten_hours_an_hour_helps_out_once_ten_are_placed() -> None:
    someone = person(1, focus_goal=12 * 60)
    found = focus_of(someone, facts([someone], []), free_for(3, 3, 2, 2, 1))
    assert total(found) == 11
    assert HOUR in {change.end - change.start for change in found}


@pytest.mark.parametrize(("side", "hour"), [("morning", 9), ("afternoon", 15)])
def test_h4_of_equal_stretches_that_on_the_wished_side_is_taken(side: str, hour: int) -> None:
    someone = person(1, focus_goal=120, focus_side=side)
    busy = [(at(MONDAY, 11), at(MONDAY, 15)), *((at(day, 9), at(day, 17)) for day in WEEKDAYS[1:])]
    [change] = focus_of(someone, facts([someone], []), busy)
    assert change.start == at(MONDAY, hour)


def test_h8_a_deleted_hold_is_not_placed_again_that_day_and_is_the_next() -> None:
    someone = person(1)
    gone = placed(someone, Hold.Kind.FOCUS, at(MONDAY, 9), 2 * HOUR, Hold.State.RELEASED)
    found = focus_of(someone, facts([someone], [], holds=(gone,)), [])
    assert MONDAY not in {change.date for change in found}
    assert WEEKDAYS[1] in {change.date for change in found}


def test_h8_a_deleted_lunch_stays_deleted_that_day() -> None:
    someone = person(1, lunch=Lunch(), focus_goal=0)
    gone = placed(someone, Hold.Kind.LUNCH, at(MONDAY, 12), HOUR, Hold.State.RELEASED)
    _, made = planned(facts([someone], [], holds=(gone,)))
    dates = {change.date for change in made.holds}
    assert MONDAY not in dates
    assert WEEKDAYS[1] in dates


def test_h10_lunch_lies_in_its_window_and_is_as_long_as_there_is_room() -> None:
    someone = person(1, lunch=Lunch(), focus_goal=0)
    known = facts([someone], [occurrence("m", at(MONDAY, 12), 5 * 60, 1, 2)])
    _, made = planned(known)
    lunch = next(change for change in made.holds if change.date == MONDAY)
    assert lunch.interval == (at(MONDAY, 11.5), at(MONDAY, 12))
    whole = next(change for change in made.holds if change.date == WEEKDAYS[1])
    assert whole.end - whole.start == HOUR
    assert at(WEEKDAYS[1], 11.5) <= whole.start < whole.end <= at(WEEKDAYS[1], 13.5)


def test_h10_todays_lunch_stays_where_it_is() -> None:
    someone = person(1, lunch=Lunch(), focus_goal=0)
    there = placed(someone, Hold.Kind.LUNCH, at(MONDAY, 11.5), HOUR)
    known = facts([someone], [occurrence("m", at(MONDAY, 12), 60, 1, 2)], holds=(there,), at=at(MONDAY, 8))
    _, made = planned(known)
    assert MONDAY not in {change.date for change in made.holds}


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"])
def test_h10_lunch_is_eaten_at_local_noon_whatever_the_offset(zone: str) -> None:
    someone = person(1, zone, lunch=Lunch(), focus_goal=0)
    sunday = date(2027, 4, 4)
    _, made = planned(facts([someone], [], at=at(sunday, 12)), sunday + timedelta(days=1))
    assert len(made.holds) == 15
    for lunch in made.holds:
        assert at(lunch.date, 11.5, zone) <= lunch.start < lunch.end <= at(lunch.date, 13.5, zone)


def test_a_member_who_saved_nothing_has_the_defaults_of_the_product() -> None:
    someone = replace(person(1), focus_goal=Person.focus_goal, lunch=Person.lunch)
    assert (someone.focus_goal, someone.lunch) == (600, Lunch(690, 810, 30, 60))
