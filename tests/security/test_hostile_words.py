"""Words that strangers wrote are harmless wherever they go: pages, programs, spreadsheets, calendars, mail."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from html.parser import HTMLParser
from typing import Any

import icalendar
import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from calendars.models import Event
from clockwise import clock, harmless
from clockwise.audit import heads
from clockwise.google.event import GoogleEvent, parse_event
from clockwise.organizations import members, receipts, tokens
from clockwise.organizations.models import Member
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from privacy import export
from tests import browser_trip
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.organizations import Pair
from tests.security.endpoints import sign_in

MARKUP = [
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "<svg/onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "<!--",
    "]]>",
]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\ufeff=1", "\uff1d1", "\0=1"]


class _Elements(HTMLParser):
    """The elements of a page with their attributes, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def dangers(page: str) -> list[str]:
    """Elements and attributes that run something, or that lead to what does."""
    bad = []
    for tag, attributes in _Elements(page).found:
        if tag == "script" and not (attributes.get("src") or "").startswith("/static/"):
            bad.append(tag)
        bad += [name for name in attributes if name.startswith("on")]
        values = [value for value in attributes.values() if value]
        bad += [value for value in values if value.lower().lstrip().startswith("javascript:")]
        if tag in {"iframe", "object", "embed", "base", "img"}:
            bad.append(tag)
    return bad


def test_control_the_search_finds_what_would_run() -> None:
    page = "<script>1</script><img src=x onerror=1><a href=' javascript:1'>x</a><base href=/>"

    assert dangers(page) == ["script", "onerror", "img", " javascript:1", "base"]


@pytest.fixture
def hostile(company: Company) -> Company:
    """Guest names, titles and places of all kinds in Ada's week, written by somebody else in Google."""
    for hour, words in enumerate(MARKUP):
        body = meeting(words, MONDAY, 8 + hour, 30, "ada", location=words, description=words)
        body["attendees"][0]["displayName"] = words
        company.insert("ben", body)
    company.sync()
    return company


def test_pages_show_a_strangers_words_and_run_none_of_them(hostile: Company, client: Client) -> None:
    with clock.stopped(SUNDAY_NOON):
        browser_trip.sign_in(client, address("ada"))
        pages = [client.get(f"/?week={MONDAY:%Y-%m-%d}").content.decode()]
        with hostile.inside():
            ids = list(Event.objects.filter(member=hostile.ids["ada"]).values_list("pk", flat=True))
        pages += [client.get(f"/events/{event_id}").content.decode() for event_id in ids]

    assert len(pages) == len(MARKUP) + 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in "".join(pages)
    assert [found for page in pages for found in dangers(page)] == []


def test_a_hostile_name_runs_nothing_in_the_console(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        for number, words in enumerate(MARKUP):
            members.add(address=f"m{number}@company.example", name=words)
    browser = Client()
    with current.organization(pair.organization_id):
        sign_in(browser, pair.ada)

    pages = [browser.get(path).content.decode() for path in ("/organization/members/", "/organization/audit/")]

    assert "&lt;svg/onload=alert(1)&gt;" in pages[0]
    assert [found for page in pages for found in dangers(page)] == []


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert harmless.cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["plain", "1-1", "a=b", "", "(=1)", "2027-03-01"])
def test_a_cell_that_nothing_would_compute_stays_as_it_is(text: str) -> None:
    assert harmless.cell(text) == text


def test_the_audit_logs_csv_defuses_a_persons_name(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        member = members.add(address="x@company.example", name='=HYPERLINK("http://evil.example")', role=Role.ADMIN)
        sign_in(browser := Client(), member)

    rows = list(csv.reader(io.StringIO(browser.post("/organization/audit/csv").content.decode())))

    cells = [cell for row in rows for cell in row]
    assert '\'=HYPERLINK("http://evil.example")' in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def bundle_of(company: Company, name: str) -> zipfile.ZipFile:
    with company.inside():
        return zipfile.ZipFile(io.BytesIO(export.bundle(company.ids[name])))


def with_details(company: Company, **changes: Any) -> None:
    """As if Google had sent it: stored without passing through its client."""
    company.insert("ben", meeting("Talk", MONDAY, 9, 30, "ada"))
    company.sync("ada")
    with company.inside():
        event = Event.objects.select_related("calendar").get(member=company.ids["ada"])
        event.details = replace(event.details, **changes)
        event.save(update_fields=["details"])


def test_an_exports_calendar_has_no_line_of_a_strangers(company: Company) -> None:
    hostile = "x@y.example\r\nATTENDEE:mailto:evil@evil.example\r\nBEGIN:VEVENT"
    with_details(
        company, title=hostile, location=hostile, description=hostile, organizer=hostile, conference_link=hostile
    )

    text = bundle_of(company, "ada").read("events.ics")

    assert b"\r\nATTENDEE:mailto:evil" not in text
    [event] = icalendar.Calendar.from_ical(text).walk("VEVENT")
    assert str(event["summary"]) == hostile.replace("\r\n", "\n")


def test_an_exports_tables_have_no_formula(company: Company) -> None:
    with_details(company, title='=cmd|"/c calc"!A1')

    archive = bundle_of(company, "ada")
    cells = [
        cell
        for name in archive.namelist()
        if name.endswith(".csv")
        for row in csv.reader(io.StringIO(archive.read(name).decode()))
        for cell in row
    ]

    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "@"))]
    assert "=cmd" in json.dumps(json.loads(archive.read("everything.json")))


def test_a_program_gets_a_strangers_words_as_json(hostile: Company) -> None:
    with hostile.inside():
        secret = tokens.create(hostile.member("ada"), scopes={"read"})
    span = {"start": f"{MONDAY}T00:00:00Z", "end": f"{MONDAY + timedelta(days=1)}T00:00:00Z"}
    answer = Client().get("/api/v1/events", span, headers={"Authorization": f"Bearer {secret}"})

    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    titles = {event["title"] for event in answer.json()["events"]}
    assert titles == set(MARKUP)


@pytest.mark.parametrize("text", ["a\u202eb", "\u2066\u202bx", "\u202a\u2067\u2068", "x\u202e\u202c\u202e"])
def test_a_text_turns_around_nothing_after_it(text: str) -> None:
    """Unicode's bidirectional algorithm (UAX #9): each opener has its closer within the text."""
    closed = harmless.own_direction(text)

    depth = sum(closed.count(opener) for opener in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
    assert depth == sum(closed.count(closer) for closer in "\u202c\u2069")
    assert closed.startswith(text)


def test_a_text_closes_nothing_around_it() -> None:
    assert harmless.own_direction("a\u202c\u2069b") == "ab"
    assert harmless.own_direction("\u05e9\u05dc\u05d5\u05dd") == "\u05e9\u05dc\u05d5\u05dd"


def test_what_is_opened_around_an_isolate_is_closed_after_it() -> None:
    """UAX #9, X7: a pop inside of an isolate ends nothing that was opened outside, so that both are still open."""
    assert harmless.own_direction("\u202e\u2066\u202cx") == "\u202e\u2066x\u2069\u202c"
    assert harmless.own_direction("\u2066\u202ex\u2069y") == "\u2066\u202ex\u2069y"


def test_an_events_words_come_in_with_their_own_direction() -> None:
    item = {
        "id": "e1",
        "etag": '"1"',
        "status": "confirmed",
        "summary": "Plan \u202egnitirw",
        "start": {"dateTime": "2027-03-01T10:00:00Z"},
        "end": {"dateTime": "2027-03-01T11:00:00Z"},
        "attendees": [{"email": "x@y.example", "displayName": "\u202ex"}],
    }
    event = parse_event(item, calendar_time_zone="UTC")

    assert isinstance(event, GoogleEvent)
    assert event.summary.endswith("\u202c")
    assert event.attendees[0].name == "\u202ex\u202c"


def test_a_mail_has_no_header_of_a_strangers(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        ada = Member.objects.get(pk=pair.ada.pk)
        ada.details = type(ada.details)(address="ada@company.example\nBcc: evil@evil.example", name="x", subject="1001")
        ada.save(update_fields=["details"])
    heads.sign_next()

    assert receipts.mail_all() == 1
    assert [sent.to for sent in mail.outbox] == [["mallory@mallory.example"]]


def test_a_receipt_holds_no_word_of_anybody(pair: Pair) -> None:
    heads.sign_next()
    receipts.mail_all()

    assert len(mail.outbox) == 2
    for sent in mail.outbox:
        assert isinstance(sent, EmailMessage)
        headers = message_from_bytes(sent.message().as_bytes())
        assert headers["Subject"] == "Receipt of the audit log"
        assert "Company" not in sent.body
