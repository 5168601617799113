"""Push channels: what wakes a sync, what doesn't, and that they are renewed and stopped."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from celery import Task
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from calendars import connections, tasks, wake_ups
from calendars.emulator.push import Push
from calendars.models import Calendar, Channel, Event
from calendars.sync import calendar as one_calendar
from calendars.sync import calendar_list, channels, pace
from clockwise import clock
from clockwise.google.client import CalendarClient
from clockwise.organizations import access
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current, messages
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting

Woken = list[tuple[str, str, timedelta]]
ENDPOINT = "/integrations/google/push"


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Woken:
    found: Woken = []

    def wake(task: Task[..., Any], *arguments: object, after: timedelta = timedelta()) -> None:
        found.append((str(task.name).removeprefix("calendars."), str(arguments[0]) if arguments else "", after))

    monkeypatch.setattr(messages, "wake", wake)
    return found


@pytest.fixture(autouse=True)
def no_web_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's messages are the tests' own to send: `deliver`."""
    monkeypatch.setattr(Push, "_send", lambda *_: None)


def tend(company: Company, *names: str) -> None:
    for name in names or ("ada",):
        with company.acting():
            tasks.tend_channels(str(company.connection(name).pk))


def channel_of(company: Company, name: str, resource: str = "events") -> Channel:
    with company.inside():
        mine = Channel.objects.select_related("calendar").filter(member=company.ids[name], resource=resource)
        return mine.order_by("-opened_at").first() or pytest.fail("no channel")


def headers_for(company: Company, channel: Channel, **changed: str) -> dict[str, str]:
    at_google = company.google.state.channels[str(channel.pk)]
    return company.google.push._headers(at_google, "exists", 7) | changed


def deliver(headers: dict[str, str]) -> int:
    return Client().post(ENDPOINT, b"", content_type="application/json", headers=headers).status_code


@pytest.fixture
def channel(company: Company, woken: Woken) -> Channel:
    """Ada's calendar is synced, watched and heard."""
    company.sync()
    tend(company)
    made = channel_of(company, "ada")
    assert deliver(headers_for(company, made, **{"X-Goog-Resource-State": "sync"})) == 204
    with company.acting():
        tasks.sync_calendar(str(made.calendar_id))
    with company.inside():
        Calendar.objects.update(synced_at=SUNDAY_NOON - timedelta(minutes=1))  # no burst: the clock stands
    woken.clear()
    return made


def titles(company: Company, name: str) -> list[str]:
    with company.inside():
        return [event.details.title for event in Event.objects.filter(member=company.ids[name]).order_by("start")]


def test_a_message_brings_what_changed(company: Company, channel: Channel, woken: Woken) -> None:
    company.insert("ada", meeting("New", MONDAY, 10, 30, "ada"))
    assert deliver(headers_for(company, channel)) == 204
    assert woken == [("sync_calendar", str(channel.calendar_id), timedelta())]
    with company.acting():
        tasks.sync_calendar(str(channel.calendar_id))
    assert titles(company, "ada") == ["New"]


def test_messages_in_the_wrong_order_lose_nothing(company: Company, channel: Channel, woken: Woken) -> None:
    """P4: a number says nothing; any message is a wake-up."""
    company.insert("ada", meeting("First", MONDAY, 10, 30, "ada"))
    late = headers_for(company, channel, **{"X-Goog-Message-Number": "8"})
    company.insert("ada", meeting("Second", MONDAY, 11, 30, "ada"))
    assert deliver(headers_for(company, channel, **{"X-Goog-Message-Number": "9"})) == 204
    with company.acting():
        tasks.sync_calendar(str(channel.calendar_id))
    assert titles(company, "ada") == ["First", "Second"]

    company.insert("ada", meeting("Third", MONDAY, 12, 30, "ada"))
    woken.clear()
    assert deliver(late) == 204
    assert [name for name, *_ in woken] == ["sync_calendar"]
    with company.acting():
        tasks.sync_calendar(str(channel.calendar_id))
    assert titles(company, "ada") == ["First", "Second", "Third"]


def test_a_channel_is_known_before_google_answers_the_watch(
    company: Company, woken: Woken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: the first message may overtake the answer."""
    company.sync("ada")
    answered: list[int] = []
    watch = CalendarClient.watch_events

    def message_overtakes_answer(client: CalendarClient, calendar_id: str, *, channel: dict[str, Any]) -> Any:
        answer = watch(client, calendar_id, channel=channel)
        at_google = company.google.state.channels[channel["id"]]
        answered.append(deliver(company.google.push._headers(at_google, "sync", 1)))
        return answer

    monkeypatch.setattr(CalendarClient, "watch_events", message_overtakes_answer)
    tend(company)
    assert answered == [204]
    assert channel_of(company, "ada").heard_at is not None


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("X-Goog-Channel-Token", "", 404),
        ("X-Goog-Channel-Token", "no.signature", 404),
        ("X-Goog-Channel-ID", "", 400),
        ("X-Goog-Channel-ID", "0198f5a1-7c3e-7bb4-9e55-3b1f0f3c9a10", 400),
        ("X-Goog-Resource-ID", "", 400),
        ("X-Goog-Resource-ID", "another", 404),
        ("X-Goog-Resource-ID", "x" * 5000, 400),
        ("X-Goog-Resource-State", "change", 400),
        ("X-Goog-Message-Number", "-1", 400),
        ("X-Goog-Message-Number", "many", 400),
        ("X-Goog-Resource-URI", "", 400),
        ("X-Goog-Resource-URI", "https://www.googleapis.com/calendar/v3/users/me/settings", 400),
        ("X-Goog-Resource-URI", "https://www.googleapis.com/calendar/v3/users/me/calendarList", 404),
        ("X-Goog-Channel-Expiration", "soon", 400),
    ],
)
def test_a_message_with_a_wrong_header_wakes_nobody(
    company: Company, channel: Channel, woken: Woken, header: str, value: str, status: int
) -> None:
    assert deliver(headers_for(company, channel, **{header: value})) == status
    assert woken == []


def test_only_google_posts_and_it_needs_no_session(company: Company, channel: Channel) -> None:
    assert Client().get(ENDPOINT).status_code == 405
    assert Client(enforce_csrf_checks=True).post(ENDPOINT, headers=headers_for(company, channel)).status_code == 204


def test_a_forged_token_costs_no_query(company: Company, channel: Channel) -> None:
    forged = headers_for(company, channel)
    text = forged["X-Goog-Channel-Token"]
    forged["X-Goog-Channel-Token"] = text[:-1] + ("A" if text[-1] != "A" else "B")
    with CaptureQueriesContext(connection) as queries:
        assert [deliver(forged) for _ in range(20)] == [404] * 20
    assert len(queries) == 0


def test_another_organizations_channel_is_unknown_to_a_token_for_ours(company: Company, channel: Channel) -> None:
    """The organization is signed into the token: nobody can carry a channel over."""
    channel.organization_id = company.other_organization_id
    elsewhere = channels.token_of(channel)
    assert deliver(headers_for(company, channel, **{"X-Goog-Channel-Token": elsewhere})) == 404


def test_a_burst_of_messages_sends_for_one_worker(company: Company, channel: Channel, woken: Woken) -> None:
    for number in range(20):
        headers = headers_for(company, channel, **{"X-Goog-Message-Number": str(number)})
        assert deliver(headers) == 204
    assert len(woken) == 1
    company.google.log.clear()
    with company.acting():
        for _ in range(3):
            tasks.sync_calendar(str(channel.calendar_id))
    assert len([entry for entry in company.google.log if entry["path"].endswith("/events")]) == 1


def test_a_message_right_after_a_sync_waits_for_more_of_its_burst(
    company: Company, channel: Channel, woken: Woken
) -> None:
    with company.inside():
        Calendar.objects.update(synced_at=SUNDAY_NOON)
    deliver(headers_for(company, channel))
    assert woken == [("sync_calendar", str(channel.calendar_id), wake_ups.QUIET)]


def test_a_message_in_the_middle_of_a_sync_is_answered_by_another_one(
    company: Company, channel: Channel, woken: Woken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4: "dirty again"."""
    page = CalendarClient.events_page

    def change_under_way(client: CalendarClient, *args: Any, **kwargs: Any) -> Any:
        answer = page(client, *args, **kwargs)
        if not company.google.state.calendars[address("ada")].events:
            company.insert("ada", meeting("Late", MONDAY, 10, 30, "ada"))
            deliver(headers_for(company, channel))
        return answer

    deliver(headers_for(company, channel))
    woken.clear()
    monkeypatch.setattr(CalendarClient, "events_page", change_under_way)
    with company.acting():
        tasks.sync_calendar(str(channel.calendar_id))
        assert titles(company, "ada") == []
        assert woken == [("sync_calendar", str(channel.calendar_id), wake_ups.QUIET)]
        tasks.sync_calendar(str(channel.calendar_id))
    assert titles(company, "ada") == ["Late"]


def test_who_finds_the_calendar_being_synced_comes_back_in_a_moment(
    company: Company, channel: Channel, woken: Woken, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[bool] = []
    page = CalendarClient.events_page

    def second_worker_comes(client: CalendarClient, *args: Any, **kwargs: Any) -> Any:
        if not outcomes:
            with company.inside():
                wake_ups.note(company.calendar("ada"))
            outcomes.append(one_calendar.refresh(UUID(str(channel.calendar_id))))
        return page(client, *args, **kwargs)

    deliver(headers_for(company, channel))
    monkeypatch.setattr(CalendarClient, "events_page", second_worker_comes)
    with company.acting():
        assert one_calendar.refresh(UUID(str(channel.calendar_id))) is True
    assert outcomes == [True]  # looks again in a moment


def test_a_lost_message_is_found_by_the_poll_and_the_channel_is_not_trusted_until_heard(
    company: Company, channel: Channel, woken: Woken
) -> None:
    """P7"""
    with company.inside():
        watched = company.calendar("ada").next_sync_at
    assert watched is not None
    assert watched >= SUNDAY_NOON + pace.WATCHED
    company.insert("ada", meeting("Unannounced", MONDAY, 10, 30, "ada"))
    with clock.stopped(SUNDAY_NOON + timedelta(hours=6)):
        tasks.sweep()
        assert ("sync_calendar", str(channel.calendar_id), timedelta()) in woken
        with company.acting():
            tasks.sync_calendar(str(channel.calendar_id))
    assert titles(company, "ada") == ["Unannounced"]
    with company.inside():
        soon = company.calendar("ada").next_sync_at
        assert soon is not None
        assert soon < SUNDAY_NOON + timedelta(hours=6, minutes=6)
    with clock.stopped(SUNDAY_NOON + timedelta(hours=6, minutes=1)):
        deliver(headers_for(company, channel))
        with company.inside():
            assert channels.heard().filter(calendar=company.calendar("ada")).exists()


def test_a_channel_that_was_never_heard_does_not_slow_the_polling(company: Company, woken: Woken) -> None:
    """An installation that Google can't reach: it takes the address all the same."""
    company.sync()
    tend(company)
    company.sync()
    with company.inside():
        soon = company.calendar("ada").next_sync_at
    assert soon is not None
    assert soon < SUNDAY_NOON + timedelta(minutes=6)


def test_a_channel_is_renewed_before_it_expires_with_an_overlap(company: Company, channel: Channel) -> None:
    """P5, P6"""
    with clock.stopped(SUNDAY_NOON + timedelta(days=5)):
        tend(company)
        assert channel_of(company, "ada").pk == channel.pk
    later = SUNDAY_NOON + timedelta(days=5.7)
    with clock.stopped(later):
        company.google.state.clock = later
        tend(company)
        new = channel_of(company, "ada")
        assert new.pk != channel.pk
        assert {str(new.pk), str(channel.pk)} < company.google.state.channels.keys()
        assert deliver(headers_for(company, channel)) == 204
        assert deliver(headers_for(company, new)) == 204
        tend(company)
        assert str(channel.pk) not in company.google.state.channels
    with company.inside():
        assert not Channel.objects.filter(pk=channel.pk).exists()
        assert Channel.objects.get(pk=new.pk).ended_at is None


def test_a_message_of_a_channel_that_ended_is_refused(company: Company, channel: Channel) -> None:
    headers = headers_for(company, channel)
    with clock.stopped(SUNDAY_NOON + timedelta(days=8)):
        assert deliver(headers) == 404


def test_a_calendar_that_google_will_not_watch_is_polled(company: Company, woken: Woken) -> None:
    """P8"""
    company.google.state.calendars[address("ada")].pushes = False
    company.sync("ada")
    company.google.log.clear()
    tend(company)
    tend(company)
    refused = channel_of(company, "ada")
    assert refused.refused_at is not None
    assert len([e for e in company.google.log if e["path"].endswith(f"{address('ada')}/events/watch")]) == 1
    with clock.stopped(SUNDAY_NOON + timedelta(days=7.1)):
        company.google.state.clock = SUNDAY_NOON + timedelta(days=7.1)
        company.google.state.calendars[address("ada")].pushes = True
        tend(company)
        assert channel_of(company, "ada").refused_at is None


def test_a_watch_whose_answer_is_lost_is_asked_for_again_unless_it_is_heard(company: Company, woken: Woken) -> None:
    company.sync("ada")
    company.google.faults.add({"match": {"path_regex": "/events/watch$"}, "fault": "drop_after_write"})
    tend(company)
    lost = channel_of(company, "ada")
    assert lost.resource_id == ""
    assert deliver(headers_for(company, lost)) == 204
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=11)):
        tend(company)
    assert channel_of(company, "ada").pk == lost.pk

    with company.inside():
        Channel.objects.filter(pk=lost.pk).update(resource_id="", heard_at=None)
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=11)):
        tend(company)
    assert channel_of(company, "ada").pk != lost.pk


def test_google_asking_for_patience_ends_the_round(company: Company, woken: Woken) -> None:
    company.sync("ada")
    company.google.faults.add({"match": {"path_regex": "watch$"}, "fault": "429", "times": 9})
    company.google.log.clear()
    tend(company)
    assert len([entry for entry in company.google.log if entry["path"].endswith("watch")]) == 1


def test_the_sweep_has_missing_channels_opened_and_no_more_once_they_are(company: Company, woken: Woken) -> None:
    company.sync()
    tasks.sweep()
    ada = str(company.connection("ada").pk)
    assert ("tend_channels", ada, timedelta()) in woken
    tend(company)
    woken.clear()
    tasks.sweep()
    assert ("tend_channels", ada, timedelta()) not in woken


def test_disconnecting_stops_the_channels_before_the_grant_is_revoked(company: Company, channel: Channel) -> None:
    """O10"""
    headers = headers_for(company, channel)
    company.google.log.clear()
    with company.acting():
        connections.disconnect(company.ids["ada"])
    paths = [entry["path"] for entry in company.google.log]
    assert [path.rsplit("/", 1)[-1] for path in paths] == ["stop", "stop", "revoke"]
    assert company.google.state.channels == {}
    assert deliver(headers) == 404
    with company.inside():
        assert not Channel.objects.exists()


def test_the_gate_makes_channels_deaf_at_once(company: Company, channel: Channel, woken: Woken) -> None:
    with company.inside():
        access.end(company.member("ada"), reason=Reason.ADMIN)
    assert deliver(headers_for(company, channel)) == 404
    assert woken == [("revoke_grant", str(company.connection("ada").pk), timedelta())]
    with company.acting():
        tasks.revoke_grant(str(company.connection("ada").pk))
    assert company.google.state.channels == {}


def test_a_revoked_grant_takes_its_channels_along(company: Company, channel: Channel) -> None:
    company.google.revoke(address("ada"))
    tend_all = Channel.objects.filter
    company.sync("ada")
    with company.inside():
        assert not tend_all(member=company.ids["ada"]).exists()


def test_a_change_of_the_calendar_list_is_told_too(company: Company, channel: Channel, woken: Woken) -> None:
    watching = channel_of(company, "ada", "calendarList")
    company.google.put_calendar(address("ada"), {"id": "side@group.example", "summary": "Side"})
    assert deliver(headers_for(company, watching)) == 204
    assert woken == [("sync_connection", str(company.connection("ada").pk), timedelta())]
    with company.acting():
        assert len(calendar_list.sync(company.connection("ada").pk)) == 2


@pytest.mark.parametrize(
    ("push_url", "base_url", "api_root", "expected"),
    [
        ("", "https://c.example", "https://www.googleapis.com/", "https://c.example" + ENDPOINT),
        ("https://p.example", "https://c.example", "https://www.googleapis.com/", "https://p.example" + ENDPOINT),
        ("none", "https://c.example", "https://www.googleapis.com/", None),
        ("", "http://127.0.0.1:8000", "https://www.googleapis.com/", None),
        ("", "http://127.0.0.1:8000", "http://127.0.0.1:9/", "http://127.0.0.1:8000" + ENDPOINT),
    ],
)
def test_google_sends_to_https_alone(
    settings: Any, push_url: str, base_url: str, api_root: str, expected: str | None
) -> None:
    settings.CLOCKWISE_PUSH_URL, settings.CLOCKWISE_BASE_URL = push_url, base_url
    settings.GOOGLE = {"GOOGLE_API_ROOT": api_root}
    assert channels.public_address() == expected


def test_without_an_address_no_channel_is_asked_for(company: Company, settings: Any, woken: Woken) -> None:
    settings.CLOCKWISE_PUSH_URL = "none"
    company.sync()
    tasks.sweep()
    tend(company)
    assert not [task for task, _, _ in woken if task == "tend_channels"]
    with company.inside():
        assert not Channel.objects.exists()


def test_a_visit_asks_for_news_unless_they_are_fresh(company: Company, woken: Woken) -> None:
    company.sync("ada")
    for minutes, expected in ((0.5, 0), (2, 1)):
        with clock.stopped(SUNDAY_NOON + timedelta(minutes=minutes)), current.organization(company.organization_id):
            wake_ups.note_visit(company.ids["ada"])
        assert len(woken) == expected
