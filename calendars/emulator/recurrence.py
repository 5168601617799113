"""Times of events, and the instances of a series: local wall-clock time of the start's zone is kept (SYNC S7, S10)."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr  # type: ignore[import-untyped]

Json = dict[str, Any]
# A series without an end is expanded this far; what comes after isn't asked for.
MOST_INSTANCES = 20_000
UNTIL = re.compile(r"UNTIL=(\d{8}(?:T\d{6}Z?)?)", re.IGNORECASE)


def instant(when: Json, calendar_zone: str) -> datetime:
    """The instant of a `start` or `end`; of a date, midnight of the calendar's zone. Raises ValueError or KeyError."""
    if when.get("date"):
        return datetime.combine(date.fromisoformat(when["date"]), time(), ZoneInfo(calendar_zone)).astimezone(UTC)
    found = datetime.fromisoformat(when["dateTime"])
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(when.get("timeZone") or calendar_zone))
    return found.astimezone(UTC)


def shown(when: Json, zone: ZoneInfo) -> Json:
    """As an answer shows it: in the asked zone, with the event's own zone beside it."""
    if "dateTime" not in when:
        return when
    local = datetime.fromisoformat(when["dateTime"]).astimezone(zone)
    return {**when, "dateTime": local.isoformat().replace("+00:00", "Z")}


def normal(when: Json, calendar_zone: str) -> Json:
    """As it is kept: an instant with its offset, and the zone by name."""
    if when.get("date"):
        return {"date": when["date"]}
    zone = when.get("timeZone") or calendar_zone
    local = instant(when, calendar_zone).astimezone(ZoneInfo(zone))
    return {"dateTime": local.isoformat(), "timeZone": zone}


def check(fields: Json, calendar_zone: str) -> None:
    """Raises ValueError for a recurrence that can't be read."""
    lines = fields.get("recurrence") or []
    if len([line for line in lines if line.upper().startswith("RRULE")]) > 1:
        raise ValueError("more than one rule")
    if any("COUNT=" in line.upper() and "UNTIL=" in line.upper() for line in lines):
        raise ValueError("both an end and a count")
    next(occurrences(fields, calendar_zone, None, datetime(2000, 1, 1, tzinfo=UTC)), None)


def occurrences(
    fields: Json, calendar_zone: str, start: datetime | None, end: datetime
) -> Iterator[tuple[str, Json, Json]]:
    """Suffix, `start` and `end` of each instance that overlaps [start, end), in order."""
    first, zone, length = _series(fields, calendar_zone)
    found = _expanded(tuple(fields["recurrence"]), first, zone.key, end.year + 1)
    begin = 0
    if start is not None:
        # A day more on either side covers the zone's offset; what is too much goes below.
        begin = bisect_left(found, start.replace(tzinfo=None) - length - timedelta(days=1))
    for local in found[begin:]:
        begins = local.replace(tzinfo=zone).astimezone(UTC)
        if begins >= end:
            return
        if start is None or begins + length > start or (not length and begins >= start):
            yield _instance(fields, local, zone, length)


def cut(fields: Json, calendar_zone: str, suffix: str) -> tuple[list[str], list[str]]:
    """The recurrence of the instances before one, up to the last second of the local day before, and of the rest."""
    zone = _series(fields, calendar_zone)[1]
    local = _local(suffix, zone)
    day_before = datetime.combine(local.date(), time(), zone) - timedelta(seconds=1)
    until = f"{day_before.astimezone(UTC):%Y%m%dT%H%M%SZ}" if "T" in suffix else f"{day_before:%Y%m%d}"
    begins = local.replace(tzinfo=zone).astimezone(UTC)
    gone = len(list(occurrences(fields, calendar_zone, None, begins)))
    before: list[str] = []
    rest: list[str] = []
    for line in fields["recurrence"]:
        if not line.upper().startswith("RRULE"):
            before.append(line)
            rest.append(line)
            continue
        open_end = re.sub(r";?(COUNT|UNTIL)=[^;]*", "", line)
        before.append(f"{open_end};UNTIL={until}")
        count = re.search(r"COUNT=(\d+)", line)
        rest.append(f"{open_end};COUNT={int(count[1]) - gone}" if count else line)
    return before, rest


def moved(when: Json, calendar_zone: str, length: timedelta) -> Json:
    """`when`, later by `length`."""
    if when.get("date"):
        return {"date": (date.fromisoformat(when["date"]) + length).isoformat()}
    return normal({**when, "dateTime": (instant(when, calendar_zone) + length).isoformat()}, calendar_zone)


def occurrence(fields: Json, calendar_zone: str, suffix: str) -> tuple[Json, Json] | None:
    """`start` and `end` of one instance, if the series has it."""
    first, zone, length = _series(fields, calendar_zone)
    try:
        local = _local(suffix, zone)
    except ValueError:
        return None
    found = _expanded(tuple(fields["recurrence"]), first, zone.key, local.year + 1)
    index = bisect_left(found, local)
    if index == len(found) or found[index] != local or ("T" in suffix) is ("date" in fields["start"]):
        return None
    return _instance(fields, local, zone, length)[1:]


def _series(fields: Json, calendar_zone: str) -> tuple[datetime, ZoneInfo, timedelta]:
    """Naive local start, zone and length; days count in the calendar's zone."""
    start, end = fields["start"], fields["end"]
    if "date" in start:
        first = date.fromisoformat(start["date"])
        length = date.fromisoformat(end["date"]) - first
        return datetime.combine(first, time()), ZoneInfo(calendar_zone), length
    zone = ZoneInfo(start.get("timeZone") or calendar_zone)
    begins = instant(start, calendar_zone)
    return begins.astimezone(zone).replace(tzinfo=None), zone, instant(end, calendar_zone) - begins


def _real(local: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows then: a time that is skipped in spring comes an hour later."""
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)


def _instance(fields: Json, local: datetime, zone: ZoneInfo, length: timedelta) -> tuple[str, Json, Json]:
    if "date" in fields["start"]:
        day = local.date()
        return f"{day:%Y%m%d}", {"date": day.isoformat()}, {"date": (day + length).isoformat()}
    begins = local.replace(tzinfo=zone)
    ends = (begins.astimezone(UTC) + length).astimezone(zone)
    suffix = f"{begins.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    start, end = ({"dateTime": at.isoformat(), "timeZone": zone.key} for at in (begins, ends))
    return suffix, start, end


@lru_cache(maxsize=8192)
def _expanded(lines: tuple[str, ...], first: datetime, zone: str, before_year: int) -> list[datetime]:
    """Naive local starts before that year, in order. Google counts the first start in, whatever the rule says."""
    rules = rruleset()
    rules.rdate(first)
    for line in lines:
        _add(rules, line, first, ZoneInfo(zone))
    found: list[datetime] = []
    for at in rules:
        if at.year >= before_year or len(found) >= MOST_INSTANCES:
            break
        found.append(at if first.time() == time() else _real(at, ZoneInfo(zone)))
    return found


def _add(rules: rruleset, line: str, first: datetime, zone: ZoneInfo) -> None:
    name, _, value = line.partition(":")
    kind, *parameters = name.upper().split(";")
    if kind == "RRULE":
        rule = rrulestr(UNTIL.sub(lambda until: f"UNTIL={_until(until[1], zone)}", value), dtstart=first)
        if not isinstance(rule, rrule):
            raise ValueError("no single rule")
        rules.rrule(rule)
    elif kind in ("EXDATE", "RDATE"):
        named = next((name.partition("=")[2] for name in line.partition(":")[0].split(";") if "TZID" in name), "")
        for text in value.split(","):
            at = _local(text, zone, ZoneInfo(named) if named else zone, first.time())
            rules.exdate(at) if kind == "EXDATE" else rules.rdate(at)
    else:
        raise ValueError(f"unknown line, {len(parameters)} parameters")


def _until(text: str, zone: ZoneInfo) -> str:
    """Inclusive; a bare date includes that whole day."""
    return f"{_local(text, zone, at=time(23, 59, 59)):%Y%m%dT%H%M%S}"


def _local(text: str, zone: ZoneInfo, written_in: ZoneInfo | None = None, at: time = time()) -> datetime:
    """Naive local time of an iCalendar date or time."""
    if "T" not in text:
        return datetime.combine(datetime.strptime(text, "%Y%m%d"), at)  # noqa: DTZ007 - a wall-clock day
    found = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - zoned below
    aware = found.replace(tzinfo=UTC if text.endswith("Z") else written_in or zone)
    return aware.astimezone(zone).replace(tzinfo=None)
