"""What an organization shuts out is never asked for, never stored, and erased where it was stored."""

from dataclasses import replace

import pytest

from calendars import delivery, outbox
from calendars.models import Event, OutboxWrite
from calendars.shut_out import FIELDS
from clockwise.audit.models import AuditEntry
from clockwise.google.client import CalendarClient
from clockwise.google.fields import event_fields
from clockwise.organizations.models import Organization
from clockwise.organizations.plans import FeatureLocked, Plan
from clockwise.tenancy.models import time_ordered_id
from privacy import processing, purges
from privacy.models import Purge
from tests.company import MONDAY, Company, address, meeting

TEXTS = {
    "description": "Canary words",
    "location": "Canary street 1",
}
GOOGLE_NAMES = {
    "descriptions": ["description"],
    "locations": ["location"],
    "conference_links": ["hangoutLink", "conferenceData"],
    "attendees": ["attendees", "attendeesOmitted", "email"],
    "titles": ["summary"],
}


def set_part(company: Company, name: str, *, allowed: bool) -> None:
    with company.inside():
        by = company.ids["ada"]
        if allowed:
            processing.let_in(name, by=by)
        else:
            processing.shut_out(name, by=by)


def carry_out(company: Company) -> None:
    with company.acting():
        purges.carry_out_all()


def filled(company: Company) -> str:
    """A meeting with every kind of text, synced with all of them let in."""
    set_part(company, "descriptions", allowed=True)
    google_id = company.insert("ada", meeting("Canary title", MONDAY, 10, 60, "ada", "ben", **TEXTS))
    company.sync("ada")
    with company.inside():
        event = company.event("ada", google_id)
        event.details = replace(event.details, conference_link="https://meet.example/canary-link")
        event.save()
    return google_id


def masks(company: Company) -> list[str]:
    return [entry["query"]["fields"] for entry in company.google.log if "/events" in entry["path"]]


def test_a_part_has_fields_here_and_names_at_google() -> None:
    names = {part.name for part in processing.PARTS}
    assert names == set(FIELDS) == set(GOOGLE_NAMES)


@pytest.mark.parametrize("part", [part.name for part in processing.PARTS])
def test_a_part_that_is_shut_out_is_in_no_mask(part: str) -> None:
    everything = {part.name: True for part in processing.PARTS}
    words = event_fields(**{**everything, part: False})
    assert all(name not in words.replace("displayName", "") for name in GOOGLE_NAMES[part])
    assert all(name in event_fields(**everything) for name in GOOGLE_NAMES[part])


def test_attachments_are_never_asked_for() -> None:
    assert "attachments" not in event_fields(**{part.name: True for part in processing.PARTS})


@pytest.mark.parametrize("part", [part.name for part in processing.PARTS])
def test_shutting_a_part_out_erases_what_is_stored_and_counts_it(company: Company, part: str) -> None:
    google_id = filled(company)
    with company.inside():
        assert processing.stored(part) == 1
    set_part(company, part, allowed=False)
    carry_out(company)

    with company.inside():
        details = company.event("ada", google_id).details
        assert all(not getattr(details, name) for name in FIELDS[part])
        kept = [n for other, names in FIELDS.items() if other != part for n in names]
        assert all(getattr(details, name) for name in kept)
        assert processing.stored(part) == 0
        [purge] = Purge.objects.filter(cause=Purge.Cause.PROCESSING)
        assert purge.counts == {part: 1}
    company.google.log.clear()
    company.sync("ada")
    with company.inside():
        assert processing.stored(part) == 0
    assert masks(company)
    assert all(name not in mask.replace("displayName", "") for mask in masks(company) for name in GOOGLE_NAMES[part])


def test_nothing_is_fetched_back_until_it_is_let_in_again(company: Company) -> None:
    google_id = filled(company)
    set_part(company, "descriptions", allowed=False)
    carry_out(company)
    company.sync("ada")
    with company.inside():
        assert company.event("ada", google_id).details.description == ""
    set_part(company, "descriptions", allowed=True)
    company.sync("ada")
    with company.inside():
        assert company.event("ada", google_id).details.description == TEXTS["description"]


def test_a_sync_that_asked_under_the_old_setting_stores_nothing_of_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    google_id = filled(company)
    page = CalendarClient.events_page
    done: list[bool] = []

    def changed_meanwhile(client: CalendarClient, *args: object, **kwargs: object) -> object:
        answer = page(client, *args, **kwargs)  # type: ignore[arg-type]
        if not done:
            done.append(True)
            set_part(company, "descriptions", allowed=False)
            carry_out(company)
        return answer

    monkeypatch.setattr(CalendarClient, "events_page", changed_meanwhile)
    company.google.expire_sync_tokens()
    company.sync("ada")
    with company.inside():
        assert company.event("ada", google_id).details.description == ""


def test_a_write_whose_answer_comes_late_brings_nothing_back(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    google_id = filled(company)
    decide_move(company, google_id, minutes=15)
    patch = CalendarClient.patch_event

    def changed_meanwhile(client: CalendarClient, *args: object, **kwargs: object) -> object:
        answer = patch(client, *args, **kwargs)  # type: ignore[arg-type]
        set_part(company, "descriptions", allowed=False)
        carry_out(company)
        return answer

    monkeypatch.setattr(CalendarClient, "patch_event", changed_meanwhile)
    deliver(company)
    with company.inside():
        assert company.event("ada", google_id).details.description == ""


def decide_move(company: Company, google_id: str, *, minutes: int) -> None:
    from datetime import timedelta

    with company.inside():
        event = company.event("ada", google_id)
        shift = timedelta(minutes=minutes)
        start, end = event.start + shift, event.end + shift
        outbox.add([outbox.patch(event, start=start, end=end, purpose="test", purpose_id=time_ordered_id())])


def deliver(company: Company) -> None:
    with company.acting():
        delivery.deliver()


@pytest.mark.parametrize("moves", [20, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_goal_22_every_move_leaves_googles_text_as_it_is(company: Company, moves: int) -> None:
    text = {**TEXTS, "description": "Zeile 1\r\n<b>bold</b>\t\N{PILE OF POO} e\u0301 \u200b trailing  "}
    google_id = company.insert("ada", meeting("  Títle \N{PILE OF POO}  ", MONDAY, 10, 60, "ada", "ben", **text))
    company.sync()
    before = company.google.event(address("ada"), google_id)
    for number in range(moves):
        decide_move(company, google_id, minutes=5 if number % 2 else -5)
        deliver(company)
    decide_move(company, google_id, minutes=0)
    company.google.log.clear()
    deliver(company)

    after = company.google.event(address("ada"), google_id)
    changing = {"etag", "updated", "sequence", "start", "end"}
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert after["start"]["dateTime"][:16] == before["start"]["dateTime"][:16]
    assert all("description" not in mask for mask in masks(company))


def test_a_plan_without_the_feature_keeps_the_setting_and_locks_it(company: Company) -> None:
    google_id = filled(company)
    set_part(company, "descriptions", allowed=False)
    carry_out(company)
    with company.inside():
        Organization.objects.update(plan=Plan.BUSINESS)
    with pytest.raises(FeatureLocked):
        set_part(company, "descriptions", allowed=True)
    company.sync("ada")
    with company.inside():
        assert company.event("ada", google_id).details.description == ""


def test_an_unknown_part_is_refused(company: Company) -> None:
    with pytest.raises(processing.UnknownPart):
        set_part(company, "organization_id", allowed=False)


def test_both_decisions_are_in_the_audit_log(company: Company) -> None:
    set_part(company, "descriptions", allowed=True)
    set_part(company, "descriptions", allowed=False)
    with company.inside():
        entries = AuditEntry.objects.filter(action="privacy.processing_changed").order_by("at", "id")
        assert [entry.body.facts for entry in entries] == [
            {"part": "descriptions", "allowed": True},
            {"part": "descriptions", "allowed": False},
        ]


def test_queued_writes_hold_no_text_of_google(company: Company) -> None:
    google_id = filled(company)
    decide_move(company, google_id, minutes=15)
    with company.inside():
        assert set(OutboxWrite.objects.get().body.body) == {"start", "end"}
        assert Event.objects.filter(google_id=google_id).exists()
