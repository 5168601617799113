"""Kernels that build the model: legal starts, free time and lunches beside the fixed events, costs of staying."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scheduling.engine.compiled import hot_kernel, kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


@kernel
def legal_runs(
    duration: Ints, home: Ints, window_off: Ints, windows: Ints, person_off: Ints, person: Ints,
    meeting_off: Ints, meeting: Ints, fixed_off: Ints, fixed_start: Ints, fixed_end: Ints, step: int,
) -> tuple[Ints, Ints, Ints, Bools]:  # fmt: skip
    """Runs of legal starts on the grid for each event: (off, first start, how many), and whether today's is legal.

    A legal start lies inside a window and inside meeting hours of each attendee, over none of their fixed events.
    """
    off = np.zeros(duration.size + 1, np.int64)
    starts, counts = np.empty(1024, np.int64), np.empty(1024, np.int64)
    home_legal = np.zeros(duration.size, np.bool_)
    most = 0
    for e in range(duration.size):
        here = window_off[e + 1] - window_off[e]
        for k in range(person_off[e], person_off[e + 1]):
            p = person[k]
            here += meeting_off[p + 1] - meeting_off[p] + fixed_off[p + 1] - fixed_off[p]
        most = max(most, here)
    scratch = np.empty((4, most), np.int64)
    low, high, new_low, new_high = scratch[0], scratch[1], scratch[2], scratch[3]
    size = 0
    for e in range(duration.size):
        n = window_off[e + 1] - window_off[e]
        for i in range(n):
            low[i], high[i] = windows[window_off[e] + i, 0], windows[window_off[e] + i, 1] - duration[e]
        for k in range(person_off[e], person_off[e + 1]):
            hours = slice(meeting_off[person[k]], meeting_off[person[k] + 1])
            events = slice(fixed_off[person[k]], fixed_off[person[k] + 1])
            n = _both(low[:n], high[:n], meeting[hours], duration[e], new_low, new_high)
            n = _without(new_low[:n], new_high[:n], fixed_start[events], fixed_end[events], duration[e], low, high)
        for i in range(n):
            if low[i] <= home[e] <= high[i]:
                home_legal[e] = True
            first = -(-low[i] // step) * step
            if first > high[i]:
                continue
            if size == starts.size:
                starts, counts = np.append(starts, np.empty_like(starts)), np.append(counts, np.empty_like(counts))
            starts[size], counts[size] = first, (high[i] - first) // step + 1
            size += 1
        off[e + 1] = size
    return off, starts[:size].copy(), counts[:size].copy(), home_legal


@hot_kernel
def _both(low: Ints, high: Ints, hours: Ints, duration: int, out_low: Ints, out_high: Ints) -> int:
    """Write sorted closed ranges of starts, cut to those that end within hours; how many. Empty ones are left out."""
    n = i = j = 0
    while i < low.size and j < hours.shape[0]:
        last = hours[j, 1] - duration
        a, b = max(low[i], hours[j, 0]), min(high[i], last)
        if a <= b:
            out_low[n], out_high[n] = a, b
            n += 1
        if high[i] < last:
            i += 1
        else:
            j += 1
    return n


@hot_kernel
def _without(
    low: Ints, high: Ints, events_start: Ints, events_end: Ints, duration: int, out_low: Ints, out_high: Ints
) -> int:
    """Write sorted closed ranges of starts less those that overlap events, which are sorted by start; how many."""
    n = 0
    for i in range(low.size):
        here = low[i]
        for j in range(events_start.size):
            after = events_start[j] - duration
            if events_end[j] <= here:
                continue
            if after >= high[i] or here > high[i]:
                break
            if after >= here:
                out_low[n], out_high[n] = here, after
                n += 1
            here = max(here, events_end[j])
        if here <= high[i]:
            out_low[n], out_high[n] = here, high[i]
            n += 1
    return n


@kernel
def home_costs(
    duration: Ints, home: Ints, home_room: Ints, person_off: Ints, person: Ints, meeting_off: Ints, meeting: Ints,
    fixed_off: Ints, fixed_start: Ints, fixed_end: Ints, people: int,
    conflict: float, room_conflict: float, outside_hours: float,
) -> Floats:  # fmt: skip
    """What staying costs each event whatever the others do: fixed events below it, attendees outside meeting hours."""
    cost = np.zeros(duration.size, np.float64)
    for e in range(duration.size):
        start, end = home[e], home[e] + duration[e]
        for k in range(person_off[e], person_off[e + 1]):
            p = person[k]
            here = slice(fixed_off[p], fixed_off[p + 1])
            cost[e] += conflict * overlaps(fixed_start[here], fixed_end[here], start, end)
            if person_off[e + 1] - person_off[e] >= 2 and not inside(
                meeting[meeting_off[p] : meeting_off[p + 1]], start, end
            ):
                cost[e] += outside_hours
        if home_room[e] >= 0:
            here = slice(fixed_off[people + home_room[e]], fixed_off[people + home_room[e] + 1])
            cost[e] += room_conflict * overlaps(fixed_start[here], fixed_end[here], start, end)
    return cost


@kernel
def outside_hours(starts: Ints, durations: Ints, person: Ints, meeting_off: Ints, meeting: Ints) -> int:
    """How many attendances, of that person each, don't lie in the person's meeting hours."""
    count = 0
    for i in range(starts.size):
        hours = meeting[meeting_off[person[i]] : meeting_off[person[i] + 1]]
        if not inside(hours, starts[i], starts[i] + durations[i]):
            count += 1
    return count


@hot_kernel
def overlaps(starts: Ints, ends: Ints, start: int, end: int) -> int:
    """How many of the intervals, sorted by start, overlap [start, end)."""
    count = 0
    for i in range(starts.size):
        if starts[i] >= end:
            break
        count += ends[i] > start
    return count


@hot_kernel
def inside(intervals: Ints, start: int, end: int) -> bool:
    found = False
    for i in range(intervals.shape[0]):
        found = found or (intervals[i, 0] <= start and end <= intervals[i, 1])
    return found


@kernel
def overlapping_pairs(off: Ints, starts: Ints, ends: Ints, people: int) -> tuple[int, int]:
    """Pairs of fixed events that overlap: (of one person, in one room)."""
    pairs = room_pairs = 0
    for resource in range(off.size - 1):
        for i in range(off[resource], off[resource + 1]):
            j = i + 1
            while j < off[resource + 1] and starts[j] < ends[i]:
                if resource < people:
                    pairs += 1
                else:
                    room_pairs += 1
                j += 1
    return pairs, room_pairs


@kernel
def free_time(
    working_off: Ints, working_start: Ints, working_end: Ints, cell_person: Ints, span_start: Ints, span_end: Ints,
    fixed_off: Ints, fixed_start: Ints, fixed_end: Ints,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Each cell's working time outside fixed events, in maximal stretches: (off, start, end)."""
    off = np.zeros(cell_person.size + 1, np.int64)
    starts = np.empty(working_start.size + fixed_start.size * 2 + 1, np.int64)
    ends = np.empty_like(starts)
    size = 0
    for c in range(cell_person.size):
        p = cell_person[c]
        off[c + 1] = size
        if p < 0 or span_end[c] <= span_start[c]:
            continue
        for i in range(working_off[p], working_off[p + 1]):
            if not (span_start[c] <= working_start[i] and working_end[i] <= span_end[c]):
                continue
            here = working_start[i]
            for j in range(fixed_off[p], fixed_off[p + 1]):
                if fixed_end[j] <= here:
                    continue
                if fixed_start[j] >= working_end[i]:
                    break
                if size + 1 >= starts.size:
                    starts, ends = np.append(starts, np.empty_like(starts)), np.append(ends, np.empty_like(ends))
                if fixed_start[j] > here:
                    starts[size], ends[size] = here, fixed_start[j]
                    size += 1
                here = max(here, fixed_end[j])
            if here < working_end[i]:
                if size + 1 >= starts.size:
                    starts, ends = np.append(starts, np.empty_like(starts)), np.append(ends, np.empty_like(ends))
                starts[size], ends[size] = here, working_end[i]
                size += 1
        off[c + 1] = size
    return off, starts[:size].copy(), ends[:size].copy()


@kernel
def lunch_choices(
    cell_person: Ints, low: Ints, high: Ints, least: Ints, ideal: Ints,
    fixed_off: Ints, fixed_start: Ints, fixed_end: Ints, step: int,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Each cell's lunches on the grid that no fixed event forbids: (off, start, end)."""
    off = np.zeros(cell_person.size + 1, np.int64)
    starts, ends = np.empty(1024, np.int64), np.empty(1024, np.int64)
    size = 0
    for c in range(cell_person.size):
        p = cell_person[c]
        start = -(-low[c] // step) * step
        while p >= 0 and start + least[c] <= high[c]:
            end = start + -(-least[c] // step) * step
            while end <= min(high[c], start + ideal[c]):
                here = slice(fixed_off[p], fixed_off[p + 1])
                if overlaps(fixed_start[here], fixed_end[here], start, end):
                    break
                if size == starts.size:
                    starts, ends = np.append(starts, np.empty_like(starts)), np.append(ends, np.empty_like(ends))
                starts[size], ends[size] = start, end
                size += 1
                end += step
            start += step
        off[c + 1] = size
    return off, starts[:size].copy(), ends[:size].copy()
