"""What ICS files say: recurrence, exceptions and zones by worked examples (RFC 5545, 3.8.5), and what doesn't count."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from scheduling.personal import ics

BERLIN = ZoneInfo("Europe/Berlin")
START, END = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 5, tzinfo=UTC)


def read(*events: str, zone: ZoneInfo = BERLIN, start: datetime = START, end: datetime = END) -> ics.Reading:
    parts = [f"BEGIN:VEVENT\nDTSTAMP:20270101T000000Z\n{event.strip()}\nEND:VEVENT" for event in events]
    text = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", *parts, "END:VCALENDAR", ""])
    return ics.read(text.replace("\n", "\r\n").encode(), zone=zone, start=start, end=end)


def starts(*events: str, zone: ZoneInfo = BERLIN) -> list[str]:
    return [a.start.strftime("%m-%d %H:%M") for a in read(*events, zone=zone).appointments]


DAILY = "UID:a\nDTSTART;TZID=Europe/Berlin:20270301T100000\nDTEND;TZID=Europe/Berlin:20270301T110000"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("RRULE:FREQ=DAILY;COUNT=3", ["03-01 09:00", "03-02 09:00", "03-03 09:00"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", ["03-01 09:00", "03-03 09:00", "03-08 09:00", "03-10 09:00"]),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270330T000000Z", ["03-01 09:00", "03-15 09:00", "03-29 08:00"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", ["03-01 09:00", "03-26 09:00"]),
        ("RRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=Europe/Berlin:20270302T100000", ["03-01 09:00", "03-03 09:00"]),
        ("RDATE;TZID=Europe/Berlin:20270305T120000,20270306T120000", ["03-01 09:00", "03-05 11:00", "03-06 11:00"]),
        (
            "RRULE:FREQ=DAILY;COUNT=2\nRDATE;TZID=Europe/Berlin:20270310T080000\nEXDATE;TZID=Europe/Berlin:20270301T100000",
            ["03-02 09:00", "03-10 07:00"],
        ),
    ],
)
def test_rules_dates_and_exceptions_are_expanded(rules: str, expected: list[str]) -> None:
    assert starts(f"{DAILY}\n{rules}") == expected


def test_a_local_time_stays_as_the_clocks_change() -> None:
    """Europe goes to summer time on 28 March 2027: ten o'clock is 9:00 and then 8:00 UTC."""
    event = "UID:a\nDTSTART;TZID=Europe/Berlin:20270327T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2"
    assert starts(event) == ["03-27 09:00", "03-28 08:00"]


def test_americas_clocks_change_two_weeks_earlier() -> None:
    event = "UID:a\nDTSTART;TZID=America/New_York:20270313T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2"
    assert starts(event) == ["03-13 15:00", "03-14 14:00"]


def test_a_zone_that_the_file_describes_itself_is_believed() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0500\nTZOFFSETTO:+0500\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    text = (
        f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t\n{zone}BEGIN:VEVENT\nUID:a\nDTSTAMP:20270101T000000Z\n"
        "DTSTART;TZID=Office:20270301T100000\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    found = ics.read(text.encode(), zone=BERLIN, start=START, end=END)
    assert [a.start for a in found.appointments] == [datetime(2027, 3, 1, 5, tzinfo=UTC)]


def test_a_floating_time_is_the_members_own() -> None:
    event = "UID:a\nDTSTART:20270301T100000\nDURATION:PT30M"
    assert starts(event) == ["03-01 09:00"]
    assert starts(event, zone=ZoneInfo("Asia/Tokyo")) == ["03-01 01:00"]


def test_a_moved_instance_keeps_its_key_and_a_cancelled_one_is_gone() -> None:
    series = f"{DAILY}\nRRULE:FREQ=DAILY;COUNT=3"
    moved = (
        "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20270302T100000\n"
        "DTSTART;TZID=Europe/Berlin:20270302T150000\nDURATION:PT1H"
    )
    cancelled = (
        "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20270303T100000\n"
        "DTSTART;TZID=Europe/Berlin:20270303T100000\nDURATION:PT1H\nSTATUS:CANCELLED"
    )
    before = {a.start.day: a.key for a in read(series).appointments}
    after = read(series, moved, cancelled).appointments
    assert [a.start.strftime("%d %H:%M") for a in after] == ["01 09:00", "02 14:00"]
    assert [a.key for a in after] == [before[1], before[2]]


def test_a_moved_single_event_keeps_its_key() -> None:
    [before] = read("UID:a\nDTSTART:20270301T100000Z\nDURATION:PT1H").appointments
    [after] = read("UID:a\nDTSTART:20270304T100000Z\nDURATION:PT1H").appointments
    assert (before.key, before.start != after.start) == (after.key, True)


@pytest.mark.parametrize(
    "event",
    [
        "UID:a\nDTSTART;VALUE=DATE:20270301\nDTEND;VALUE=DATE:20270302",
        "UID:a\nDTSTART:20270301T100000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT",
        "UID:a\nDTSTART:20270301T100000Z\nDURATION:PT1H\nSTATUS:CANCELLED",
        "UID:a\nDTSTART:20270301T100000Z\nDURATION:PT1H\nX-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "UID:a\nDTSTART:20270301T100000Z",
        "UID:a\nDTSTART:20260301T100000Z\nDURATION:PT1H",
    ],
    ids=["whole day", "transparent", "cancelled", "free", "no length", "past"],
)
def test_what_takes_no_time_is_left_out(event: str) -> None:
    assert read(event).appointments == ()


@pytest.mark.parametrize(
    "bad",
    [
        "UID:bad\nDTSTART:nonsense\nDURATION:PT1H",
        "UID:bad\nDTSTART:20270301T100000Z\nRRULE:FREQ=SOMETIMES",
        "UID:bad\nDTSTART:20270301T100000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY",
        "UID:bad\nSUMMARY:without a start",
    ],
)
def test_one_bad_event_costs_no_other(bad: str) -> None:
    found = read(bad, "UID:good\nDTSTART:20270302T100000Z\nDURATION:PT1H")
    assert [a.uid for a in found.appointments] == ["good"]
    assert found.set_aside == 1


@pytest.mark.parametrize("body", [b"", b"<html>not found</html>", b"BEGIN:VCARD\r\nEND:VCARD\r\n", b"\xff\xfe\x00"])
def test_what_is_no_calendar_is_refused(body: bytes) -> None:
    with pytest.raises(ics.NotACalendar):
        ics.read(body, zone=BERLIN, start=START, end=END)


def test_a_calendar_with_more_events_than_anybody_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ics, "MOST_EVENTS", 2)
    with pytest.raises(ics.TooManyEvents):
        read(*(f"UID:{n}\nDTSTART:20270301T100000Z\nDURATION:PT1H" for n in range(3)))
