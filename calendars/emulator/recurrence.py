"""Expanding a series into instances, as `singleEvents=true` does: wall-clock time of the start's zone is kept."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

Json = dict[str, Any]
# A daily meeting for fifty years; what comes after isn't asked for.
MOST_INSTANCES = 20_000


def instant(when: Json, calendar_zone: str) -> datetime:
    """The instant of a `start` or `end`; of a date, midnight of the calendar's zone."""
    if "date" in when:
        return datetime.combine(date.fromisoformat(when["date"]), time(), ZoneInfo(calendar_zone)).astimezone(UTC)
    found = datetime.fromisoformat(when["dateTime"])
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(when.get("timeZone") or calendar_zone))
    return found.astimezone(UTC)


def starts(fields: Json, calendar_zone: str, until: datetime) -> Iterator[tuple[Json, Json]]:
    """`start` and `end` of each instance that begins before `until`, in order."""
    if "date" in fields["start"]:
        yield from _days(fields, until)
        return
    zone = ZoneInfo(fields["start"].get("timeZone") or calendar_zone)
    first = instant(fields["start"], calendar_zone).astimezone(zone)
    length = instant(fields["end"], calendar_zone) - first
    for local in _rule(fields["recurrence"], first):
        if local.astimezone(UTC) >= until:
            return
        ends = (local.astimezone(UTC) + length).astimezone(zone)
        yield (
            {"dateTime": local.isoformat(), "timeZone": zone.key},
            {"dateTime": ends.isoformat(), "timeZone": zone.key},
        )


def _days(fields: Json, until: datetime) -> Iterator[tuple[Json, Json]]:
    first = date.fromisoformat(fields["start"]["date"])
    length = date.fromisoformat(fields["end"]["date"]) - first
    for found in _rule(fields["recurrence"], datetime.combine(first, time())):
        day = found.date()
        if datetime.combine(day, time(), UTC) >= until:
            return
        yield {"date": day.isoformat()}, {"date": (day + length).isoformat()}


def _rule(lines: list[str], first: datetime) -> Iterator[datetime]:
    rules = rrulestr("\n".join(lines), dtstart=first, forceset=True)
    for count, found in enumerate(rules):
        if count >= MOST_INSTANCES:
            return
        # An aware start keeps its wall clock through daylight-saving changes; the offset is worked out anew.
        yield found.replace(tzinfo=first.tzinfo) if first.tzinfo else found


def instance_suffix(start: Json, calendar_zone: str) -> str:
    """What Google appends to a series' id: the original start in UTC, or the date."""
    if "date" in start:
        return str(start["date"]).replace("-", "")
    return instant(start, calendar_zone).strftime("%Y%m%dT%H%M%SZ")


def day_after(text: str) -> str:
    return (date.fromisoformat(text) + timedelta(days=1)).isoformat()
