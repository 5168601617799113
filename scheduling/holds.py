"""Focus time and lunch holds: what a member's week has room for, and the fewest changes that get there.

Focus holds are derived from the free time that the plan leaves, lunches come from the engine (H1, H3, H4, H8, H10).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from scheduling.days import WEEK, WorkDay, focus_goal, work_days
from scheduling.facts import ExistingHold, Facts, Person
from scheduling.hours import local_date
from scheduling.intervals import MINUTE, Interval, clip, inside, overlap, subtract
from scheduling.models import Hold, HoldChange
from scheduling.problem import STEP, Horizon, settled_lunch

BLOCK_MIN = timedelta(minutes=60)
BLOCK = timedelta(minutes=120)
BLOCK_MAX = timedelta(minutes=180)
# H3: above this goal, short blocks come only after this much is placed.
SHORT_BLOCKS_UP_TO = timedelta(hours=10)
# Any instant on the grid: time zones differ from UTC by whole quarters of an hour.
_GRID_ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PlannedHold:
    """A change of a member's holds. `hold`: the one that moves or goes, None for a new one."""

    member_id: UUID
    kind: str
    action: str
    start: datetime
    end: datetime
    date: date
    hold: ExistingHold | None = None

    @property
    def interval(self) -> Interval:
        return self.start, self.end


@dataclass(frozen=True)
class Week:
    """One person's week as focus holds see it.

    days: those that the plan may touch. busy: everything that takes the person's time, lunches too.
    released: dates on which the person has deleted a focus hold. before: minutes held that no plan touches.
    """

    days: Sequence[WorkDay]
    busy: Sequence[Interval]
    goal: timedelta
    side: str = "any"
    not_before: datetime | None = None
    released: frozenset[date] = frozenset()
    held: timedelta = field(default_factory=timedelta)


def plan(
    person: Person, facts: Facts, horizon: Horizon, *, busy: Sequence[Interval], lunches: Sequence[Interval]
) -> list[PlannedHold]:
    """A person's hold changes over the horizon, in the order of time.

    busy: the person's events at their final places. lunches: where the engine has put them.
    """
    last = _last_known(person, horizon)
    days = work_days(person, horizon.day, last)
    own = [hold for hold in facts.holds if hold.member_id == person.member_id and hold.date < last]
    placed = list(_lunches(person, facts, days, own, busy, lunches))
    wanted = [*placed]
    taken = [*busy, *(hold.interval for hold in wanted)]
    for week in range(horizon.weeks):
        monday = horizon.monday + week * WEEK
        in_week = [hold for hold in own if monday <= hold.date < monday + WEEK and hold.kind == Hold.Kind.FOCUS]
        wanted += _focus(person, facts, horizon, monday, in_week, taken)
    changes = [*_differences(person, own, wanted, facts, horizon)]
    return sorted(changes, key=lambda change: (change.start, change.kind, change.action))


def _last_known(person: Person, horizon: Horizon) -> date:
    """The first date of the horizon of which the person's calendar may tell nothing: no hold goes there."""
    return min(horizon.end, local_date(person.synced_until, person.hours.zone))


@dataclass(frozen=True)
class _Wanted:
    kind: str
    start: datetime
    end: datetime
    date: date

    @property
    def interval(self) -> Interval:
        return self.start, self.end


def focus_blocks(week: Week, kept: Iterable[Interval] = ()) -> list[Interval]:
    """The blocks that reach the week's goal, `kept` first, and stop at the one that does.

    Of the rest, stretches of two hours and more come before shorter ones, days with less focus time before others.
    """
    blocks: list[Interval] = []
    held = week.held
    for block in sorted(kept):
        if held < week.goal:
            blocks.append(block)
            held += block[1] - block[0]
    while held < week.goal:
        found = _next_block(week, blocks, held)
        if found is None:
            break
        blocks.append(found)
        held += found[1] - found[0]
    return sorted(blocks)


def fits(block: Interval, week: Week) -> bool:
    """Whether a hold may stay where it is."""
    day = next((day for day in week.days if inside(block, day.working)), None)
    free = day is not None and day.date not in week.released
    return free and block[1] - block[0] >= BLOCK_MIN and not any(overlap(block, taken) for taken in week.busy)


def _next_block(week: Week, blocks: Sequence[Interval], held: timedelta) -> Interval | None:
    shortest = BLOCK_MIN if week.goal <= SHORT_BLOCKS_UP_TO or held >= SHORT_BLOCKS_UP_TO else BLOCK
    found = [
        (_rank(week, day, stretch, blocks), _cut(stretch, week, held))
        for day in week.days
        if day.date not in week.released
        for stretch in _stretches(day, week, blocks)
        if stretch[1] - stretch[0] >= shortest
    ]
    return min(found)[1] if found else None


def _rank(
    week: Week, day: WorkDay, stretch: Interval, blocks: Sequence[Interval]
) -> tuple[bool, timedelta, bool, timedelta, datetime]:
    length = stretch[1] - stretch[0]
    on_day = sum((end - start for start, end in blocks if day.span[0] <= start < day.span[1]), timedelta())
    middle = stretch[0] + length / 2
    wrong_side = (week.side == "morning" and middle > day.noon) or (week.side == "afternoon" and middle < day.noon)
    return length < BLOCK, on_day, wrong_side, -min(length, BLOCK_MAX), stretch[0]


def _stretches(day: WorkDay, week: Week, blocks: Sequence[Interval]) -> Iterator[Interval]:
    """Free stretches on the grid, from the first instant that may still be planned."""
    for free in subtract(day.working, [*week.busy, *blocks]):
        open_part = clip(free, week.not_before, free[1]) if week.not_before else free
        if open_part is None:
            continue
        start, end = _up(open_part[0]), _down(open_part[1])
        if start < end:
            yield start, end


def _cut(stretch: Interval, week: Week, held: timedelta) -> Interval:
    """As much of a stretch as a block may have and the goal still asks for."""
    length = min(stretch[1] - stretch[0], BLOCK_MAX, max(_up_length(week.goal - held), BLOCK))
    if week.side == "afternoon":
        return stretch[1] - length, stretch[1]
    return stretch[0], stretch[0] + length


def _focus(
    person: Person,
    facts: Facts,
    horizon: Horizon,
    monday: date,
    own: Sequence[ExistingHold],
    taken: Sequence[Interval],
) -> list[_Wanted]:
    settled = [hold for hold in own if _is_settled(hold, facts, horizon)]
    busy = [*taken, *(hold.interval for hold in settled)]
    days = work_days(person, max(horizon.day, monday), min(monday + WEEK, _last_known(person, horizon)))
    week = Week(
        days=days,
        busy=busy,
        goal=timedelta(minutes=focus_goal(person, monday)),
        side=person.focus_side,
        not_before=facts.at,
        released=frozenset(hold.date for hold in own if hold.state == Hold.State.RELEASED),
        held=sum((hold.end - hold.start for hold in settled), timedelta()),
    )
    kept = [hold.interval for hold in own if hold not in settled and hold.is_placed and fits(hold.interval, week)]
    zone = person.hours.zone
    return [_Wanted(Hold.Kind.FOCUS, start, end, local_date(start, zone)) for start, end in focus_blocks(week, kept)]


def _is_settled(hold: ExistingHold, facts: Facts, horizon: Horizon) -> bool:
    """Nothing changes it any more: the person's own, begun, or before the planned days."""
    if hold.state == Hold.State.PINNED:
        return True
    return hold.is_placed and (hold.start <= facts.at or hold.date < horizon.day)


def _lunches(
    person: Person,
    facts: Facts,
    days: Sequence[WorkDay],
    own: Sequence[ExistingHold],
    busy: Sequence[Interval],
    lunches: Sequence[Interval],
) -> Iterator[_Wanted]:
    """One a day: the settled one, else the one in the calendar where it costs nothing, else the engine's.

    None over focus time that has begun: that stays.
    """
    begun = [hold for hold in own if hold.kind == Hold.Kind.FOCUS and hold.is_placed and hold.start <= facts.at]
    for day in days:
        settled = settled_lunch(person, day, facts)
        if settled is not None:
            if settled.is_placed:
                yield _Wanted(Hold.Kind.LUNCH, settled.start, settled.end, day.date)
            continue
        lunch = next((lunch for lunch in lunches if overlap(lunch, day.span)), None)
        if lunch is not None and not any(overlap(lunch, hold.interval) for hold in begun):
            start, end = _keep_if_as_good(lunch, day, own, busy)
            yield _Wanted(Hold.Kind.LUNCH, start, end, day.date)


def _keep_if_as_good(lunch: Interval, day: WorkDay, own: Sequence[ExistingHold], busy: Sequence[Interval]) -> Interval:
    for hold in own:
        if hold.kind != Hold.Kind.LUNCH or hold.date != day.date or not hold.is_placed:
            continue
        as_long = hold.end - hold.start == lunch[1] - lunch[0]
        free = not any(overlap(hold.interval, taken) for taken in busy)
        fits_in = day.lunch is not None and inside(hold.interval, [day.lunch]) and as_long and free
        if fits_in and _focus_value(day, [*busy, hold.interval]) >= _focus_value(day, [*busy, lunch]):
            return hold.interval
    return lunch


def _focus_value(day: WorkDay, busy: Sequence[Interval]) -> float:
    """Minutes of focus time on the day, those of stretches shorter than a block at half."""
    lengths = [end - start for start, end in subtract(day.working, busy)]
    return sum(length / MINUTE * (1 if length >= BLOCK else 0.5) for length in lengths if length >= BLOCK_MIN)


def _differences(
    person: Person, own: Sequence[ExistingHold], wanted: Sequence[_Wanted], facts: Facts, horizon: Horizon
) -> Iterator[PlannedHold]:
    """From the holds there are to those wanted: unchanged ones first, then moves, what is left comes or goes."""
    for kind in (Hold.Kind.LUNCH, Hold.Kind.FOCUS):
        there = [h for h in own if h.kind == kind and h.is_placed and not _is_settled(h, facts, horizon)]
        missing = [w for w in wanted if w.kind == kind and not any(h.interval == w.interval for h in own if h in there)]
        kept = {w.interval for w in wanted if w.kind == kind}
        left = [hold for hold in there if hold.interval not in kept]
        missing = [w for w in missing if not _is_settled_place(w, own, facts, horizon)]
        yield from _pair(person, kind, left, missing)


def _is_settled_place(wanted: _Wanted, own: Sequence[ExistingHold], facts: Facts, horizon: Horizon) -> bool:
    return any(hold.interval == wanted.interval and _is_settled(hold, facts, horizon) for hold in own)


def _pair(person: Person, kind: str, left: Sequence[ExistingHold], missing: Sequence[_Wanted]) -> Iterator[PlannedHold]:
    """Holds that must leave take the nearest new places of their day, then of their week."""
    places = list(missing)
    gone: list[ExistingHold] = []
    for hold in left:
        same_week = [w for w in places if _week(w.date) == _week(hold.date)]
        if kind == Hold.Kind.LUNCH:
            same_week = [w for w in same_week if w.date == hold.date]
        if not same_week:
            gone.append(hold)
            continue
        place = min(same_week, key=lambda w: (w.date != hold.date, abs(w.start - hold.start), w.start))
        places.remove(place)
        yield PlannedHold(person.member_id, kind, HoldChange.Action.MOVE, place.start, place.end, place.date, hold)
    for hold in gone:
        yield PlannedHold(person.member_id, kind, HoldChange.Action.DELETE, hold.start, hold.end, hold.date, hold)
    for place in places:
        yield PlannedHold(person.member_id, kind, HoldChange.Action.CREATE, place.start, place.end, place.date)


def _week(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def _up(at: datetime) -> datetime:
    return at + (-(at - _GRID_ORIGIN)) % STEP


def _down(at: datetime) -> datetime:
    return at - (at - _GRID_ORIGIN) % STEP


def _up_length(length: timedelta) -> timedelta:
    return length + (-length) % STEP
