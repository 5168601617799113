"""Where a week's events are drawn: minutes of a day in, names of grid classes out.

Positions are classes and not style attributes, so that the pages hold under `style-src 'self'`.
The classes are made by `manage.py build_ui`: `gr-N` first row, `gs-N` rows spanned, `gc-N` first
column, `gw-N` columns spanned. A day is a grid of five-minute rows and twelve columns, which two,
three, four or six overlapping events share evenly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

ROW_MINUTES = 5
COLUMNS = 12
SHORTEST_MINUTES = 15
# A click target is 24 px high (WCAG 2.2, 2.5.8): 25 minutes of the densest grid.
TARGET_MINUTES = 25
DAY_MINUTES = 24 * 60
USUAL_HOURS = range(8, 18)

Span = tuple[int, int]
"""[start, end) in minutes of wall-clock time since local midnight."""


@dataclass
class _Lane:
    """One drawn event among those it overlaps with; `reach` is the time in which it wants its lane for itself."""

    span: Span
    reach: Span
    lane: int = 0
    width: int = 1
    lanes: int = 1


def clip(start: datetime, end: datetime, day: date) -> Span | None:
    """The part of [start, end), both local, that lies on `day`; None where nothing does.

    In the hour that a change of the clocks repeats, an end may read earlier than its start; it is
    drawn at its shortest then.
    """
    if not start.date() <= day <= end.date():
        return None
    first = _minute(start) if start.date() == day else 0
    last = _minute(end) if end.date() == day else DAY_MINUTES
    if last == 0 and start.date() < day:
        return None
    return first, max(last, first)


def hours(spans: Iterable[Span]) -> range:
    """The hours that a week shows: the usual ones, widened to hold every span."""
    drawn = [_drawn(span) for span in spans]
    first = min([USUAL_HOURS.start, *(start // 60 for start, _ in drawn)])
    last = max([USUAL_HOURS.stop, *(-(-end // 60) for _, end in drawn)])
    return range(first, last)


def place(spans: Sequence[Span], first_hour: int) -> list[str]:
    """Classes of one day's events, in the order given; overlapping ones get lanes side by side."""
    drawn = [_drawn(span) for span in spans]
    places = [_Lane(span, _reach(span, drawn)) for span in drawn]
    for cluster in _clusters(places):
        _assign_lanes(cluster)
    return [
        f"{_rows(place.span, first_hour)} {_columns(place)} {_size(place.span)}{_beside_short(place.span, drawn)}"
        for place in places
    ]


def place_alone(span: Span, first_hour: int) -> str:
    """Classes of something drawn over the whole width of its day, whatever else is there."""
    return f"{_rows(_drawn(span), first_hour)} gc-1 gw-{COLUMNS}"


def _minute(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _drawn(span: Span) -> Span:
    start = min(span[0], DAY_MINUTES - SHORTEST_MINUTES)
    return start, max(span[1], start + SHORTEST_MINUTES)


def _reach(span: Span, others: Iterable[Span]) -> Span:
    """Longer than drawn for a short event that another short one follows at once: both stay easy to hit."""
    wanted = span[0], span[0] + TARGET_MINUTES
    crowded = any(_is_short(other) and span[1] <= other[0] < wanted[1] for other in others)
    return wanted if _is_short(span) and crowded else span


def _beside_short(span: Span, others: Iterable[Span]) -> str:
    near = (span[0] - ROW_MINUTES, span[1] + ROW_MINUTES)
    beside = any(_is_short(other) and not _overlap(other, span) and _overlap(other, near) for other in others)
    return " beside-short" if beside and not _is_short(span) else ""


def _is_short(span: Span) -> bool:
    return span[1] - span[0] <= SHORTEST_MINUTES


def _clusters(places: Iterable[_Lane]) -> list[list[_Lane]]:
    """Groups of events connected by overlaps, each in order of start, longer ones first."""
    clusters: list[list[_Lane]] = []
    reached = -1
    for place in sorted(places, key=lambda place: (place.reach[0], -place.reach[1])):
        if place.reach[0] >= reached:
            clusters.append([])
        clusters[-1].append(place)
        reached = max(reached, place.reach[1])
    return clusters


def _assign_lanes(cluster: list[_Lane]) -> None:
    """Each event takes the first lane that is free, and widens over free lanes to its right."""
    ends: list[int] = []
    for place in cluster:
        free = [lane for lane, end in enumerate(ends) if end <= place.reach[0]]
        place.lane = free[0] if free else len(ends)
        ends[place.lane : place.lane + 1] = [place.reach[1]]
    for place in cluster:
        place.lanes = len(ends)
        taken = {other.lane for other in cluster if other.lane > place.lane and _overlap(other.reach, place.reach)}
        place.width = min(taken, default=place.lanes) - place.lane


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _rows(span: Span, first_hour: int) -> str:
    first = (span[0] - first_hour * 60) // ROW_MINUTES
    last = -(-(span[1] - first_hour * 60) // ROW_MINUTES)
    return f"gr-{first + 1} gs-{last - first}"


def _columns(place: _Lane) -> str:
    unit = max(1, COLUMNS // place.lanes)
    first = min(place.lane * unit, COLUMNS - 1)
    width = min(place.width * unit, COLUMNS - first)
    narrow = "" if place.width == place.lanes else " half" if place.lanes == 2 else " third"
    return f"gc-{first + 1} gw-{width}{narrow}"


def _size(span: Span) -> str:
    """How much text fits: `xs` one small line, `sm` one line, `md` two lines, `lg` more."""
    minutes = span[1] - span[0]
    return "xs" if minutes <= 15 else "sm" if minutes <= 30 else "md" if minutes < 60 else "lg"
