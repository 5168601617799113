"""The instance as arrays, built once: what never changes during a search, and what does.

Only *movable* events with another place to go to are events here; all others are baked into the free time that they
leave. A person's time line is cut into *cells*, one for each day and half of the nights beside it, so that a move
touches few of them; a room's into one for each day that matters. An event belongs to every cell that it overlaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scheduling.engine import places
from scheduling.engine.instance import SIDES, Event, Instance, Intervals, Person
from scheduling.engine.score import move_cost

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NOWHERE = -(2**30)  # the start of a meeting that is not placed yet
FOREVER = 2**30
UNLIMITED = 2**30
FAR = 2**40  # between two people's times, so that sorting by one key keeps them apart


class Model(NamedTuple):
    """What never changes. Events are the movable ones, by their number here; `x_off` holds the borders of ragged `x`.

    Times: int64 minutes since the origin. Resources are the people, then the rooms. Weeks are pairs (person, week).
    """

    step: int
    focus: float
    beyond: float
    side_bonus: float
    conflict: float
    room_conflict: float
    outside_hours: float
    people: int
    # cells
    cell_off: Ints  # [resources + 1]
    cell_end: Ints  # [cells]
    cell_person: Ints  # [cells], -1 for rooms
    cell_week: Ints  # [cells], -1 where no day is
    cell_noon: Ints
    cell_missed: Floats  # cost of no lunch; 0 where none is due
    free_off: Ints  # [cells + 1]
    free_start: Ints  # working time outside fixed events
    free_end: Ints
    lunch_off: Ints  # [cells + 1]
    lunch_start: Ints  # each lunch that no fixed event forbids
    lunch_end: Ints
    lunch_cost: Floats
    list_off: Ints  # [cells + 1]: room for the events of each cell
    # people and weeks
    focus_min: Ints  # [people]
    focus_block: Ints
    focus_side: Ints  # index into SIDES
    person_weeks: Ints  # [people + 1]: weeks of each person
    week_person: Ints  # [weeks]
    week_goal: Floats
    week_drop: Floats
    week_moves: Ints
    week_off: Ints  # [weeks + 1]
    week_cells: Ints
    # fixed events, by resource, sorted by start
    fixed_off: Ints  # [resources + 1]
    fixed_start: Ints
    fixed_end: Ints
    meeting_off: Ints  # [people + 1]
    meeting_start: Ints
    meeting_end: Ints
    # movable events
    duration: Ints  # [events]
    home: Ints  # today's start, NOWHERE for a meeting to be placed
    home_room: Ints  # -1: none
    home_cost: Floats  # of staying: outside meeting hours, over fixed events
    home_legal: npt.NDArray[np.bool_]  # today's start may be kept with another room
    move_cost: Floats
    person_off: Ints  # [events + 1]
    person: Ints
    person_week: Ints  # the week in which a move of this event counts for this person
    run_off: Ints  # [events + 1]
    run_start: Ints  # legal starts as runs on the grid
    run_count: Ints
    run_before: Ints  # starts of this event in earlier runs
    starts: Ints  # [events]
    room_off: Ints  # [events + 1]
    room: Ints  # choices, -1: none


class Arrays(NamedTuple):
    """The model, the instance's number of each of its events, and the score of what never changes."""

    model: Model
    events: Ints
    constant: float


def ragged(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Rows of different lengths one after the other: (off, values)."""
    off = _borders(np.fromiter(map(len, rows), np.int64, len(rows)))
    return off, np.fromiter(chain.from_iterable(rows), np.int64, int(off[-1]))


def build(instance: Instance) -> Arrays:
    """Arrays of the instance. An event that has nowhere else to go counts as fixed."""
    movable = np.array([event.movable is not None for event in instance.events], np.bool_)
    stays, hours = stays_of(instance), _pairs([person.meeting for person in instance.people])
    wishes = wishes_of(instance, np.flatnonzero(movable).astype(np.int64))
    while True:
        fixed = fixed_events(instance, stays, movable)
        found = legal_places(wishes, hours, fixed, instance.step)
        stuck = ~_has_choice(found, instance.step)
        if not stuck.any():
            constant = _constant(instance, stays, movable, hours, fixed)
            return Arrays(_assemble(instance, found, hours, fixed), found.wishes.events, constant)
        movable[wishes.events[stuck]] = False
        wishes = wishes.only(~stuck)


class Fixed(NamedTuple):
    """Fixed events by resource, sorted by start."""

    off: Ints
    start: Ints
    end: Ints


class Wishes(NamedTuple):
    """Some events, and where each may go as far as only itself counts; read from the instance once."""

    events: Ints
    duration: Ints
    home: Ints
    home_room: Ints
    window_off: Ints
    windows: Ints
    person_off: Ints
    person: Ints
    room_off: Ints
    room: Ints

    def only(self, keep: npt.NDArray[np.bool_]) -> Wishes:
        return Wishes(
            self.events[keep], self.duration[keep], self.home[keep], self.home_room[keep],
            *_rows_of(self.window_off, self.windows, keep),
            *_rows_of(self.person_off, self.person, keep),
            *_rows_of(self.room_off, self.room, keep),
        )  # fmt: skip


class Legal(NamedTuple):
    """Legal starts of the events of `wishes`, their rooms not considered."""

    wishes: Wishes
    run_off: Ints
    run_start: Ints
    run_count: Ints
    home_legal: npt.NDArray[np.bool_]


class Stays(NamedTuple):
    """Where and when each event is today: a row for each attendee, and one for its room; by resource and start."""

    event: Ints
    resource: Ints
    start: Ints
    end: Ints


def stays_of(instance: Instance) -> Stays:
    people = len(instance.people)
    off, resource = ragged(
        [
            event.attendees if event.room is None else (*event.attendees, people + event.room)
            for event in instance.events
        ]
    )
    event = np.repeat(np.arange(len(instance.events)), np.diff(off))
    home = np.array([_home(event) for event in instance.events], np.int64)
    start = home[event]
    end = start + np.array([event.duration for event in instance.events], np.int64)[event]
    order = np.lexsort((end, start, resource))
    order = order[start[order] != NOWHERE]
    return Stays(event[order], resource[order], start[order], end[order])


def fixed_events(instance: Instance, stays: Stays, movable: npt.NDArray[np.bool_]) -> Fixed:
    rows = np.flatnonzero(~movable[stays.event])
    count = np.bincount(stays.resource[rows], minlength=len(instance.people) + len(instance.rooms))
    return Fixed(_borders(count), stays.start[rows], stays.end[rows])


def wishes_of(instance: Instance, events: Ints) -> Wishes:
    chosen = [instance.events[number] for number in events.tolist()]
    windows, window_off = _pairs([_windows(event) for event in chosen])
    person_off, person = ragged([event.attendees for event in chosen])
    room_off, room = ragged([_room_choices(event) for event in chosen])
    return Wishes(
        events=events,
        duration=np.array([event.duration for event in chosen], np.int64),
        home=np.array([_home(event) for event in chosen], np.int64),
        home_room=np.array([_home_room(event) for event in chosen], np.int64),
        window_off=window_off, windows=windows,
        person_off=person_off, person=person,
        room_off=room_off, room=room,
    )  # fmt: skip


def legal_places(wishes: Wishes, hours: tuple[Ints, Ints], fixed: Fixed, step: int) -> Legal:
    """Where each event may start: inside a window, everyone's meeting hours, on the grid, over nothing fixed."""
    meeting, meeting_off = hours
    run_off, run_start, run_count, home_legal = places.legal_runs(
        wishes.duration, wishes.home, wishes.window_off, wishes.windows, wishes.person_off, wishes.person,
        meeting_off, meeting, *fixed, step,
    )  # fmt: skip
    return Legal(wishes, run_off, run_start, run_count, home_legal)


def _has_choice(legal: Legal, step: int) -> npt.NDArray[np.bool_]:
    """False for an event that could only stay; a meeting to be placed always has one."""
    home, rooms = legal.wishes.home, np.diff(legal.wishes.room_off)
    of_run = np.repeat(np.arange(home.size), np.diff(legal.run_off))
    offset = home[of_run] - legal.run_start
    on_run = (offset >= 0) & (offset % step == 0) & (offset // step < legal.run_count)
    starts = np.bincount(of_run, legal.run_count, home.size) - np.bincount(of_run, on_run, home.size)
    of_room = np.repeat(np.arange(home.size), rooms)
    others = np.bincount(of_room, legal.wishes.room != legal.wishes.home_room[of_room], home.size)
    return (home == NOWHERE) | ((starts > 0) & (rooms > 0)) | (legal.home_legal & (others > 0))


def _assemble(instance: Instance, legal: Legal, hours: tuple[Ints, Ints], fixed: Fixed) -> Model:
    wishes, weights = legal.wishes, instance.weights
    duration, home, home_room = wishes.duration, wishes.home, wishes.home_room
    person_off, person = wishes.person_off, wishes.person
    meeting, meeting_off = hours
    cells = _Cells(instance)
    cells.add_rooms(instance, legal)
    day = cells.days()
    counts = np.concatenate(([0], np.cumsum(legal.run_count)))
    starts = counts[legal.run_off[1:]] - counts[legal.run_off[:-1]]
    home_cost = places.home_costs(
        duration, home, home_room, person_off, person, meeting_off, meeting, *fixed,
        len(instance.people), weights.conflict, weights.room_conflict, weights.outside_hours,
    )  # fmt: skip
    free_off, free_start, free_end = places.free_time(*day.working, *day.span_of_cells, *fixed)
    lunch_off, lunch_start, lunch_end = places.lunch_choices(
        day.cell_person, day.lunch_low, day.lunch_high, day.lunch_min, day.lunch_ideal, *fixed, instance.step
    )
    short = np.repeat(day.lunch_ideal, np.diff(lunch_off)) - (lunch_end - lunch_start)
    return Model(
        step=instance.step, focus=weights.focus, beyond=weights.beyond_goal, side_bonus=weights.side_bonus,
        conflict=weights.conflict, room_conflict=weights.room_conflict, outside_hours=weights.outside_hours,
        people=len(instance.people),
        cell_off=cells.off(), cell_end=day.cell_end, cell_person=day.cell_person, cell_week=day.cell_week,
        cell_noon=day.noon, cell_missed=np.where(day.lunch_due, weights.lunch, 0.0),
        free_off=free_off, free_start=free_start, free_end=free_end,
        lunch_off=lunch_off, lunch_start=lunch_start, lunch_end=lunch_end,
        lunch_cost=weights.lunch_short * short.astype(np.float64),
        list_off=cells.capacity(wishes),
        focus_min=np.array([one.focus.min for one in instance.people], np.int64),
        focus_block=np.array([one.focus.block for one in instance.people], np.int64),
        focus_side=np.array([SIDES.index(one.focus.side) for one in instance.people], np.int64),
        person_weeks=np.array(cells.person_weeks, np.int64),
        week_person=np.array(cells.week_person, np.int64), week_goal=np.array(cells.week_goal, np.float64),
        week_drop=np.array(cells.week_drop, np.float64), week_moves=np.array(cells.week_moves, np.int64),
        week_off=_borders(np.bincount(day.cell_week[day.cell_week >= 0], minlength=len(cells.week_person))),
        week_cells=_members(day.cell_week),
        fixed_off=fixed.off, fixed_start=fixed.start, fixed_end=fixed.end,
        meeting_off=meeting_off, meeting_start=meeting[:, 0].copy(), meeting_end=meeting[:, 1].copy(),
        duration=duration, home=home, home_room=home_room, home_cost=home_cost, home_legal=legal.home_legal,
        move_cost=np.array([move_cost(instance, instance.events[key]) for key in wishes.events.tolist()], np.float64),
        person_off=person_off, person=person, person_week=_move_weeks(wishes, day),
        run_off=legal.run_off, run_start=legal.run_start, run_count=legal.run_count,
        run_before=_counts_before(legal.run_off, legal.run_count), starts=starts,
        room_off=wishes.room_off, room=wishes.room,
    )  # fmt: skip


class _Days(NamedTuple):
    working: tuple[Ints, Ints, Ints]  # off by person, start, end
    week_person: Ints
    span_of_cells: tuple[Ints, Ints, Ints]  # person, start, end of each cell's day
    cell_person: Ints
    cell_week: Ints
    cell_end: Ints
    noon: Ints
    lunch_due: npt.NDArray[np.bool_]
    lunch_low: Ints
    lunch_high: Ints
    lunch_min: Ints
    lunch_ideal: Ints


class _Cells:
    """Cells and weeks, counted person by person and then room by room."""

    def __init__(self, instance: Instance) -> None:
        self.week_person: list[int] = []
        self.week_goal: list[float] = []
        self.week_drop: list[float] = []
        self.week_moves: list[int] = []
        self.person_weeks = [0]
        self._instance = instance
        self._rows: list[tuple[int, ...]] = []
        self._off = [0]
        self._room_cells: list[int] = []
        for number, person in enumerate(instance.people):
            self._add_person(number, person)

    def _add_person(self, number: int, person: Person) -> None:
        weeks: dict[int | None, int] = {}
        for label in dict.fromkeys(day.week for day in person.days) or [None]:
            weeks[label] = len(self.week_person)
            drop, moves = person.limits
            self.week_person.append(number)
            self.week_goal.append(0.0 if label is None else person.focus.goal[label])
            self.week_drop.append(np.inf if drop is None else drop)
            self.week_moves.append(UNLIMITED if moves is None else min(moves, UNLIMITED))
        self.person_weeks.append(len(self.week_person))
        for day, following in zip_longest(person.days, person.days[1:]):
            # The night between two days belongs to the nearer one, as `week_of` has it.
            end = FOREVER if following is None else (day.span[1] + following.span[0]) // 2 + 1
            low, high, least, ideal = 0, 0, 1, 1
            if day.lunch:
                low, high = max(day.lunch.window[0], day.span[0]), min(day.lunch.window[1], day.span[1])
                least, ideal = day.lunch.min, day.lunch.ideal
            due = day.lunch is not None
            self._rows.append((number, weeks[day.week], end, *day.span, day.noon, due, low, high, least, ideal))
        if not person.days:
            self._rows.append((number, -1, FOREVER, 0, 0, 0, False, 0, 0, 1, 1))
        self._off.append(len(self._rows))

    def add_rooms(self, instance: Instance, legal: Legal) -> None:
        """One cell for each day on which something may begin in the room."""
        wishes = legal.wishes
        begins: list[set[int]] = [set() for _ in instance.rooms]
        for number, (home, home_room) in enumerate(zip(wishes.home.tolist(), wishes.home_room.tolist(), strict=True)):
            rooms = wishes.room[wishes.room_off[number] : wishes.room_off[number + 1]].tolist()
            if home_room >= 0 and home != NOWHERE:
                begins[home_room].add(home // 1440)
            if rooms == [-1] or not rooms:
                continue
            runs = slice(legal.run_off[number], legal.run_off[number + 1])
            last = legal.run_start[runs] + (legal.run_count[runs] - 1) * instance.step
            days = {start // 1440 for start in (*legal.run_start[runs].tolist(), *last.tolist())}
            for room in rooms:
                if room >= 0:
                    begins[room] |= days
        for begun in begins:
            for day in sorted(begun)[:-1]:
                self._rows.append((-1, -1, (day + 1) * 1440, 0, 0, 0, False, 0, 0, 1, 1))
            self._rows.append((-1, -1, FOREVER, 0, 0, 0, False, 0, 0, 1, 1))
            self._off.append(len(self._rows))

    def off(self) -> Ints:
        return np.array(self._off, np.int64)

    def days(self) -> _Days:
        rows = np.fromiter(chain.from_iterable(self._rows), np.int64, 11 * len(self._rows)).reshape(-1, 11)
        person, week, end, start, stop, noon, due, low, high, least, ideal = rows.T.copy()
        working, working_off = _pairs([one.working for one in self._instance.people])
        return _Days(
            week_person=np.array(self.week_person, np.int64),
            working=(working_off, working[:, 0].copy(), working[:, 1].copy()),
            span_of_cells=(person, start, stop),
            cell_person=person, cell_week=week, cell_end=end, noon=noon, lunch_due=due.astype(np.bool_),
            lunch_low=low, lunch_high=high, lunch_min=least, lunch_ideal=ideal,
        )  # fmt: skip

    def capacity(self, wishes: Wishes) -> Ints:
        """Borders of the cells' lists: each can hold all movable events of its person, or of its room."""
        off = np.array(self._off)
        most = np.zeros(off.size - 1, np.int64)
        np.add.at(most, wishes.person, 1)
        numbers = np.arange(wishes.events.size)
        event = np.append(np.repeat(numbers, np.diff(wishes.room_off)), numbers)
        room = np.append(wishes.room, wishes.home_room)
        used = np.sort(event[room >= 0] * FAR + room[room >= 0])
        used = used[np.append(True, used[1:] != used[:-1])] if used.size else used
        np.add.at(most, len(self._instance.people) + used % FAR, 1)
        return _borders(np.repeat(most, np.diff(off)))


def _move_weeks(wishes: Wishes, day: _Days) -> Ints:
    """The week in which a move counts for each attendee: the one that the event's start lies in today."""
    home = np.where(wishes.home == NOWHERE, 0, wishes.home)
    at = np.repeat(home, np.diff(wishes.person_off))
    first_week = np.searchsorted(day.week_person, wishes.person)  # of somebody without days: the only one
    week = day.cell_week[cells_at(day.cell_person, day.cell_end, wishes.person, at)]
    return np.where(week >= 0, week, first_week)


def cells_at(cell_person: Ints, cell_end: Ints, person: Ints, time: Ints) -> Ints:
    """The cell of each person in which that time lies."""
    count = int(np.count_nonzero(cell_person >= 0))
    keys = cell_person[:count] * FAR + cell_end[:count]
    return np.searchsorted(keys, person * FAR + time, side="right")


def _constant(
    instance: Instance, stays: Stays, movable: npt.NDArray[np.bool_], hours: tuple[Ints, Ints], fixed: Fixed
) -> float:
    """The score of fixed events among themselves: overlaps and meetings outside meeting hours."""
    weights, people = instance.weights, len(instance.people)
    pairs, room_pairs = places.overlapping_pairs(*fixed, people)
    theirs = stays.resource < people
    attendees = np.bincount(stays.event[theirs], minlength=movable.size)
    rows = theirs & ~movable[stays.event] & (attendees[stays.event] >= 2)
    meeting, meeting_off = hours
    starts = stays.start[rows]
    outside = places.outside_hours(starts, stays.end[rows] - starts, stays.resource[rows], meeting_off, meeting)
    return -weights.conflict * pairs - weights.room_conflict * room_pairs - weights.outside_hours * outside


def _home(event: Event) -> int:
    return NOWHERE if event.start is None else event.start


def _home_room(event: Event) -> int:
    return -1 if event.room is None else event.room


def _room_choices(event: Event) -> tuple[int, ...]:
    rooms = event.movable.rooms if event.movable else None
    return (_home_room(event),) if rooms is None else rooms


def _windows(event: Event) -> tuple[tuple[int, int], ...]:
    return event.movable.windows if event.movable else ()


def _pairs(rows: Sequence[Intervals]) -> tuple[Ints, Ints]:
    """All intervals in rows of two, and the borders of each owner's."""
    off = _borders(np.fromiter(map(len, rows), np.int64, len(rows)))
    ends = chain.from_iterable(chain.from_iterable(rows))
    return np.fromiter(ends, np.int64, 2 * int(off[-1])).reshape(-1, 2), off


def _rows_of(off: Ints, values: Ints, keep: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """The rows of some owners: (off, values)."""
    count = np.diff(off)
    return _borders(count[keep]), values[np.repeat(keep, count)]


def _borders(count: npt.NDArray[np.int64]) -> Ints:
    return np.concatenate(([0], np.cumsum(count))).astype(np.int64)


def _members(group: Ints) -> Ints:
    """Numbers of those in group 0, then of those in group 1 and so on; a negative group holds nothing."""
    order = np.argsort(group, kind="stable").astype(np.int64)
    return order[group[order] >= 0].astype(np.int64)


def _counts_before(off: Ints, count: Ints) -> Ints:
    total = np.concatenate(([0], np.cumsum(count)))
    return (total[:-1] - np.repeat(total[off[:-1]], np.diff(off))).astype(np.int64)
