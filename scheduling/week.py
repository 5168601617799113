"""What the week page shows, as plain data: worked out before a template sees it, so templates decide nothing.

Nothing here knows models or Django. Datetimes are aware and already in the member's time zone;
texts are already what this viewer may see. `lay_out` turns days into a grid.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from scheduling import layout

Kind = Literal["meeting", "oneone", "external", "flex", "focus", "lunch", "hold", "other", "ooo"]
Mark = Literal["", "moved", "new"]
View = Literal["now", "changes", "after"]
ChangeState = Literal["proposed", "waiting", "written", "failed", "stale", "left_out", "undoing", "undone"]
ProposalStatus = Literal["running", "open", "applying", "applied", "undone", "stale", "dismissed", "failed"]
Sync = Literal["not_connected", "first", "running", "done", "failing", "lost"]
Tone = Literal["good", "warn", "plain"]


@dataclass(frozen=True)
class KindLook:
    """How a kind is told apart without its colour: a word for listeners, an icon for readers."""

    label: str
    icon: str


KINDS: dict[Kind, KindLook] = {
    "meeting": KindLook("Meeting", "users"),
    "oneone": KindLook("One-on-one", "user-round"),
    "external": KindLook("External meeting", "globe"),
    "flex": KindLook("Flexible meeting", "sparkles"),
    "focus": KindLook("Focus time", "headphones"),
    "lunch": KindLook("Lunch", "utensils"),
    "hold": KindLook("Hold", "shield"),
    "other": KindLook("Appointment", "calendar"),
    "ooo": KindLook("Out of office", "tree-palm"),
}


@dataclass(frozen=True, kw_only=True)
class Block:
    """One event or hold on a day; `classes` is filled in by `lay_out`.

    url: page of the event, "" where Google has no such event yet (a proposed hold).
    change: id of the `ChangeRow` it belongs to, "" if none.
    """

    id: UUID
    title: str
    kind: Kind
    start: datetime
    end: datetime
    people_count: int = 1
    url: str = ""
    mark: Mark = ""
    change: str = ""
    classes: str = ""

    @property
    def look(self) -> KindLook:
        return KINDS[self.kind]

    @property
    def from_label(self) -> str:
        return clock(self.start)

    @property
    def to_label(self) -> str:
        return clock(self.end)


@dataclass(frozen=True, kw_only=True)
class Ghost:
    """The place that something leaves, in the view of changes."""

    title: str
    start: datetime
    end: datetime
    change: str = ""
    classes: str = ""


@dataclass(frozen=True)
class AllDay:
    """An event of whole days, in the row above the grid."""

    title: str
    kind: Kind
    url: str = ""

    @property
    def look(self) -> KindLook:
        return KINDS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Day:
    """One column of the week; `now_class` is filled in by `lay_out`."""

    date: date
    is_today: bool = False
    is_selected: bool = False
    focus_minutes: int = 0
    all_day: tuple[AllDay, ...] = ()
    blocks: tuple[Block, ...] = ()
    ghosts: tuple[Ghost, ...] = ()
    now_class: str = ""

    @property
    def short(self) -> str:
        return f"{self.date:%a}"

    @property
    def long(self) -> str:
        return f"{self.date:%A} {self.date.day} {self.date:%B}"


@dataclass(frozen=True, kw_only=True)
class Stats:
    """The viewer's week in numbers. Deltas are what the shown proposal would add to them, 0 without one."""

    focus_minutes: int
    focus_goal_minutes: int
    meeting_minutes: int
    meetings: int
    fragmented_minutes: int
    conflicts: int
    lunches: int
    lunch_days: int
    focus_delta: int = 0
    fragmented_delta: int = 0
    conflicts_delta: int = 0
    lunches_delta: int = 0

    @property
    def focus_percent(self) -> int:
        """Of the goal, for the bar; 100 where there is no goal to miss."""
        return self._percent(self.focus_minutes)

    @property
    def gain_percent(self) -> int:
        """How much further the proposal would fill the bar."""
        return max(0, self._percent(self.focus_minutes + self.focus_delta) - self.focus_percent)

    @property
    def goal_met(self) -> bool:
        return self.focus_minutes >= self.focus_goal_minutes

    def _percent(self, minutes: int) -> int:
        return min(100, minutes * 100 // self.focus_goal_minutes) if self.focus_goal_minutes else 100


@dataclass(frozen=True)
class PersonGain:
    """One person's part of a change, in person-minutes of the objective."""

    name: str
    minutes: int


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """A move, or the change of a hold, as a line of the proposal.

    old_label: "Tue 11:00", "" for a new hold; new_label: "" for a hold that goes.
    tag: the gain in a few words ("+45 min focus"); focus_minutes, conflicts: the same for adding up.
    decider: who decides where the viewer may not. week: the Monday of the week in which it lies.
    """

    id: UUID
    title: str
    kind: Kind
    week: date
    old_label: str
    new_label: str
    reason: str
    tag: str = ""
    tone: Tone = "good"
    focus_minutes: int = 0
    conflicts: int = 0
    by_person: tuple[PersonGain, ...] = ()
    may_decide: bool = True
    decider: str = ""
    checked: bool = True
    state: ChangeState = "proposed"
    failure: str = ""
    can_undo: bool = False

    @property
    def look(self) -> KindLook:
        return KINDS[self.kind]


@dataclass(frozen=True)
class StayRow:
    """A flexible meeting that stays where it is, and why."""

    title: str
    reason: str


# What a week shows of its moves before the rest is folded away.
FIRST_MOVES = 6


@dataclass(frozen=True)
class WeekOfMoves:
    """The moves of one week; `is_open`: those of the week that the page shows."""

    monday: date
    rows: tuple[ChangeRow, ...]
    is_open: bool

    @property
    def label(self) -> str:
        return f"Week of {self.monday.day} {self.monday:%B}"

    @property
    def first(self) -> tuple[ChangeRow, ...]:
        return self.rows[:FIRST_MOVES]

    @property
    def rest(self) -> tuple[ChangeRow, ...]:
        return self.rows[FIRST_MOVES:]


@dataclass(frozen=True)
class Everybody:
    """What the whole proposal holds, for administrators, who may decide all of it."""

    moves: int
    holds: int
    people: int
    can_undo: bool = False


@dataclass(frozen=True, kw_only=True)
class ProposalCard:
    """A proposal in the rail.

    gain_minutes: focus time gained by all whom it affects, in person-minutes.
    bound: what the proof says, e.g. "Proven: no better plan exists" or "At most 4 % better is possible".
    rules: the rules it keeps, each a short sentence. can_undo: the whole of it can be taken back.
    left_out: what the run could not do, a sentence or nothing.
    progress: percent of the run or of the writes done, None if unknown.
    week: the Monday of the week that the page shows. everybody: None for those who decide only for themselves.
    """

    id: UUID
    status: ProposalStatus
    week: date | None = None
    gain_minutes: int = 0
    conflicts_solved: int = 0
    people_affected: int = 0
    moves: tuple[ChangeRow, ...] = ()
    hold_changes: tuple[ChangeRow, ...] = ()
    stays: tuple[StayRow, ...] = ()
    rules: tuple[str, ...] = ()
    bound: str = ""
    problem: str = ""
    left_out: str = ""
    progress: int | None = None
    can_undo: bool = False
    everybody: Everybody | None = None

    @property
    def move_weeks(self) -> tuple[WeekOfMoves, ...]:
        """The moves by week; only the shown week's are open, or those of the only week."""
        mondays = sorted({row.week for row in self.moves})
        return tuple(
            WeekOfMoves(
                monday,
                tuple(row for row in self.moves if row.week == monday),
                is_open=monday == self.week or len(mondays) == 1,
            )
            for monday in mondays
        )

    @property
    def has_changes(self) -> bool:
        return bool(self.moves or self.hold_changes)

    @property
    def is_busy(self) -> bool:
        return self.status in ("running", "applying")

    @property
    def decidable(self) -> int:
        """How many changes the accept button would take."""
        return sum(row.may_decide and row.checked for row in (*self.moves, *self.hold_changes))

    @property
    def failed(self) -> tuple[ChangeRow, ...]:
        return tuple(row for row in (*self.moves, *self.hold_changes) if row.state == "failed")


@dataclass(frozen=True, kw_only=True)
class SyncState:
    """Where the connection to Google stands.

    state: `first` is the first sync, `running` a later one, `failing` an error that will be tried
    again, `lost` one that needs the member. finished_label: "2 minutes ago". problem: one sentence.
    set_aside: events that can't be read.
    """

    state: Sync
    finished_label: str = ""
    progress: int | None = None
    problem: str = ""
    set_aside: int = 0

    @property
    def is_busy(self) -> bool:
        return self.state in ("first", "running")


@dataclass(frozen=True)
class Toast:
    """What just happened; undo_url takes it back by POST."""

    text: str
    undo_url: str = ""


@dataclass(frozen=True)
class MonthDay:
    number: int
    in_month: bool
    is_today: bool


@dataclass(frozen=True)
class MonthWeek:
    """One line of the small month, a link to its week."""

    monday: date
    days: tuple[MonthDay, ...]
    is_current: bool

    @property
    def label(self) -> str:
        return f"Week of {self.monday.day} {self.monday:%B %Y}"


@dataclass(frozen=True, kw_only=True)
class WeekPage:
    """The dashboard. `week` is a Monday; `hours` and the classes in `days` come from `lay_out`.

    zone: IANA name, zone_label: what people read ("GMT+1").
    """

    week: date
    today: date
    zone: str
    zone_label: str
    hours: range
    days: tuple[Day, ...]
    sync: SyncState
    stats: Stats | None = None
    view: View = "now"
    proposal: ProposalCard | None = None
    toast: Toast | None = None

    @property
    def heading(self) -> str:
        """ "23 - 27 Nov 2026", with a dash; months and years only where they differ."""
        first, last = self.days[0].date, self.days[-1].date
        year = f" {first.year}" if first.year != last.year else ""
        month = f" {first:%b}{year}" if (first.year, first.month) != (last.year, last.month) else ""
        return f"{first.day}{month} \N{EN DASH} {last.day} {last:%b %Y}"

    @property
    def label(self) -> str:
        return f"Week of {self.week.day} {self.week:%B %Y}"

    @property
    def previous_week(self) -> date:
        return self.week - timedelta(days=7)

    @property
    def next_week(self) -> date:
        return self.week + timedelta(days=7)

    @property
    def is_this_week(self) -> bool:
        return self.week <= self.today < self.next_week

    @property
    def is_empty(self) -> bool:
        return not any(day.blocks or day.all_day for day in self.days)

    @property
    def has_all_day(self) -> bool:
        return any(day.all_day for day in self.days)

    @property
    def is_busy(self) -> bool:
        """Something is under way that will change the page: it asks again by itself."""
        return self.sync.is_busy or bool(self.proposal and self.proposal.is_busy)

    @property
    def shows_changes(self) -> bool:
        return bool(self.proposal and self.proposal.status == "open" and self.proposal.has_changes)

    @property
    def month(self) -> tuple[MonthWeek, ...]:
        return month_of(self.week, self.today)

    @property
    def month_label(self) -> str:
        return f"{self.week:%B %Y}"


@dataclass(frozen=True)
class Guest:
    """One attendee. `response` in words: "accepted", "declined", "maybe", "no answer"; `photo`: whose to show."""

    name: str
    response: str
    is_organizer: bool = False
    photo: UUID | None = None
    initials: str = ""


@dataclass(frozen=True)
class Flexibility:
    """Where a flexible meeting may move: range and, if narrowed, "13:00" to "16:00"."""

    range: Literal["day", "week"] = "week"
    window_start: str = ""
    window_end: str = ""

    @property
    def label(self) -> str:
        within = "on its day" if self.range == "day" else "within its week"
        between = f", between {self.window_start} and {self.window_end}" if self.window_start else ""
        return f"Clockwise may move this {within}{between}."


@dataclass(frozen=True, kw_only=True)
class EventSheet:
    """One event as its dialog or page shows it.

    status: "Flexible", "Fixed", "Frozen"; why: why it did or didn't move.
    flexibility: what the form starts with; is_flexible: whether that is in force.
    refusal: why the viewer may not change it, "" where they may. error: what was wrong with the form.
    """

    id: UUID
    title: str
    kind: Kind
    when: str
    zone_label: str
    week: date
    status: str
    why: str = ""
    where: str = ""
    guests: tuple[Guest, ...] = ()
    more_guests: int = 0
    is_flexible: bool = False
    is_recurring: bool = False
    flexibility: Flexibility = Flexibility()
    refusal: str = ""
    error: str = ""

    @property
    def look(self) -> KindLook:
        return KINDS[self.kind]


def lay_out(days: Sequence[Day], now: datetime) -> tuple[range, tuple[Day, ...]]:
    """The hours to show, and the days with a place for each block, ghost and the line of `now` (local)."""
    hours = layout.hours(span for day in days for span in _spans(day, (*day.blocks, *day.ghosts)))
    return hours, tuple(_placed(day, hours, now) for day in days)


def month_of(week: date, today: date) -> tuple[MonthWeek, ...]:
    """The weeks that hold the days of the month in which `week`, a Monday, lies."""
    first = week.replace(day=1)
    monday = first - timedelta(days=first.weekday())
    weeks = []
    while monday <= week or monday.month == week.month:
        days = [monday + timedelta(days=n) for n in range(7)]
        cells = tuple(MonthDay(day.day, day.month == week.month, day == today) for day in days)
        weeks.append(MonthWeek(monday, cells, monday == week))
        monday += timedelta(days=7)
    return tuple(weeks)


def clock(at: datetime) -> str:
    """A time of day as the grid writes it: "9:05"."""
    return f"{at.hour}:{at.minute:02d}"


def clock_minutes(minute: int | None) -> str:
    """A minute of the day as a time field takes it: "09:05"; "" for none."""
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def _spans(day: Day, items: Iterable[Block | Ghost]) -> list[layout.Span]:
    return [span for item in items if (span := layout.clip(item.start, item.end, day.date))]


def _placed(day: Day, hours: range, now: datetime) -> Day:
    blocks = [block for block in day.blocks if layout.clip(block.start, block.end, day.date)]
    ghosts = [ghost for ghost in day.ghosts if layout.clip(ghost.start, ghost.end, day.date)]
    classes = layout.place(_spans(day, blocks), hours.start)
    ghost_classes = [layout.place_alone(span, hours.start) for span in _spans(day, ghosts)]
    return replace(
        day,
        blocks=tuple(replace(block, classes=c) for block, c in zip(blocks, classes, strict=True)),
        ghosts=tuple(replace(ghost, classes=c) for ghost, c in zip(ghosts, ghost_classes, strict=True)),
        now_class=_now_class(day, hours, now),
    )


def _now_class(day: Day, hours: range, now: datetime) -> str:
    """Row of the present minute; "" on other days and outside the hours shown."""
    if not day.is_today or now.hour not in hours:
        return ""
    return f"gr-{((now.hour - hours.start) * 60 + now.minute) // layout.ROW_MINUTES + 1}"
