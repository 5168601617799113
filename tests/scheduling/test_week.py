"""The week page's view data, and what its templates make of it."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from clockwise.organizations.viewer import Viewer
from scheduling import week

MONDAY = date(2026, 11, 23)
EVENT = UUID(int=7)
MOVE = UUID(int=8)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23 + day, hour, minute, tzinfo=UTC)


def block(**changes: object) -> week.Block:
    plain = week.Block(
        id=EVENT, title="Roadmap", kind="flex", start=at(1, 9, 5), end=at(1, 10), url="/events/7/", people_count=3
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def page(*blocks: week.Block, **fields: object) -> week.WeekPage:
    days = [
        week.Day(
            date=MONDAY + timedelta(days=n),
            is_today=n == 1,
            is_selected=n == 1,
            blocks=tuple(b for b in blocks if b.start.date() == MONDAY + timedelta(days=n)),
        )
        for n in range(5)
    ]
    hours, laid_out = week.lay_out(days, at(1, 10, 52))
    plain = week.WeekPage(
        week=MONDAY,
        today=MONDAY + timedelta(days=1),
        zone="UTC",
        zone_label="UTC",
        hours=hours,
        days=laid_out,
        sync=week.SyncState(state="done", finished_label="just now"),
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def proposal(**fields: object) -> week.ProposalCard:
    move = week.ChangeRow(
        id=MOVE,
        title="Roadmap",
        kind="flex",
        week=MONDAY,
        old_label="Tue 9:05",
        new_label="Tue 8:00",
        reason="Joins the others.",
    )
    return replace(week.ProposalCard(id=UUID(int=9), status="open", moves=(move,)), **fields)  # type: ignore[arg-type]


def rendered(shown: week.WeekPage, template: str = "scheduling/dashboard.html") -> str:
    request = RequestFactory().get("/")
    request.htmx = False  # type: ignore[attr-defined]
    return render_to_string(template, {"page": shown, "viewer": Viewer("Ada Lovelace", "Acme")}, request)


def test_a_week_inside_a_month_names_the_month_once() -> None:
    assert page().heading == "23 \N{EN DASH} 27 Nov 2026"


def test_a_week_over_two_months_names_both() -> None:
    assert page(days=(week.Day(date=date(2026, 11, 30)), week.Day(date=date(2026, 12, 4)))).heading == (
        "30 Nov \N{EN DASH} 4 Dec 2026"
    )


def test_a_week_over_two_years_names_both() -> None:
    assert page(days=(week.Day(date=date(2026, 12, 28)), week.Day(date=date(2027, 1, 1)))).heading == (
        "28 Dec 2026 \N{EN DASH} 1 Jan 2027"
    )


def test_the_small_month_starts_before_the_first_and_marks_the_week_shown() -> None:
    lines = week.month_of(MONDAY, MONDAY)

    assert lines[0].monday == date(2026, 10, 26)
    assert [line.monday for line in lines if line.is_current] == [MONDAY]
    assert lines[-1].monday == date(2026, 11, 30)


def test_the_small_month_of_a_week_that_begins_a_month_is_that_month() -> None:
    assert [line.monday.day for line in week.month_of(date(2027, 2, 1), MONDAY)] == [1, 8, 15, 22]


def test_the_line_of_now_lies_on_today_alone() -> None:
    assert [day.now_class for day in page().days] == ["", "gr-35", "", "", ""]


def test_a_bar_that_is_full_leaves_no_room_for_a_gain() -> None:
    stats = week.Stats(
        focus_minutes=600,
        focus_goal_minutes=600,
        focus_delta=60,
        meeting_minutes=0,
        meetings=0,
        fragmented_minutes=0,
        conflicts=0,
        lunches=0,
        lunch_days=0,
    )

    assert (stats.focus_percent, stats.gain_percent, stats.goal_met) == (100, 0, True)


def test_initials_are_those_of_the_first_and_the_last_name() -> None:
    assert Viewer("Ada King Lovelace", "Acme").initials == "AL"
    assert Viewer("", "Acme").initials == "?"


def test_the_name_of_an_events_link_says_title_kind_day_start_and_end() -> None:
    link = re.search(r'<li class="ev.*?</a>', rendered(page(block())), re.DOTALL)

    assert link
    seen = re.sub(r'<span class="when.*?</span></span>|<[^>]+>', "", link.group())
    assert "Roadmap, Flexible meeting, Tuesday 24 November, 9:05 to 10:00" in seen


def test_every_htmx_form_has_an_action_and_a_method_too() -> None:
    for status in ("open", "stale", "dismissed", "applied", "failed"):
        card = proposal(status=status, can_undo=True)
        forms = re.findall(r"<form[^>]*>", rendered(page(block(), proposal=card)))
        assert forms
        assert all('action="/' in form and 'method="post"' in form for form in forms)


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("not_connected", "Connect Google Calendar"),
        ("lost", "Reconnect"),
        ("failing", "keeps trying"),
        ("first", 'aria-valuenow="35"'),
    ],
)
def test_each_state_of_the_connection_says_what_to_do(state: week.Sync, shown: str) -> None:
    sync = week.SyncState(state=state, progress=35, problem="Access was revoked.")

    assert shown in rendered(page(block(), sync=sync))


def test_a_page_that_waits_for_something_asks_again_and_others_do_not() -> None:
    assert 'hx-trigger="every 2s"' in rendered(page(proposal=proposal(status="running")))
    assert 'hx-trigger="every 2s"' not in rendered(page(proposal=proposal()))


def test_a_move_that_is_somebody_elses_cannot_be_ticked() -> None:
    rows = (replace(proposal().moves[0], may_decide=False, decider="Ben"),)

    html = rendered(page(block(), proposal=proposal(moves=rows)))

    assert re.search(r'<input type="checkbox"[^>]* disabled', html)
    assert "Ben decides about this one." in html


def test_titles_are_escaped() -> None:
    html = rendered(page(block(title='<script>"x"</script>')))

    assert "<script>&quot;" not in html
    assert "&lt;script&gt;" in html


def test_an_empty_week_says_what_will_appear() -> None:
    assert "No events this week" in rendered(page())
    assert "No events this week" not in rendered(page(block()))


def test_moves_of_weeks_that_the_page_doesnt_show_are_folded() -> None:
    row = proposal().moves[0]
    rows = (*(replace(row, id=UUID(int=n)) for n in range(8)), replace(row, week=MONDAY + timedelta(weeks=1)))
    shown, other = proposal(week=MONDAY, moves=rows).move_weeks

    assert (shown.label, shown.is_open, len(shown.first), len(shown.rest)) == ("Week of 23 November", True, 6, 2)
    assert (other.label, other.is_open) == ("Week of 30 November", False)


def test_the_only_week_with_moves_is_open_whichever_is_shown() -> None:
    [only] = proposal(week=MONDAY + timedelta(weeks=1)).move_weeks

    assert only.is_open
