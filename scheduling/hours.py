"""When a member works, accepts meetings and eats: local minutes of the day turned into instants.

PRODUCT, "Settings of a person": what the member saved, else the working hours that Google publishes for the
calendar, else Monday to Friday 9:00 to 17:00 in the calendar's zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from scheduling.intervals import Interval, union

DAY_MINUTES = 24 * 60
Ranges = tuple[tuple[int, int], ...]
Source = Literal["member", "calendar", "default"]

DEFAULT_WEEK: Mapping[int, Ranges] = dict.fromkeys(range(5), ((9 * 60, 17 * 60),))


@dataclass(frozen=True)
class Hours:
    """Ranges of local minutes `[from, to)` for each weekday, 0 is Monday. `source`: who said so (F4)."""

    zone: ZoneInfo
    working: Mapping[int, Ranges]
    meeting: Mapping[int, Ranges]
    source: Source


@dataclass(frozen=True)
class Lunch:
    """The window in local minutes of the day, and how long a lunch lasts."""

    from_minute: int = 11 * 60 + 30
    to_minute: int = 13 * 60 + 30
    min_minutes: int = 30
    ideal_minutes: int = 60


def hours_from(
    *,
    zone_name: str,
    calendar_zone: str,
    saved_working: object = None,
    saved_meeting: object = None,
    published: object = None,
) -> Hours:
    """`saved_*` and `published`: weekday "0" to `[[from, to], ...]`, None where nothing was saved or published."""
    zone = zone_of(zone_name, calendar_zone)
    working, source = _first(saved_working, published)
    meeting = _ranges(saved_meeting) if saved_meeting is not None else working
    return Hours(zone, working, meeting, source)


def zone_of(*names: str) -> ZoneInfo:
    """The first name that is a time zone; UTC rather than an error, since calendars come with odd names (S10)."""
    for name in names:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # a folder of the zone database is an OSError
            continue
    return ZoneInfo("UTC")


def instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant of a local minute of the day, in UTC; 1440 is the next midnight.

    A time that the clocks skip lies as long after the gap as it says; of a repeated hour it is the first.
    """
    day, minute = day + timedelta(days=minute // DAY_MINUTES), minute % DAY_MINUTES
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)


def local_date(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def day_of(day: date, zone: ZoneInfo) -> Interval:
    """The local day from midnight to midnight: 23, 24 or 25 hours."""
    return instant(day, 0, zone), instant(day, DAY_MINUTES, zone)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def working_on(hours: Hours, day: date) -> list[Interval]:
    return _on(day, hours.working, hours.zone)


def meeting_on(hours: Hours, day: date) -> list[Interval]:
    return _on(day, hours.meeting, hours.zone)


def lunch_on(lunch: Lunch, day: date, zone: ZoneInfo) -> Interval:
    return instant(day, lunch.from_minute, zone), instant(day, lunch.to_minute, zone)


def _on(day: date, week: Mapping[int, Ranges], zone: ZoneInfo) -> list[Interval]:
    ranges = week.get(day.weekday(), ())
    return union((instant(day, start, zone), instant(day, end, zone)) for start, end in ranges)


def _first(saved: object, published: object) -> tuple[Mapping[int, Ranges], Source]:
    if saved is not None:
        return _ranges(saved), "member"
    if published:
        return _ranges(published), "calendar"
    return DEFAULT_WEEK, "default"


def _ranges(week: object) -> dict[int, Ranges]:
    if not isinstance(week, Mapping):
        raise TypeError("Hours are a mapping from weekday to ranges of minutes.")
    return {int(weekday): _clean(ranges) for weekday, ranges in week.items()}


def _clean(ranges: Sequence[Sequence[int]]) -> Ranges:
    return tuple(sorted((int(start), int(end)) for start, end in ranges if 0 <= start < end <= DAY_MINUTES))
