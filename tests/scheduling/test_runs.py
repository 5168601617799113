"""From rows to a checked, stored proposal: what may be planned, and what never is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from calendars import colleagues
from calendars.models import Colleague, OutboxWrite
from clockwise import clock
from clockwise.tenancy import current
from scheduling import checking, facts, flexibility, plan, problem, run_requests, runs
from scheduling.engine.instance import parse
from scheduling.engine.solve import solve
from scheduling.models import OptimizationRun, Proposal
from scheduling.problem import Horizon
from tests.calendars.test_colleagues import add_people
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

ITERATIONS = 3_000


def fragmented_week(company: Company) -> dict[str, str]:
    """Ada and Ben meet in the middle of both their Tuesdays; one more clashes with Ben's dentist."""
    tuesday = MONDAY + timedelta(days=1)
    ids = {
        "middle": company.insert("ada", meeting("Middle", tuesday, 11, 30, "ada", "ben")),
        "clash": company.insert("ada", meeting("Clash", tuesday, 15, 30, "ada", "ben")),
    }
    company.insert("ben", meeting("Dentist", tuesday, 15, 60, "ben"))
    company.sync()
    return ids


def make_flexible(company: Company, google_id: str, name: str = "ada", **said: object) -> None:
    with company.inside():
        flexibility.make_flexible(company.event(name, google_id), by=company.member(name), **said)  # type: ignore[arg-type]


def planned(company: Company) -> tuple[problem.Problem, plan.Plan]:
    horizon = Horizon(MONDAY)
    with company.inside():
        found = problem.build(facts.load(*horizon.instants), horizon)
    document = solve(parse(found.document), seed=1, iterations=ITERATIONS).as_document()
    return found, plan.read(found, document)


def status_of(company: Company, google_id: str) -> str:
    found, _ = planned(company)
    reasons = {occurrence.copies[0].google_id: status for occurrence, status in found.stays}
    return str(reasons[google_id].reason) if google_id in reasons else "eligible"


def test_nothing_moves_that_nobody_has_made_flexible(company: Company) -> None:
    fragmented_week(company)
    found, made = planned(company)
    assert found.candidates == {}
    assert made.moves == ()


def test_f12_a_double_booking_is_resolved_and_the_plan_is_better(company: Company) -> None:
    ids = fragmented_week(company)
    for google_id in ids.values():
        make_flexible(company, google_id)
    found, made = planned(company)

    checking.check(made, found)
    assert made.score > made.score_before
    moved = {move.copy.google_id: move for move in made.moves}
    assert moved[ids["clash"]].reason.conflicts_solved == 1
    assert made.bound is not None
    assert made.bound >= made.score


def test_only_the_organizer_or_a_permitted_guest_makes_it_flexible(company: Company) -> None:
    ids = fragmented_week(company)
    with pytest.raises(flexibility.NotPermittedToMove):
        make_flexible(company, ids["middle"], "ben")


def test_what_a_guest_made_flexible_stays_when_that_guest_has_left(company: Company) -> None:
    body = meeting("Open", MONDAY + timedelta(days=1), 11, 30, "ada", "ben", "chie", guestsCanModify=True)
    google_id = company.insert("ada", body)
    company.sync()
    make_flexible(company, google_id, "ben")
    assert status_of(company, google_id) == "eligible"

    left = {"attendees": [guest for guest in body["attendees"] if guest["email"] != address("ben")]}
    company.google.as_person(address("ada"), "patch", google_id, left)
    company.sync()
    assert status_of(company, google_id) == "no_permission"


def test_one_outsider_keeps_a_meeting_in_place(company: Company) -> None:
    body = meeting("With a guest", MONDAY + timedelta(days=1), 11, 30, "ada", "ben", "guest@outside.example")
    google_id = company.insert("ada", body)
    company.sync()
    make_flexible(company, google_id)
    assert status_of(company, google_id) == "external"


@pytest.mark.parametrize(("minutes_before", "reason"), [(20 * 60 - 1, "freeze"), (20 * 60, "eligible")])
def test_what_starts_within_twenty_hours_is_frozen(company: Company, minutes_before: int, reason: str) -> None:
    ids = fragmented_week(company)
    make_flexible(company, ids["middle"])
    start = datetime(2027, 3, 2, 10, tzinfo=UTC)
    with clock.stopped(start - timedelta(minutes=minutes_before)):
        assert status_of(company, ids["middle"]) == reason


def test_a_range_of_a_day_and_a_window_are_kept(company: Company) -> None:
    ids = fragmented_week(company)
    make_flexible(company, ids["clash"], range="day", window=(13 * 60, 17 * 60))
    _, made = planned(company)
    [move] = made.moves
    assert datetime(2027, 3, 2, 12, tzinfo=UTC) <= move.start < move.end <= datetime(2027, 3, 2, 16, tzinfo=UTC)


@pytest.fixture
def with_dora(company: Company) -> str:
    """Ada and Dora, who never signed in, meet on Tuesday at 13, as Ada has a dentist; Dora is busy before, and after
    until four."""
    add_people(company, "dora")
    tuesday = MONDAY + timedelta(days=1)
    google_id = company.insert("ada", meeting("Middle", tuesday, 13, 30, "ada", "dora"))
    company.insert("ada", meeting("Dentist", tuesday, 13, 60, "ada"))
    for hour, minutes in ((9, 240), (14, 120)):
        company.google.as_person(address("dora"), "insert", body=meeting("", tuesday, hour, minutes, "dora"))
    company.sync()
    make_flexible(company, google_id, range="day")
    with company.acting():
        colleagues.refresh()
    return google_id


def test_a_colleague_known_by_free_busy_alone_is_met_only_when_free(company: Company, with_dora: str) -> None:
    found, made = planned(company)
    [move] = made.moves
    assert move.copy.google_id == with_dora
    assert datetime(2027, 3, 2, 15, tzinfo=UTC) <= move.start < move.end <= datetime(2027, 3, 2, 17, tzinfo=UTC)
    assert set(move.reason.by_person) <= {str(company.ids["ada"])}
    checking.check(made, found)


def test_a_plan_that_meets_a_busy_colleague_is_refused(company: Company, with_dora: str) -> None:
    found, made = planned(company)
    [move] = made.moves
    busy = datetime(2027, 3, 2, 13, 30, tzinfo=UTC)
    clashing = replace(move, start=busy, end=busy + timedelta(minutes=30))
    with pytest.raises(checking.PlanRefused, match="overlap"):
        checking.check(replace(made, moves=(clashing,)), found)


def test_a_colleague_of_whom_google_tells_nothing_keeps_it_in_place(company: Company, with_dora: str) -> None:
    with company.inside():
        Colleague.objects.update(problem="notFound")
    assert status_of(company, with_dora) == "unknown_calendar"


def test_a_colleague_whose_calendar_is_unknown_keeps_it_in_place(company: Company) -> None:
    ids = fragmented_week(company)
    make_flexible(company, ids["middle"])
    company.google.revoke(address("ben"))
    company.sync("ben")
    assert status_of(company, ids["middle"]) == "unknown_calendar"


def test_f4_meetings_across_zones_lie_in_everybodys_hours(company: Company) -> None:
    google_id = company.insert("ada", meeting("Tokyo", MONDAY + timedelta(days=1), 14, 30, "ada", "chie"))
    company.insert("ada", meeting("In the way", MONDAY + timedelta(days=1), 14, 30, "ada"))
    company.sync()
    make_flexible(company, google_id)
    found, made = planned(company)
    checking.check(made, found)
    for move in made.moves:
        assert move.start.hour >= 8  # 9:00 in Berlin
        assert move.end.hour <= 8  # 17:00 in Tokyo


def test_f18_a_dry_run_writes_nothing_and_has_the_hash_of_the_run_after_it(company: Company) -> None:
    ids = fragmented_week(company)
    for google_id in ids.values():
        make_flexible(company, google_id)
    company.google.log.clear()
    with company.acting():
        dry = runs.compute(day=MONDAY)
        with current.transaction():
            assert Proposal.objects.count() == 0
            run = run_requests.create(by=company.member("ada"), day=MONDAY)
        proposal = runs.execute(run.pk)

    assert proposal is not None
    assert proposal.plan_hash == dry.plan_hash
    assert [entry for entry in company.google.log if entry["method"] != "GET"] == []
    with company.inside():
        assert OutboxWrite.objects.count() == 0
        assert OptimizationRun.objects.get().state == OptimizationRun.State.DONE


def test_a_later_proposal_takes_the_place_of_an_open_one(company: Company) -> None:
    fragmented_week(company)
    with company.acting():
        for _ in range(2):
            with current.transaction():
                run = run_requests.create(by=company.member("ada"), day=MONDAY)
            runs.execute(run.pk)
        with current.transaction():
            states = list(Proposal.objects.order_by("created_at", "id").values_list("state", flat=True))
    assert sorted(states) == ["open", "superseded"]


def test_a_run_is_executed_once_whoever_races(company: Company) -> None:
    fragmented_week(company)
    with company.acting():
        with current.transaction():
            run = run_requests.create(by=company.member("ada"), day=MONDAY)
        assert runs.execute(run.pk) is not None
        assert runs.execute(run.pk) is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (
            lambda move: replace(move, start=move.start + timedelta(minutes=5), end=move.end + timedelta(minutes=5)),
            "grid",
        ),
        (lambda move: replace(move, end=move.end + timedelta(minutes=15)), "length"),
        (lambda move: replace(move, start=move.start + timedelta(days=7), end=move.end + timedelta(days=7)), "range"),
        (lambda move: replace(move, start=SUNDAY_NOON, end=SUNDAY_NOON + timedelta(minutes=30)), "frozen target"),
    ],
)
def test_the_independent_check_refuses_a_plan_that_breaks_a_rule(company: Company, change: object, rule: str) -> None:
    ids = fragmented_week(company)
    make_flexible(company, ids["clash"])
    found, made = planned(company)
    [move] = made.moves
    broken = replace(made, moves=(change(move),))  # type: ignore[operator]

    with pytest.raises(checking.PlanRefused) as refused:
        checking.check(broken, found)
    assert any(told.startswith(rule) for told in refused.value.broken)


def test_the_independent_check_refuses_an_overlap(company: Company) -> None:
    ids = fragmented_week(company)
    make_flexible(company, ids["clash"])
    found, made = planned(company)
    [move] = made.moves
    middle = datetime(2027, 3, 2, 10, tzinfo=UTC)
    broken = replace(made, moves=(replace(move, start=middle, end=middle + timedelta(minutes=30)),))
    with pytest.raises(checking.PlanRefused, match="overlap"):
        checking.check(broken, found)


def test_a_run_keeps_the_freeze_that_the_organization_has_set(company: Company) -> None:
    """F6, A15: the meeting is 23 hours away; it may move under the default of 20 hours, not under 24."""
    from clockwise.organizations.models import Keywords, OrganizationRules

    google_id = company.insert("ada", meeting("Soon", MONDAY, 12, 30, "ada", "ben"))
    company.sync()
    make_flexible(company, google_id)
    with company.acting():
        assert runs._load(MONDAY, None).candidates
    with company.inside():
        OrganizationRules.objects.create(freeze_hours=24, keywords=Keywords(), changed_at=clock.now())
    with company.acting():
        assert not runs._load(MONDAY, None).candidates
