"""The check after the optimizer refuses what the rules forbid, whoever planned it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from scheduling import checking
from scheduling.facts import ExistingHold, Facts
from scheduling.holds import PlannedHold
from scheduling.hours import Lunch
from scheduling.models import Hold, HoldChange
from scheduling.plan import Plan
from scheduling.problem import Problem
from tests.scheduling import plain
from tests.scheduling.plain import MONDAY, at, member_id

TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
ROOM = "room@company.example"


def broken_rules(made: Plan, found: Problem) -> list[str]:
    with pytest.raises(checking.PlanRefused) as refused:
        checking.check(made, found)
    return refused.value.broken


def with_move_to(made: Plan, start: datetime) -> Plan:
    [move] = made.moves
    return replace(made, moves=(replace(move, start=start, end=start + (move.end - move.start)),))


def clash_in(*rooms: str) -> Facts:
    """Person 1 and 2 meet while person 1 is elsewhere; persons 3 and 4 have the room from 15:30 on."""
    return plain.facts(
        [plain.person(number, focus_goal=0) for number in (1, 2, 3, 4)],
        [
            plain.occurrence("clash", at(TUESDAY, 10), 60, 1, 2, rooms=rooms),
            plain.occurrence("elsewhere", at(TUESDAY, 10), 60, 1),
            plain.occurrence("others", at(TUESDAY, 15.5), 90, 3, 4, rooms=rooms),
        ],
        "clash",
    )


def test_a_meeting_moved_into_a_room_that_is_taken_is_refused() -> None:
    found, made = plain.planned(clash_in(ROOM))
    assert broken_rules(with_move_to(made, at(TUESDAY, 16)), found)[0].startswith("room overlap")


def test_the_same_place_is_fine_where_they_share_no_room() -> None:
    found, made = plain.planned(clash_in())
    checking.check(replace(with_move_to(made, at(TUESDAY, 16)), holds=()), found)


def test_f22_a_move_that_breaks_up_a_day_is_refused_by_the_fairness_guard() -> None:
    """Tuesday gains an hour, Wednesday's three free hours fall to 75 minutes at half: 82 minutes less in the week."""
    known = plain.facts(
        [plain.person(1, focus_goal=2400), plain.person(2, focus_goal=0)],
        [
            plain.occurrence("early", at(TUESDAY, 9), 60, 1, 2),
            plain.occurrence("elsewhere", at(TUESDAY, 9), 60, 2),
            plain.occurrence("first", at(WEDNESDAY, 9), 120, 1),
            plain.occurrence("second", at(WEDNESDAY, 14), 180, 1),
        ],
        "early",
    )
    found, made = plain.planned(known)
    between = with_move_to(replace(made, holds=()), at(WEDNESDAY, 11.75))
    assert broken_rules(between, found) == [f"focus drop {member_id(1)}"]


def test_f22_a_move_that_costs_exactly_the_guard_is_allowed() -> None:
    """From before the working hours to their first one: an hour of focus, no minute more."""
    known = plain.facts(
        [plain.person(1, focus_goal=2400), plain.person(2, focus_goal=0)],
        [plain.occurrence("early", at(TUESDAY, 8), 60, 1, 2), plain.occurrence("elsewhere", at(TUESDAY, 8), 60, 2)],
        "early",
    )
    found, made = plain.planned(known)
    checking.check(with_move_to(replace(made, holds=()), at(TUESDAY, 9)), found)


def hold(kind: str, start: datetime, minutes: int, **extra: object) -> PlannedHold:
    planned = PlannedHold(
        member_id(1), kind, HoldChange.Action.CREATE, start, start + timedelta(minutes=minutes), start.date()
    )
    return replace(planned, **extra)  # type: ignore[arg-type]


def with_holds(*holds: PlannedHold, existing: tuple[ExistingHold, ...] = ()) -> tuple[Plan, Problem]:
    known = plain.facts(
        [plain.person(1, lunch=Lunch())], [plain.occurrence("dentist", at(TUESDAY, 12), 30, 1)], holds=existing
    )
    found, made = plain.planned(known)
    return replace(made, holds=holds), found


FOCUS, LUNCH = Hold.Kind.FOCUS, Hold.Kind.LUNCH


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (hold(FOCUS, at(TUESDAY, 11), 90), "focus time over an event"),
        (hold(FOCUS, at(TUESDAY, 16), 120), "focus time outside working hours"),
        (hold(FOCUS, at(TUESDAY, 9), 45), "focus time too short"),
        (hold(FOCUS, at(TUESDAY, 9.1), 90), "focus time off the grid"),
        (hold(FOCUS, at(plain.SUNDAY_NOON.date(), 9), 90), "focus time in the past"),
        (hold(LUNCH, at(TUESDAY, 12), 30), "lunch over an event"),
        (hold(LUNCH, at(TUESDAY, 14), 30), "lunch outside its window"),
        (hold(LUNCH, at(WEDNESDAY, 11.5), 15), "lunch too short or too long"),
        (hold(LUNCH, at(WEDNESDAY, 11.5), 75), "lunch too short or too long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "hold",
)
def test_a_hold_in_a_wrong_place_is_refused(made: PlannedHold, rule: str) -> None:
    plan, found = with_holds(made)
    assert f"{rule} {member_id(1)}" in broken_rules(plan, found)


@pytest.mark.parametrize(
    "made", [hold(FOCUS, at(TUESDAY, 9), 120), hold(LUNCH, at(TUESDAY, 12.5), 60)], ids=["focus", "lunch"]
)
def test_a_hold_in_a_right_place_is_not(made: PlannedHold) -> None:
    checking.check(*with_holds(made))


def test_two_holds_in_one_place_are_refused() -> None:
    plan, found = with_holds(hold(FOCUS, at(WEDNESDAY, 11), 90), hold(LUNCH, at(WEDNESDAY, 12), 60))
    assert f"holds overlap {member_id(1)}" in broken_rules(plan, found)


def placed(kind: str, start: datetime, minutes: int) -> ExistingHold:
    return ExistingHold(
        hold_id=UUID(int=7),
        member_id=member_id(1),
        kind=kind,
        state=Hold.State.PLACED,
        date=start.date(),
        start=start,
        end=start + timedelta(minutes=minutes),
    )


def test_a_hold_over_one_that_stays_is_refused_and_over_one_that_leaves_is_not() -> None:
    there = placed(FOCUS, at(WEDNESDAY, 9), 120)
    new = hold(FOCUS, at(WEDNESDAY, 9), 180)
    plan, found = with_holds(new, existing=(there,))
    assert f"hold over another that stays {member_id(1)}" in broken_rules(plan, found)
    checking.check(replace(plan, holds=(replace(new, action=HoldChange.Action.MOVE, hold=there),)), found)


def test_a_meeting_over_a_hold_that_stays_is_refused() -> None:
    known = replace(clash_in(), holds=(placed(FOCUS, at(TUESDAY, 13), 120),))
    found, made = plain.planned(known)
    onto = replace(with_move_to(made, at(TUESDAY, 14)), holds=())
    assert f"meeting over a hold that stays {member_id(1)}" in broken_rules(onto, found)


@pytest.fixture
def no_lunch_yet() -> Callable[[datetime], Facts]:
    def known(now: datetime) -> Facts:
        return plain.facts(
            [plain.person(1, lunch=Lunch())],
            [plain.occurrence("long", at(TUESDAY, 11.5), 30, 1), plain.occurrence("late", at(TUESDAY, 13), 60, 1)],
            at=now,
            holds=(placed(FOCUS, at(TUESDAY, 12), 60),),
        )

    return known


def test_no_lunch_is_placed_over_focus_time_that_has_begun(no_lunch_yet: Callable[[datetime], Facts]) -> None:
    _, made = plain.planned(no_lunch_yet(at(TUESDAY, 12)), TUESDAY)
    assert [change for change in made.holds if change.date == TUESDAY and change.kind == LUNCH] == []


def test_focus_time_that_has_not_begun_gives_way_to_a_lunch(no_lunch_yet: Callable[[datetime], Facts]) -> None:
    _, made = plain.planned(no_lunch_yet(at(TUESDAY, 8)), TUESDAY)
    assert [change.kind for change in made.holds if change.date == TUESDAY and change.kind == LUNCH] == [LUNCH]
