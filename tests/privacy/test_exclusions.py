"""Calendars that are left out: no request names them, nothing of them stays."""

import pytest
from django.db import transaction

from calendars import connections, tasks
from calendars import exclusions as calendar_exclusions
from calendars.models import Calendar, Event, GoogleConnection
from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.google.client import CalendarClient
from clockwise.google.errors import CalendarExcluded
from clockwise.organizations.models import Organization
from clockwise.organizations.plans import FeatureLocked, Plan
from clockwise.tenancy import current
from privacy import exclusions, purges
from privacy.exclusions import BadPattern, CalendarFacts, Rule
from privacy.models import CalendarExclusion, Purge
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

Kind = CalendarExclusion.Kind


def exclude(company: Company, kind: str, text: str, *, own: bool = False, by: str = "ada") -> CalendarExclusion:
    with company.inside():
        member = company.member(by)
        return exclusions.add(kind, text, by=member, member=member if own else None)


def carry_out(company: Company) -> None:
    with company.acting():
        purges.carry_out_all()


def stored_titles(company: Company) -> list[str]:
    with company.inside():
        return sorted(event.details.title for event in Event.objects.all())


def requests_naming(company: Company, name: str) -> list[str]:
    """Addresses travel quoted or plain, in a path, a query or a body."""
    forms = (address(name), address(name).replace("@", "%40"))
    calls = [entry for entry in company.google.log if "calendar/v3" in entry["path"]]
    sent = [str([entry["path"], entry["query"], entry["body"]]) for entry in calls]
    return [text for text in sent if any(form in text for form in forms)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.CALENDAR, "BEN@company.example"),
        (Kind.OWNER, "ben@company.example"),
        (Kind.ADDRESS_PATTERN, "b?n@*"),
        (Kind.NAME_PATTERN, "ben*"),
    ],
)
def test_an_excluded_calendar_is_erased_and_named_in_no_request_any_more(
    company: Company, kind: str, text: str
) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.insert("ben", meeting("Secret", MONDAY, 14, 60, "ben"))
    company.sync()
    exclude(company, kind, text)
    carry_out(company)
    company.google.log.clear()
    company.sync()
    tasks.sweep()

    assert stored_titles(company) == ["Plan"]
    with company.inside():
        assert not Calendar.objects.filter(member=company.ids["ben"]).exists()
    assert requests_naming(company, "ben") == []
    assert requests_naming(company, "ada")


def test_without_the_rule_the_same_search_finds_requests(company: Company) -> None:
    """The control of the test above."""
    company.sync()
    company.google.log.clear()
    company.sync()
    assert requests_naming(company, "ben")


def test_the_proof_counts_what_went_and_names_nothing(company: Company) -> None:
    for hour in (9, 10, 11):
        company.insert("ben", meeting(f"Secret {hour}", MONDAY, hour, 30, "ben"))
    company.sync()
    exclusion = exclude(company, Kind.CALENDAR, address("ben"))
    carry_out(company)

    with company.inside():
        purge = Purge.objects.get()
        assert purge.counts == {"calendars": 1, "events": 3}
        assert purge.cause_id == exclusion.pk
        assert purge.finished_at is not None
        assert AuditEntry.objects.filter(action="privacy.calendar_excluded", target_id=exclusion.pk).count() == 1
        assert AuditEntry.objects.get(action="privacy.purge_finished").body.facts["counts"] == purge.counts


def test_from_the_commit_on_no_request_leaves_even_of_a_sync_under_way(company: Company) -> None:
    """Its calendar is erased between two pages, and the rule looks at a name that nobody stores any more."""
    company.sync()
    connection = company.connection("ben")
    with company.acting():
        client = connections.client_for(connection.pk)
        client.events_page(address("ben"), fields="items(id)")
    exclude(company, Kind.NAME_PATTERN, "ben*")
    carry_out(company)
    company.google.log.clear()
    with company.acting(), pytest.raises(CalendarExcluded):
        client.events_page(address("ben"), fields="items(id)", page_token="next")

    assert company.google.log == []


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.calendar(address("ben")),
        lambda client: client.events_page(address("ben"), fields="items(id)"),
        lambda client: client.get_event(address("ben"), "x", fields="id"),
        lambda client: client.insert_event(address("ben"), {}, fields="id", send_updates="none"),
        lambda client: client.patch_event(address("ben"), "x", {}, etag="1", fields="id", send_updates="none"),
        lambda client: client.delete_event(address("ben"), "x", etag="1", send_updates="none"),
        lambda client: client.freebusy([address("ada"), address("ben")], start=SUNDAY_NOON, end=SUNDAY_NOON),
    ],
)
def test_every_method_that_names_a_calendar_asks_first(company: Company, call) -> None:  # type: ignore[no-untyped-def]
    exclude(company, Kind.CALENDAR, address("ben"))
    company.google.log.clear()
    with company.acting(), pytest.raises(CalendarExcluded):
        call(connections.client_for(company.connection("ada").pk))
    assert company.google.log == []


def test_no_method_that_takes_a_calendar_forgets_to_ask() -> None:
    import inspect

    for name, method in inspect.getmembers(CalendarClient, inspect.isfunction):
        if {"calendar_id", "calendar_ids"} & set(inspect.signature(method).parameters):
            assert "self._admit(" in inspect.getsource(method), name


def test_a_member_leaves_out_their_own_calendar_alone(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.sync()
    exclude(company, Kind.CALENDAR, address("ben"), own=True, by="ben")
    carry_out(company)
    company.sync()

    with company.inside():
        assert not Event.objects.filter(member=company.ids["ben"]).exists()
        assert Event.objects.filter(member=company.ids["ada"]).exists()


def test_a_members_own_rule_reaches_no_other_member(company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    company.sync()
    exclude(company, Kind.CALENDAR, address("ada"), own=True, by="ben")
    carry_out(company)
    assert stored_titles(company) == ["Plan"]


def test_what_comes_back_in_is_synced_anew(company: Company) -> None:
    company.insert("ben", meeting("Secret", MONDAY, 10, 60, "ben"))
    company.sync()
    exclusion = exclude(company, Kind.CALENDAR, address("ben"))
    carry_out(company)
    assert stored_titles(company) == []
    with company.inside():
        exclusions.remove(exclusion, by=company.member("ada"))
    company.sync()
    assert stored_titles(company) == ["Secret"]


def test_a_rule_of_another_organization_means_nothing_here(company: Company) -> None:
    company.insert("ben", meeting("Secret", MONDAY, 10, 60, "ben"))
    company.sync()
    with current.organization(company.other_organization_id):
        exclusions.add(Kind.CALENDAR, address("ben"), by=company.member("mallory"))
        assert exclusions.affected(Kind.CALENDAR, address("ben")) == []
    with current.acting_for(company.other_organization_id):
        purges.carry_out_all()
    company.sync()
    assert stored_titles(company) == ["Secret"]
    with company.inside():
        assert not CalendarExclusion.objects.exists()


def test_a_sync_that_lists_while_an_exclusion_commits_stores_nothing(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sync("ben")
    company.insert("ben", meeting("Secret", MONDAY, 10, 60, "ben"))
    page = CalendarClient.events_page

    def excluded_meanwhile(client: CalendarClient, *args: object, **kwargs: object) -> object:
        answer = page(client, *args, **kwargs)  # type: ignore[arg-type]
        if not done:
            done.append(True)
            exclude(company, Kind.CALENDAR, address("ben"))
            carry_out(company)
        return answer

    done: list[bool] = []
    monkeypatch.setattr(CalendarClient, "events_page", excluded_meanwhile)
    company.sync("ben")
    assert stored_titles(company) == []


def test_what_else_belongs_to_the_calendar_ends_with_it(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[tuple[object, bool]] = []
    monkeypatch.setattr(
        calendar_exclusions,
        "_leavings",
        [lambda calendar: ended.append((calendar.member_id, transaction.get_connection().in_atomic_block))],
    )
    company.sync()
    exclude(company, Kind.CALENDAR, address("ben"))
    carry_out(company)
    assert ended == [(company.ids["ben"], True)]


def test_the_sweep_finds_a_purge_whose_message_was_lost(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from celery import current_app

    from privacy import tasks as privacy_tasks

    company.sync()
    exclude(company, Kind.CALENDAR, address("ben"))
    monkeypatch.setitem(current_app.conf, "task_always_eager", True)
    privacy_tasks.sweep()
    with company.inside():
        assert not Purge.objects.filter(finished_at=None).exists()


def test_an_existing_exclusion_stays_in_force_when_the_plan_falls_and_only_editing_is_locked(company: Company) -> None:
    company.insert("ben", meeting("Secret", MONDAY, 10, 60, "ben"))
    company.sync()
    exclusion = exclude(company, Kind.CALENDAR, address("ben"))
    carry_out(company)
    with company.inside():
        Organization.objects.update(plan=Plan.FREE)
    company.google.log.clear()
    company.sync()

    assert stored_titles(company) == []
    assert requests_naming(company, "ben") == []
    with company.inside():
        ada = company.member("ada")
        with pytest.raises(FeatureLocked):
            exclusions.add(Kind.CALENDAR, address("ada"), by=ada)
        with pytest.raises(FeatureLocked):
            exclusions.remove(exclusion, by=ada)


def test_a_plan_that_has_run_out_is_free_and_loosens_nothing(company: Company) -> None:
    exclude(company, Kind.CALENDAR, address("ben"))
    with company.inside():
        Organization.objects.update(plan_ends_at=clock.now())
        with pytest.raises(FeatureLocked):
            exclusions.add(Kind.CALENDAR, address("ada"), by=company.member("ada"))
        assert exclusions.leaves_out(exclusions.rules_for(company.ids["chie"]), CalendarFacts(address("ben")))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nonsense", "x@y.example"),
        (Kind.CALENDAR, ""),
        (Kind.CALENDAR, "no address"),
        (Kind.NAME_PATTERN, "*"),
        (Kind.ADDRESS_PATTERN, "**"),
        (Kind.NAME_PATTERN, "a" * 400),
        (Kind.NAME_PATTERN, "a\nb"),
    ],
)
def test_a_pattern_that_means_nothing_or_everything_is_refused(company: Company, kind: str, text: str) -> None:
    with company.inside():
        with pytest.raises(BadPattern):
            exclusions.add(kind, text, by=company.member("ada"))
        assert not CalendarExclusion.objects.exists()


def test_the_same_rule_twice_is_one(company: Company) -> None:
    first = exclude(company, Kind.CALENDAR, address("ben"))
    assert exclude(company, Kind.CALENDAR, address("ben").upper()).pk == first.pk


def test_a_pattern_is_sealed(company: Company) -> None:
    exclude(company, Kind.NAME_PATTERN, "reorganisation*")
    from django.db import connection

    with company.inside(), connection.cursor() as cursor:
        cursor.execute("SELECT pattern FROM privacy_calendarexclusion")
        assert b"reorganisation" not in bytes(cursor.fetchone()[0])


def test_an_owners_rule_covers_the_calendars_in_their_list_as_owner() -> None:
    rule = Rule(Kind.OWNER, "ben@company.example")
    shared = "c_1@group.calendar.google.com"
    assert rule.matches(CalendarFacts(shared, owner="ben@company.example"))
    assert not rule.matches(CalendarFacts(shared, owner="ada@company.example"))


def test_the_connection_stays_when_its_calendar_goes(company: Company) -> None:
    company.sync()
    exclude(company, Kind.CALENDAR, address("ben"))
    carry_out(company)
    assert company.connection("ben").state == GoogleConnection.State.ACTIVE
