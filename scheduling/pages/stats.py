"""The strip of numbers over the week."""

from dataclasses import dataclass
from datetime import date, datetime

from clockwise.organizations.models import Member
from scheduling import facts, summary
from scheduling.summary import Figures, Moved
from scheduling.week import Stats


@dataclass(frozen=True)
class WeekFigures:
    """The viewer's week as it is, and as the shown proposal would make it."""

    now: Figures
    proposed: Figures
    focus_now: dict[date, int]
    focus_proposed: dict[date, int]


def week_figures(member: Member, start: datetime, end: datetime, days: tuple[date, date], moved: Moved) -> WeekFigures:
    """`days`: the local dates from the first to before the last. `moved`: the proposal's times by meeting."""
    known = facts.load(start, end, only=[member.pk])
    return WeekFigures(
        now=summary.of_people(known, [member.pk], start, end),
        proposed=summary.of_people(known, [member.pk], start, end, moved),
        focus_now=summary.focus_by_day(known, member.pk, *days),
        focus_proposed=summary.focus_by_day(known, member.pk, *days, moved),
    )


def stats(figures: WeekFigures) -> Stats:
    now, delta = figures.now, figures.proposed - figures.now
    return Stats(
        focus_minutes=now.focus_minutes,
        focus_goal_minutes=now.goal_minutes,
        meeting_minutes=now.meeting_minutes,
        meetings=now.meetings,
        fragmented_minutes=now.fragmented_minutes,
        conflicts=now.conflicts,
        lunches=now.lunches,
        lunch_days=now.lunch_days,
        focus_delta=delta.focus_minutes,
        fragmented_delta=delta.fragmented_minutes,
        conflicts_delta=delta.conflicts,
        lunches_delta=delta.lunches,
    )
