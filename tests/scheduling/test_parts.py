"""A run in independent parts: apart from each other, together as good as the whole, and none waits for another."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from celery import Task

from calendars import colleagues
from clockwise import clock
from clockwise.tenancy import current, messages
from scheduling import flexibility, independent_parts, part_runs, run_requests, runs
from scheduling.engine.instance import parse
from scheduling.engine.solve import solve
from scheduling.independent_parts import PartRefused
from scheduling.models import HoldChange, OptimizationPart, OptimizationRun
from tests.calendars.test_colleagues import add_people
from tests.company import MONDAY, Company, meeting
from tests.scheduling.engine.instances import instance

Document = dict[str, Any]


def two_teams() -> Document:
    """Two random companies in one file, with rooms of their own, and somebody whom nothing concerns."""
    one, other = instance(4, seed=1), instance(4, seed=2)
    alone = instance(1, seed=3, per_person=0)
    for number, team in enumerate((one, other, alone)):
        for kind in ("people", "rooms", "events"):
            for row in team[kind]:
                row["id"] = f"{number}{row['id']}"
        for event in team["events"]:
            event["attendees"] = [f"{number}{key}" for key in event["attendees"]]
            event["room"] = event["room"] and f"{number}{event['room']}"
            if event["movable"] and event["movable"]["rooms"]:
                event["movable"]["rooms"] = [f"{number}{key}" for key in event["movable"]["rooms"]]
    return {**one, **{kind: one[kind] + other[kind] + alone[kind] for kind in ("people", "rooms", "events")}}


def solved(document: Mapping[str, Any]) -> Document:
    return solve(parse(document), seed=1, iterations=3_000).as_document()


def test_parts_share_no_person_and_leave_nobody_out() -> None:
    document = two_teams()
    parts = independent_parts.divide(document)
    people = [person["id"] for part in parts for person in part["people"]]
    assert sorted(people) == sorted(person["id"] for person in document["people"])
    assert len(parts) == 3
    assert independent_parts.movable_events(parts[-1]) == 0


def test_parts_that_are_put_together_gain_what_each_gains() -> None:
    document = two_teams()
    parts = [solved(part) for part in independent_parts.divide(document)]
    together = independent_parts.put_together(document, parts, all_of_them=True)
    whole = solved(document)
    assert together["before"] == pytest.approx(whole["before"], abs=0.01)
    gains = sum(part["score"] - part["before"] for part in parts)
    assert together["score"] - together["before"] == pytest.approx(gains, abs=0.01)
    assert together["bound"] >= together["score"] - 0.01


def test_a_part_without_a_solution_leaves_no_bound() -> None:
    document = two_teams()
    first, *_ = independent_parts.divide(document)
    together = independent_parts.put_together(document, [solved(first)], all_of_them=False)
    assert (together["bound"], together["status"]) == (None, "feasible")
    assert together["events"].keys() <= {event["id"] for event in first["events"]}


def test_a_part_that_claims_more_than_it_is_worth_is_refused() -> None:
    part = independent_parts.divide(two_teams())[0]
    solution = solved(part)
    with pytest.raises(PartRefused, match="the score is"):
        independent_parts.check(part, {**solution, "score": solution["score"] + 1})


@pytest.fixture
def asked(company: Company, monkeypatch: pytest.MonkeyPatch) -> OptimizationRun:
    """A run over two parts: Ada and Ben each have a clash, in a meeting with somebody who never signed in."""
    # A crowded machine that still compiles the engine would cut a part short.
    for limit in ("PART_SECONDS", "RUN_SECONDS"):
        monkeypatch.setattr(part_runs, limit, 3600.0)
    add_people(company, "dora", "erik")
    tuesday = MONDAY + timedelta(days=1)
    ids = {}
    for name, other, hour in (("ada", "dora", 13), ("ben", "erik", 14)):
        ids[name] = company.insert(name, meeting("Clash", tuesday, hour, 30, name, other))
        company.insert(name, meeting("Dentist", tuesday, hour, 60, name))
    company.sync()
    with company.inside():
        for name, google_id in ids.items():
            flexibility.make_flexible(company.event(name, google_id), by=company.member(name))
    with company.acting():
        colleagues.refresh()
    with company.inside():
        return run_requests.create(by=company.member("ada"), day=MONDAY)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[object, ...]]]:
    found: list[tuple[str, tuple[object, ...]]] = []

    def wake(task: Task[..., Any], *arguments: object, after: timedelta = timedelta()) -> None:
        found.append((str(task.name), arguments))

    monkeypatch.setattr(messages, "wake", wake)
    return found


def moved(company: Company) -> set[str]:
    with company.inside():
        [run] = OptimizationRun.objects.all()
        return {str(move.event.member_id) for move in run.proposals.get().moves.select_related("event")}


def test_each_part_is_a_task_that_carries_its_id_alone(
    company: Company, asked: OptimizationRun, sent: list[tuple[str, tuple[object, ...]]]
) -> None:
    with company.acting():
        dry = runs.compute(day=MONDAY)
        proposal = runs.execute(asked.pk)
    assert [name for name, _ in sent] == ["scheduling.solve_part"] * len(sent)
    assert len(sent) >= 2
    assert all(isinstance(argument, UUID) for _, [argument] in sent)
    assert proposal is not None
    assert proposal.plan_hash == dry.plan_hash
    assert moved(company) == {str(company.ids["ada"]), str(company.ids["ben"])}
    with company.inside():
        assert OptimizationPart.objects.count() == 0
        assert OptimizationRun.objects.get().problem == ""


def test_a_crashed_part_leaves_its_people_as_they_were_and_says_so(
    company: Company, asked: OptimizationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash_on_the_second(whole: Any, **options: Any) -> Any:
        if whole.name.endswith("/1"):
            raise MemoryError
        return solve(whole, **options)

    monkeypatch.setattr("scheduling.part_runs.solve", crash_on_the_second)
    with company.acting():
        assert runs.execute(asked.pk) is not None
    assert moved(company) == {str(company.ids["ada"])}
    with company.inside():
        assert OptimizationRun.objects.get().problem == "part_failed"
        assert not HoldChange.objects.filter(member=company.ids["ben"]).exists()
        assert HoldChange.objects.filter(member=company.ids["ada"]).exists()


def test_a_part_whose_worker_died_is_missed_and_not_waited_for(
    company: Company, asked: OptimizationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out = part_runs.carry_out

    def take_the_second_and_die(part_id: UUID) -> None:
        with current.transaction():
            part = OptimizationPart.objects.filter(number=1, state=OptimizationPart.State.QUEUED)
            part.update(state=OptimizationPart.State.RUNNING, claimed_at=clock.now() - part_runs.PATIENCE)
        carry_out(part_id)

    monkeypatch.setattr(part_runs, "carry_out", take_the_second_and_die)
    with company.acting():
        assert runs.execute(asked.pk) is not None
    assert moved(company) == {str(company.ids["ada"])}
    with company.inside():
        assert OptimizationRun.objects.get().problem == "part_late"


def test_a_part_whose_run_is_over_is_nobodys(company: Company, asked: OptimizationRun) -> None:
    with company.acting():
        part_runs.carry_out(asked.pk)


@pytest.mark.parametrize(("minutes", "left"), [(1, 1), (61, 0)], ids=["under way", "long dead"])
def test_a_second_run_takes_no_parts_away_from_one_under_way(
    company: Company, asked: OptimizationRun, monkeypatch: pytest.MonkeyPatch, minutes: int, left: int
) -> None:
    """The daily run begins while somebody's own is being solved."""
    monkeypatch.setattr(part_runs, "_help", lambda run: None)
    with company.inside():
        OptimizationPart.objects.create(run=asked, number=0, instance={})
    with clock.stopped(asked.created_at + timedelta(minutes=minutes)):
        with company.inside():
            second = run_requests.create(by=None, day=MONDAY, daily_on=MONDAY)
        with company.acting():
            part_runs.share_out(second, [])
    with company.inside():
        assert OptimizationPart.objects.filter(run=asked).count() == left
