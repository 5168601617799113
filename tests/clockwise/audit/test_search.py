"""Finding entries by actor, action and time."""

from datetime import timedelta

from clockwise import clock
from clockwise.audit import search
from clockwise.audit.record import record
from clockwise.audit.search import Query
from clockwise.tenancy import current
from tests.company import SUNDAY_NOON
from tests.organizations import Pair


def fill(pair: Pair) -> None:
    for hour, (action, by) in enumerate(
        [("team.created", pair.ada), ("team.deleted", pair.ben), ("proposal.accepted", pair.ada)]
    ):
        with clock.stopped(SUNDAY_NOON + timedelta(hours=hour)), current.organization(pair.organization_id):
            record(action, by=by.pk, target=by, hour=hour)


def found(pair: Pair, query: Query, page: int = 50) -> list[str]:
    with current.organization(pair.organization_id):
        return [entry.action for entry in search.find(query, page=page).entries]


def test_entries_are_found_by_actor_action_family_and_time(pair: Pair) -> None:
    fill(pair)
    assert found(pair, Query(actor_id=pair.ada.pk)) == ["proposal.accepted", "team.created"]
    assert found(pair, Query(action="team.deleted")) == ["team.deleted"]
    assert found(pair, Query(action="team.")) == ["team.deleted", "team.created"]
    assert found(pair, Query(action="tea")) == []
    assert found(pair, Query(since=SUNDAY_NOON + timedelta(hours=1), until=SUNDAY_NOON + timedelta(hours=2))) == [
        "team.deleted"
    ]
    assert found(pair, Query(target_id=pair.ben.pk, action="team.")) == ["team.deleted"]


def test_pages_follow_each_other_without_gap_or_repetition(pair: Pair) -> None:
    fill(pair)
    seen, before = [], None
    with current.organization(pair.organization_id):
        while True:
            page = search.find(Query(before=before), page=2)
            seen += [entry.pk for entry in page.entries]
            before = page.next_before
            if before is None:
                break
        everything = [entry.pk for entry in search.find(Query()).entries]
    assert seen == everything


def test_another_organization_finds_nothing_of_it(pair: Pair) -> None:
    fill(pair)
    with current.organization(pair.other_organization_id):
        assert search.find(Query(actor_id=pair.ada.pk)).entries == []
