"""Arithmetic of half-open intervals `[start, end)` of aware instants."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Interval = tuple[datetime, datetime]
MINUTE = timedelta(minutes=1)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorted and disjoint; intervals that touch become one."""
    merged: list[Interval] = []
    for start, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """What `taken` leaves of each interval, which keeps its own borders."""
    holes = union(taken)
    left: list[Interval] = []
    for start, end in intervals:
        at = start
        for hole_start, hole_end in holes:
            if hole_end <= at or hole_start >= end:
                continue
            if hole_start > at:
                left.append((at, hole_start))
            at = max(at, hole_end)
        if at < end:
            left.append((at, end))
    return left


def intersect(first: Iterable[Interval], second: Sequence[Interval]) -> list[Interval]:
    pieces = (clip(a, *b) for a in first for b in second)
    return sorted(piece for piece in pieces if piece)


def clip(interval: Interval, start: datetime, end: datetime) -> Interval | None:
    """The part of the interval inside `[start, end)`, None when there is none."""
    clipped = (max(interval[0], start), min(interval[1], end))
    return clipped if clipped[0] < clipped[1] else None


def overlap(first: Interval, second: Interval) -> bool:
    return first[0] < second[1] and second[0] < first[1]


def inside(interval: Interval, intervals: Iterable[Interval]) -> bool:
    return any(start <= interval[0] and interval[1] <= end for start, end in intervals)


def minutes(intervals: Iterable[Interval]) -> int:
    """The whole minutes that disjoint intervals last together."""
    return sum((end - start) // MINUTE for start, end in intervals)
