"""Rules of flexible meetings by their ids (F1 and so on), on facts made by hand."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling import eligibility, problem
from scheduling.eligibility import Reason, State
from scheduling.facts import Facts, Guest, Occurrence
from scheduling.hours import zone_of
from scheduling.problem import Horizon
from tests.scheduling.plain import MONDAY, at, facts, occurrence, person, planned, with_consent

TUESDAY = MONDAY + timedelta(days=1)
ALL_DAY_LONG = dict.fromkeys(range(7), ((0, 24 * 60),))


def test_f2_one_outsider_makes_it_external_even_after_declining() -> None:
    met = occurrence("m", at(TUESDAY, 10), 30, 1, 2)
    guests = (*met.guests, Guest("guest@outside.example", declined=True))
    met = occurrence("m", at(TUESDAY, 10), 30, 1, 2, guests=guests)
    known = facts([person(1), person(2)], [met], "m")
    assert eligibility.status(met, known).reason == Reason.EXTERNAL


def test_f4_a_meeting_lies_in_the_meeting_hours_of_each_and_not_merely_in_working_hours() -> None:
    """Person 2 works from 9 to 17 and meets from 10 to 16; of that the last hour alone is free."""
    narrow = dict.fromkeys(range(5), ((10 * 60, 16 * 60),))
    second = person(2)
    second = replace(second, hours=replace(second.hours, meeting=narrow))
    met = occurrence("m", at(TUESDAY, 12), 60, 1, 2)
    busy = [occurrence("full", at(TUESDAY, 10), 300, 1), occurrence("last", at(TUESDAY, 16), 60, 1)]
    known = facts([person(1), second], [met, *busy], "m")
    _, made = planned(with_consent(known, "m", range="day"))
    assert [move.start for move in made.moves] == [at(TUESDAY, 15)]


def crossed() -> Facts:
    """Person 1 has no free minute, and each of two meetings is where the other one's guest alone would be free."""
    return facts(
        [person(number) for number in (1, 3, 4)],
        [
            occurrence("first", at(TUESDAY, 9), 60, 1, 3),
            occurrence("second", at(TUESDAY, 16), 60, 1, 4),
            occurrence("between", at(TUESDAY, 10), 360, 1),
            occurrence("morning of 3", at(TUESDAY, 9), 60, 3),
            occurrence("evening of 4", at(TUESDAY, 16), 60, 4),
        ],
        "first",
        "second",
    )


def test_f11_two_meetings_change_places_where_neither_could_move_alone() -> None:
    known = with_consent(with_consent(crossed(), "first", range="day"), "second", range="day")
    _, made = planned(known)
    assert {move.copy.google_id: move.start for move in made.moves} == {
        "first": at(TUESDAY, 16),
        "second": at(TUESDAY, 9),
    }


def test_f12_a_double_booking_that_stays_says_what_blocks_it() -> None:
    """The day of person 2 is full, and the meeting may not leave it."""
    met = occurrence("m", at(TUESDAY, 10), 60, 1, 2)
    full = occurrence("full", at(TUESDAY, 9), 480, 2)
    known = with_consent(facts([person(1), person(2)], [met, full], "m"), "m", range="day")
    _, made = planned(known)
    [stay] = made.stays
    assert (made.moves, stay.reason) == ((), "engine:no_place")
    assert str(full.copies[0].event_id) in stay.blockers


@pytest.mark.parametrize(("minutes", "state"), [(20 * 60 - 1, State.FROZEN), (20 * 60, State.ELIGIBLE)])
def test_f6_freeze_is_exact_to_the_minute(minutes: int, state: State) -> None:
    met = occurrence("m", at(TUESDAY, 10), 30, 1, 2)
    known = facts([person(1), person(2)], [met], "m", at=met.start - timedelta(minutes=minutes))
    assert eligibility.status(met, known).state == state


def only_ten_is_free() -> list[Occurrence]:
    """For two people on Tuesday from 9:00 to 17:00, with a double booking of one of them at 15:00."""
    both = [occurrence("a", at(TUESDAY, 9), 60, 1, 2), occurrence("b", at(TUESDAY, 11), 240, 1, 2)]
    return [*both, occurrence("c", at(TUESDAY, 15), 60, 2), occurrence("d", at(TUESDAY, 16), 60, 1, 2)]


def test_f6_no_target_lies_a_second_inside_the_freeze() -> None:
    """A run some seconds after the full quarter of an hour, as each daily run is."""
    run_at = at(MONDAY, 14) + timedelta(seconds=12)
    met = occurrence("m", at(TUESDAY, 15), 60, 1, 2)
    known = with_consent(facts([person(1), person(2)], [met, *only_ten_is_free()], "m", at=run_at), "m", range="day")
    _, made = planned(known)
    assert [move.start for move in made.moves] == []


def test_f6_a_target_exactly_at_the_end_of_the_freeze_is_allowed() -> None:
    met = occurrence("m", at(TUESDAY, 15), 60, 1, 2)
    known = facts([person(1), person(2)], [met, *only_ten_is_free()], "m", at=at(MONDAY, 14))
    known = with_consent(known, "m", range="day")
    _, made = planned(known)
    assert [move.start for move in made.moves] == [at(TUESDAY, 10)]


@pytest.mark.parametrize(("weeks_ahead", "considered"), [(0, True), (2, True), (3, False)])
def test_f7_on_a_wednesday_two_calendar_weeks_ahead_are_planned(weeks_ahead: int, considered: bool) -> None:
    wednesday = MONDAY + timedelta(days=2)
    met = occurrence("m", at(MONDAY + timedelta(days=4, weeks=weeks_ahead), 15), 60, 1, 2)
    known = facts([person(1), person(2)], [met], "m", at=at(wednesday, 8))
    found = problem.build(known, Horizon(wednesday))
    assert bool(found.candidates) == considered


@pytest.mark.parametrize(
    ("day", "last_planned"), [(date(2027, 3, 7), date(2027, 3, 21)), (date(2027, 3, 8), date(2027, 3, 28))]
)
def test_f7_sunday_and_monday_plan_calendar_weeks_and_not_21_days(day: date, last_planned: date) -> None:
    assert Horizon(day).end == last_planned + timedelta(days=1)


def test_f8_the_week_is_that_of_the_original_slot_wherever_it_lies_now() -> None:
    """Made for the Friday of this week, put on Monday of the next by an earlier run: back here or nowhere."""
    friday = at(MONDAY + timedelta(days=4), 10)
    met = occurrence("m", at(MONDAY + timedelta(days=7), 10), 30, 1, 2, original=friday)
    known = facts([person(1), person(2)], [met], "m")
    windows = problem.windows(met, known, Horizon(MONDAY))
    assert windows[-1][1] == at(MONDAY + timedelta(days=7), 0)


@pytest.mark.parametrize(
    ("zone", "sunday"),
    [
        ("Europe/Berlin", date(2027, 3, 28)),
        ("America/New_York", date(2027, 3, 14)),
        ("Australia/Lord_Howe", date(2027, 4, 4)),
        ("Asia/Kolkata", date(2027, 3, 28)),
    ],
)
def test_f8_range_day_and_window_hold_in_local_time_when_clocks_change(zone: str, sunday: date) -> None:
    monday = sunday - timedelta(days=6)
    start = at(sunday, 14, zone)
    met = occurrence("m", start, 30, 1, 2)
    people = [person(1, zone, ALL_DAY_LONG), person(2, zone, ALL_DAY_LONG)]
    known = facts(people, [met], "m", at=at(monday, 9, zone))
    known = with_consent(known, "m", range="day", window=(13 * 60, 16 * 60))
    [(first, last)] = problem.windows(met, known, Horizon(monday))
    local = [moment.astimezone(ZoneInfo(zone)) for moment in (first, last)]
    assert [(moment.date(), moment.hour, moment.minute) for moment in local] == [(sunday, 13, 0), (sunday, 16, 0)]


def test_f8_people_who_work_through_midnight_may_meet_over_it() -> None:
    """The window without times is the whole week, midnights included; the check agrees with the problem."""
    people = [person(1, "UTC", ALL_DAY_LONG), person(2, "UTC", ALL_DAY_LONG)]
    met = occurrence("m", at(TUESDAY, 12), 30, 1, 2)
    midnight, quarter = at(TUESDAY, 24), timedelta(minutes=15)
    taken = [occurrence("a", at(TUESDAY, 8), 15 * 60 + 45, 1), occurrence("b", midnight + quarter, 5 * 24 * 60, 2)]
    known = facts(people, [met, *taken], "m", at=at(MONDAY, 12))
    _, made = planned(known)
    assert [move.start for move in made.moves] == [midnight - quarter]


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "Europe", "../etc/passwd"])
def test_a_calendar_with_an_odd_zone_costs_nobody_the_run(name: str) -> None:
    assert zone_of(name, "Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert zone_of(name) == ZoneInfo("UTC")


def test_an_absence_that_ends_with_odd_seconds_is_respected_to_the_second() -> None:
    back_at = at(TUESDAY, 10) + timedelta(seconds=30)
    away = ((at(TUESDAY, 0), back_at),)
    met = occurrence("m", at(TUESDAY, 15), 60, 1, 2)
    known = facts([person(1, away=away), person(2)], [met, *only_ten_is_free()], "m")
    known = with_consent(known, "m", range="day")
    _, made = planned(known)
    assert made.moves == ()


def test_an_organization_without_people_has_an_empty_plan() -> None:
    _, made = planned(facts([], []))
    assert (made.moves, made.holds, made.stays) == ((), (), ())


def test_f9_each_room_of_a_meeting_with_two_is_kept_from_others() -> None:
    """The one room that the double booked meeting needs is another meeting's second one at 10:00."""
    large = occurrence("l", at(TUESDAY, 10), 60, 3, 4, rooms=("apollo@rooms", "polaris@rooms"))
    met = occurrence("m", at(TUESDAY, 15), 60, 1, 2, rooms=("polaris@rooms",))
    people = [person(number) for number in (1, 2, 3, 4)]
    known = with_consent(facts(people, [met, large, *only_ten_is_free()], "m"), "m", range="day")
    _, made = planned(known)
    assert made.moves == ()
