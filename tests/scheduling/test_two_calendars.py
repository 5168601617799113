"""A member who has a meeting on two of their calendars attends it once."""

from datetime import timedelta

from scheduling import facts
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

SIDE = "side@group.example"


def test_the_copy_that_may_be_moved_is_the_members_copy(company: Company) -> None:
    company.google.put_calendar(address("ada"), {"id": SIDE, "summary": "Side"})
    body = meeting("Plan", MONDAY, 10, 60, "ada", "ben")
    google_id = company.google.as_person(address("ada"), "insert", body=body, calendar=SIDE)["id"]
    company.sync()
    with company.inside():
        found = facts.load(SUNDAY_NOON, SUNDAY_NOON + timedelta(days=2))
    [occurrence] = found.occurrences
    assert sorted(copy.member_id for copy in occurrence.copies) == sorted(company.ids[name] for name in ("ada", "ben"))
    mine = occurrence.copy_of(company.ids["ada"])
    assert mine is not None
    assert (mine.google_id, mine.is_organizer) == (google_id, True)
