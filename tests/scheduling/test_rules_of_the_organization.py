"""What the console keeps is what runs do: daily run, window, keyword lists (F5, F7, H10, H14, A15)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client

from clockwise import clock
from clockwise.organizations import titles
from clockwise.organizations.models import Keywords, Organization, OrganizationRules
from clockwise.organizations.plans import Plan
from clockwise.tenancy import current, messages
from scheduling import daily_runs, facts, run_requests, runs, tasks
from scheduling.days import work_days
from scheduling.models import OptimizationRun
from scheduling.problem import Horizon
from tests.company import MONDAY, Company, address, meeting
from tests.scheduling.test_runs import make_flexible
from tests.security.endpoints import sign_in

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = MONDAY + timedelta(days=1)
DAY = timedelta(days=1)


def settle(company: Company, zone: str = "Europe/Berlin", **rules: Any) -> None:
    with company.inside():
        Organization.objects.filter(pk=company.organization_id).update(time_zone=zone)
        OrganizationRules.objects.all().delete()
        values = {"keywords": Keywords(), "changed_at": clock.now(), **rules}
        OrganizationRules.objects.create(**values)


def run_at(company: Company, at: datetime) -> list[date]:
    """The minute's look at an organization; the local dates of all daily runs so far."""
    with clock.stopped(at), company.inside():
        daily_runs.start_due()
        return list(OptimizationRun.objects.order_by("daily_on").values_list("daily_on", flat=True))  # type: ignore[arg-type]


def berlin(day: date, hour: int, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def test_f5_one_run_at_the_organizations_time_and_none_before_or_twice(company: Company) -> None:
    settle(company)
    assert run_at(company, berlin(MONDAY, 15, 59)) == []
    assert run_at(company, berlin(MONDAY, 16, 0)) == [MONDAY]
    assert run_at(company, berlin(MONDAY, 16, 1)) == [MONDAY]
    assert run_at(company, berlin(TUESDAY, 16, 1)) == [MONDAY, TUESDAY]
    saturday = MONDAY + 5 * DAY
    assert run_at(company, berlin(saturday, 16, 0)) == [MONDAY, TUESDAY]


def test_f5_time_days_and_zone_are_the_organizations_own(company: Company) -> None:
    settle(company, zone="Asia/Tokyo", run_minute=7 * 60 + 30, run_days=[1])
    assert run_at(company, berlin(MONDAY, 7, 30)) == []
    assert run_at(company, datetime(2027, 3, 1, 22, 29, tzinfo=UTC)) == []
    assert run_at(company, datetime(2027, 3, 1, 22, 30, tzinfo=UTC)) == [TUESDAY]


@pytest.mark.parametrize(("changes_on", "minute"), [(date(2027, 3, 28), 150), (date(2027, 10, 31), 150)])
def test_f5_a_day_on_which_the_clocks_change_has_one_run(company: Company, changes_on: date, minute: int) -> None:
    """The time of the run, 2:30, is left out in March and comes twice in October."""
    settle(company, run_minute=minute, run_days=[6])
    midnight = berlin(changes_on, 0, 0)
    seen = [run_at(company, midnight + timedelta(minutes=15 * n)) for n in range(24)]
    assert seen[0] == []
    assert seen[-1] == [changes_on]


@pytest.mark.parametrize("rules", [{"run_enabled": False}, {"run_days": []}])
def test_f5_no_run_where_it_is_switched_off(company: Company, rules: dict[str, Any]) -> None:
    settle(company, **rules)
    assert run_at(company, berlin(MONDAY, 16, 0)) == []


def test_f5_a_run_that_is_hours_late_is_left_out(company: Company) -> None:
    settle(company)
    assert run_at(company, berlin(MONDAY, 18, 0)) == []


def test_f5_the_plan_decides_whether_there_is_a_daily_run(company: Company) -> None:
    settle(company)
    with company.inside():
        Organization.objects.update(plan=Plan.FREE)
    assert run_at(company, berlin(MONDAY, 16, 0)) == []
    with company.inside():
        Organization.objects.filter(pk=company.organization_id).update(plan=Plan.TEAMS)
    assert run_at(company, berlin(MONDAY, 16, 1)) == [MONDAY]


def test_f5_two_workers_at_once_make_one_run(company: Company) -> None:
    settle(company)
    together = Barrier(2, timeout=10)

    def look(_: int) -> None:
        try:
            with current.organization(company.organization_id):
                together.wait()
                daily_runs.start_due()
        finally:
            connection.close()

    with clock.stopped(berlin(MONDAY, 16, 0)), ThreadPoolExecutor(2) as pool:
        list(pool.map(look, range(2)))
    with company.inside():
        assert OptimizationRun.objects.count() == 1


def test_f5_the_beat_starts_it_and_the_run_ends_with_a_proposal(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(company)
    company.sync()
    asked: list[str] = []
    monkeypatch.setattr(tasks, "start", lambda run_id: asked.append(str(run_id)))
    monkeypatch.setattr(messages, "wake", lambda task: task())
    with clock.stopped(berlin(MONDAY, 16, 0)):
        tasks.start_daily_runs()
        # The worker that took the first message died before it began.
        tasks.start_daily_runs()
    assert len(asked) == 2
    assert len(set(asked)) == 1
    with company.acting():
        [made] = [runs.execute(run_id) for run_id in {*asked}]  # type: ignore[arg-type]
    assert made is not None
    with company.inside():
        assert daily_runs.queued() == []


def test_f5_each_organization_is_started_by_a_task_of_its_own(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whose keys can't be had fails alone."""
    settle(company)
    woken: list[UUID] = []
    monkeypatch.setattr(messages, "wake", lambda _: woken.append(current.require_organization_id()))
    with clock.stopped(berlin(MONDAY, 16, 0)):
        tasks.start_daily_runs()
    assert company.organization_id in woken
    with company.inside():
        assert not OptimizationRun.objects.exists()


def test_f5_the_daily_run_waits_for_one_that_somebody_has_asked_for(company: Company) -> None:
    settle(company)
    with clock.stopped(berlin(MONDAY, 15, 59)), company.inside():
        asked = run_requests.create(by=company.member("ada"))
    with clock.stopped(berlin(MONDAY, 16, 0)), company.inside():
        assert daily_runs.start_due() is None
        OptimizationRun.objects.filter(pk=asked.pk).update(state=OptimizationRun.State.DONE)
        assert daily_runs.start_due() is not None


def test_f5_a_queued_run_that_nobody_took_for_hours_is_left(company: Company) -> None:
    settle(company)
    run_at(company, berlin(MONDAY, 16, 0))
    with clock.stopped(berlin(MONDAY, 17, 59)), company.inside():
        assert len(daily_runs.queued()) == 1
    with clock.stopped(berlin(MONDAY, 18, 1)), company.inside():
        assert daily_runs.queued() == []


@pytest.mark.parametrize(("weeks_ahead", "is_planned"), [(2, False), (3, True)])
def test_f7_the_organizations_window_is_the_runs_window(company: Company, weeks_ahead: int, is_planned: bool) -> None:
    google_id = company.insert("ada", meeting("Far", MONDAY + 21 * DAY, 11, 30, "ada", "ben"))
    company.sync()
    make_flexible(company, google_id)
    settle(company, weeks_ahead=weeks_ahead)
    with company.acting():
        found = runs._load(MONDAY, None)
    assert bool(found.candidates) == is_planned
    with company.inside():
        run = run_requests.create(by=company.member("ada"), day=MONDAY)
    assert run.horizon_end == Horizon(MONDAY, weeks_ahead + 1).instants[1]


def all_day(title: str, day: date, *guests: str, **extra: Any) -> dict[str, Any]:
    body = meeting(title, day, 0, 60, *guests, **extra)
    return {**body, "start": {"date": day.isoformat()}, "end": {"date": (day + DAY).isoformat()}}


def known(company: Company) -> facts.Facts:
    with company.inside():
        return facts.load(*Horizon(MONDAY).instants)


def works_on(company: Company, name: str, day: date) -> bool:
    [there] = work_days(known(company).people[company.ids[name]], day, day + DAY)
    return bool(there.working)


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("PTO", titles.AWAY),
        ("Ben: out of office", titles.AWAY),
        ("PTO report", titles.MEETING),
        ("Company holiday", titles.HOLIDAY),
        ("Holiday party", titles.MEETING),
        ("Optometrist", titles.MEETING),
    ],
)
def test_h14_a_run_and_the_tester_on_the_page_agree_about_a_whole_day(company: Company, title: str, kind: str) -> None:
    company.insert("ben", all_day(title, TUESDAY))
    company.sync()
    assert works_on(company, "ben", TUESDAY) == (kind == titles.MEETING)
    assert works_on(company, "ada", TUESDAY)
    assert kind in tried(company, title, all_day="yes")


@pytest.mark.parametrize(("title", "is_away"), [("Vacation", True), ("Vacation planning", False), ("Dentist", False)])
def test_h14_some_hours_of_ones_own_are_taken_from_working_hours(company: Company, title: str, is_away: bool) -> None:
    company.insert("ben", meeting(title, TUESDAY, 10, 120))
    company.sync()
    ben = known(company).people[company.ids["ben"]]
    assert bool(ben.away) == is_away
    assert (titles.AWAY in tried(company, title)) == is_away


def test_h14_a_meeting_about_absences_is_a_meeting(company: Company) -> None:
    google_id = company.insert("ada", meeting("PTO rules", TUESDAY, 11, 30, "ada", "ben"))
    company.sync()
    make_flexible(company, google_id)
    found = known(company)
    assert not any(person.away for person in found.people.values())
    with company.acting():
        assert len(runs._load(MONDAY, None).candidates) == 1


def test_h14_an_absence_told_to_others_is_none_of_theirs(company: Company) -> None:
    company.insert("ben", all_day("Ben PTO", TUESDAY, "ben", "ada"))
    company.sync()
    assert works_on(company, "ada", TUESDAY)
    assert not works_on(company, "ben", TUESDAY)


def test_h14_a_declined_holiday_has_no_effect(company: Company) -> None:
    body = all_day("Company holiday", TUESDAY, "ada", "ben")
    for guest in body["attendees"]:
        if guest["email"] == address("ben"):
            guest["responseStatus"] = "declined"
    company.insert("ada", body)
    company.sync()
    assert works_on(company, "ben", TUESDAY)
    assert not works_on(company, "ada", TUESDAY)


def test_h14_googles_own_type_needs_no_word_and_no_list_overrules_it(company: Company) -> None:
    body = {**meeting("PTO report", TUESDAY, 0, 1440), "eventType": "outOfOffice"}
    company.insert("ben", body)
    company.sync()
    assert not works_on(company, "ben", TUESDAY)


def test_a15_changed_lists_count_for_the_next_run(company: Company) -> None:
    company.insert("ben", all_day("Sabbatical", TUESDAY))
    company.sync()
    assert works_on(company, "ben", TUESDAY)
    settle(company, keywords=Keywords(away=("sabbatical",)))
    assert not works_on(company, "ben", TUESDAY)
    settle(company, keywords=Keywords(away=("sabbatical",), not_away=("sabbatical",)))
    assert works_on(company, "ben", TUESDAY)


@pytest.mark.parametrize(
    ("title", "hour", "has_lunch"), [("Team lunch", 12, False), ("Lunchtime talk", 12, True), ("Team lunch", 15, True)]
)
def test_h10_an_event_that_is_a_lunch_stands_in_for_it(
    company: Company, title: str, hour: int, has_lunch: bool
) -> None:
    company.insert("ada", meeting(title, TUESDAY, hour, 60, "ada", "ben"))
    company.sync()
    found = known(company)
    days = [work_days(found.people[company.ids[name]], TUESDAY, TUESDAY + DAY)[0] for name in ("ada", "ben", "chie")]
    assert [day.lunch is not None for day in days] == [has_lunch, has_lunch, True]
    assert (titles.LUNCH in tried(company, title)) == (title == "Team lunch")


def test_h14_the_week_shows_a_day_off_as_one(company: Company) -> None:
    company.insert("ben", all_day("PTO", TUESDAY))
    company.sync()
    ben = browser(company, "ben")
    page = ben.get(f"/?week={MONDAY}").content.decode()
    assert page.count('class="ev xs ooo"') == 1


def browser(company: Company, name: str) -> Client:
    client = Client()
    with company.inside():
        sign_in(client, company.member(name))
    return client


def tried(company: Company, title: str, **extra: str) -> str:
    """What the tester on the rules page says."""
    words = Keywords()
    lists = {name: "\n".join(getattr(words, name)) for name in ("away", "holiday", "not_away", "lunch")}
    body = {**lists, "title": title, **extra}
    answer = browser(company, "ada").post("/organization/rules/try", body, headers={"HX-Request": "true"})
    return answer.content.decode()
