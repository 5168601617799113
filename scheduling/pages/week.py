"""Builds the dashboard's page from what workers have put into the database. Nothing is computed that they could do."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse

from calendars.models import Event
from clockwise import clock
from clockwise.organizations import members
from clockwise.organizations.models import Member
from scheduling import flexibility, recognition
from scheduling.hours import instant, local_date, monday_of, zone_of
from scheduling.models import Hold, HoldChange, Move
from scheduling.pages.kinds import HOLD_KINDS, kind_of, title_of
from scheduling.pages.member import primary_calendar, zone_label, zone_of_member
from scheduling.pages.proposal import Shown, shown_proposal
from scheduling.pages.stats import stats, week_figures
from scheduling.pages.sync import sync_state
from scheduling.recognition import is_away
from scheduling.week import AllDay, Block, Day, Ghost, Kind, View, WeekPage, lay_out

WORKDAYS = 5
WEEKDAYS = 7


@dataclass(frozen=True)
class Placed:
    """Something on the viewer's week at the place that the chosen view shows."""

    block: Block
    ghost: Ghost | None = None


def week_page(
    member: Member, *, week: date | None = None, view: View | None = None, selected: date | None = None
) -> WeekPage:
    """`week`: any day of it, this week by default; `view`: the changes while there are any to decide about."""
    now = clock.now()
    zone = zone_of_member(member)
    today = local_date(now, zone)
    monday = monday_of(week or selected or today)
    start, end = instant(monday, 0, zone), instant(monday + timedelta(days=WEEKDAYS), 0, zone)
    events = _events(member, start, end)
    shown = shown_proposal(member, now=now, zone=zone, week=monday)
    proposes = shown is not None and shown.card.status == "open" and shown.card.has_changes
    chosen: View = (view or "changes") if proposes else "now"
    placed = list(_placed(member, events, shown if chosen != "now" else None, zone, ghosts=chosen == "changes"))
    all_day = _all_day(events, zone)
    columns = WEEKDAYS if _has_weekend(placed, all_day, monday) else WORKDAYS
    days = _days(monday, columns, placed, all_day, today=today, selected=selected)
    figures = week_figures(
        member, start, end, (monday, monday + timedelta(days=WEEKDAYS)), shown.moved_times if shown and proposes else {}
    )
    focus = figures.focus_now if chosen == "now" else figures.focus_proposed
    days = tuple(replace(day, focus_minutes=focus.get(day.date, 0)) for day in days)
    hours, laid_out = lay_out(days, now.astimezone(zone))
    return WeekPage(
        week=monday,
        today=today,
        zone=zone.key,
        zone_label=zone_label(start, zone),
        hours=hours,
        days=laid_out,
        sync=sync_state(member, primary_calendar(member), now=now),
        stats=stats(figures),
        view=chosen,
        proposal=shown.card if shown else None,
    )


def _events(member: Member, start: datetime, end: datetime) -> list[Event]:
    """The viewer's own, without what they declined."""
    rows = Event.objects.filter(member=member, start__lt=end, end__gt=start)
    kept = rows.exclude(response=Event.Response.DECLINED)
    return list(kept.select_related("calendar").order_by("start", "id"))


def _placed(
    member: Member, events: list[Event], shown: Shown | None, zone: ZoneInfo, *, ghosts: bool
) -> Iterable[Placed]:
    """Each timed event where the view has it, then the holds that only the proposal knows."""
    known = Hold.objects.filter(member=member, google_id__in=[event.google_id for event in events])
    holds = {hold.google_id: hold for hold in known}
    flexible = flexibility.covered(events)
    domains, words = members.domains(), recognition.reader()
    moves = {bytes(move.event.meeting_index): move for move in (shown.moves if shown else ())}
    changes = {change.hold_id: change for change in (shown.hold_changes if shown else ()) if change.hold_id}
    for event in events:
        if event.is_all_day:
            continue
        hold = holds.get(event.google_id)
        kind = kind_of(event, hold=hold, is_flexible=event.pk in flexible, domains=domains, words=words)
        block = Block(
            id=event.pk,
            title=title_of(event),
            kind=kind,
            start=event.start.astimezone(zone),
            end=event.end.astimezone(zone),
            people_count=max(1, event.attendee_count),
            url=reverse("event", args=[event.pk]),
        )
        change = changes.get(hold.pk) if hold else moves.get(bytes(event.meeting_index))
        yield from _changed(block, change, zone, ghosts=ghosts)
    for change in shown.hold_changes if shown else ():
        if change.action == HoldChange.Action.CREATE:
            yield Placed(_new_hold(change, zone))


def _changed(block: Block, change: Move | HoldChange | None, zone: ZoneInfo, *, ghosts: bool) -> Iterable[Placed]:
    if change is None:
        yield Placed(block)
        return
    ghost = Ghost(title=block.title, start=block.start, end=block.end, change=str(change.pk)) if ghosts else None
    moved = replace(
        block, start=change.start.astimezone(zone), end=change.end.astimezone(zone), mark="moved", change=str(change.pk)
    )
    if isinstance(change, HoldChange) and change.action == HoldChange.Action.DELETE:
        if ghost:
            yield Placed(replace(moved, start=block.start, end=block.end, mark=""), None)
        return
    yield Placed(moved, ghost)


def _new_hold(change: HoldChange, zone: ZoneInfo) -> Block:
    return Block(
        id=change.pk,
        title=change.get_kind_display(),
        kind=HOLD_KINDS[change.kind],
        start=change.start.astimezone(zone),
        end=change.end.astimezone(zone),
        mark="new",
        change=str(change.pk),
    )


def _all_day(events: list[Event], zone: ZoneInfo) -> dict[date, list[AllDay]]:
    found: dict[date, list[AllDay]] = defaultdict(list)
    words = recognition.reader()
    for event in events:
        lasts_a_day = event.end - event.start >= timedelta(hours=23)
        if not (event.is_all_day or (event.event_type == "outOfOffice" and lasts_a_day)):
            continue
        # Whole days are those of their calendar, wherever its person looks from.
        there = zone_of(event.calendar.time_zone) if event.is_all_day else zone
        day = local_date(event.start, there)
        while day <= local_date(event.end - timedelta(minutes=1), there):
            kind: Kind = "ooo" if is_away(event, words) else "other"
            found[day].append(AllDay(title_of(event), kind, reverse("event", args=[event.pk])))
            day += timedelta(days=1)
    return found


def _has_weekend(placed: list[Placed], all_day: dict[date, list[AllDay]], monday: date) -> bool:
    saturday = monday + timedelta(days=WORKDAYS)
    timed = any(saturday <= item.block.start.date() < monday + timedelta(days=WEEKDAYS) for item in placed)
    return timed or any(saturday <= day < monday + timedelta(days=WEEKDAYS) for day in all_day)


def _days(
    monday: date,
    columns: int,
    placed: list[Placed],
    all_day: dict[date, list[AllDay]],
    *,
    today: date,
    selected: date | None,
) -> tuple[Day, ...]:
    dates = [monday + timedelta(days=n) for n in range(columns)]
    on = next((day for day in (selected, today) if day in dates), monday)
    return tuple(
        Day(
            date=day,
            is_today=day == today,
            is_selected=day == on,
            all_day=tuple(all_day.get(day, ())),
            blocks=tuple(item.block for item in placed if _lies_on(item.block, day) and not _is_whole_day(item.block)),
            ghosts=tuple(item.ghost for item in placed if item.ghost and _lies_on(item.ghost, day)),
        )
        for day in dates
    )


def _lies_on(item: Block | Ghost, day: date) -> bool:
    return item.start.date() <= day <= item.end.date()


def _is_whole_day(block: Block) -> bool:
    """Shown in the row above the grid instead."""
    return block.kind == "ooo" and block.end - block.start >= timedelta(hours=23)
