"""What a page needs to know of the member who looks at it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from calendars.models import Calendar
from clockwise.organizations.models import Member
from scheduling.hours import zone_of
from scheduling.models import Preferences


def primary_calendar(member: Member) -> Calendar | None:
    return Calendar.objects.filter(member=member, is_primary=True).select_related("connection").first()


def zone_of_member(member: Member) -> ZoneInfo:
    """The zone that the member saved, else the calendar's."""
    saved = Preferences.objects.filter(member=member).first()
    calendar = primary_calendar(member)
    return zone_of(saved.time_zone if saved else "", calendar.time_zone if calendar else "")


def zone_label(at: datetime, zone: ZoneInfo) -> str:
    """ "GMT+1" as people read it, for the offset that holds at `at`."""
    offset = at.astimezone(zone).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    if minutes == 0:
        return "GMT"
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "\N{MINUS SIGN}"
    return f"GMT{sign}{hours}" + (f":{rest:02d}" if rest else "")
